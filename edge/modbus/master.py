"""A master: one request at a time on one line, writes before polls, whoever asks.

Whoever stops waiting does not stop the exchange: it runs to its end, and its answer goes nowhere.
So no answer is ever left on a line for the next request to find.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Never, Protocol

from edge.errors import BadReply, LinkLost, NoReply
from edge.modbus.pdu import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.modbus.pdu import Request


class ByteLine(Protocol):
    """A line as the wires of ours use it; every failure is LinkLost."""

    async def read(self, limit_s: float) -> bytes:
        """Return what has come, waiting at most so long."""

    async def rest(self, rest_s: float) -> None:
        """Let bytes gather for a while, where that costs less."""

    async def write(self, data: bytes) -> None:
        """Send everything."""

    def discard(self) -> bytes:
        """Forget what has come unasked, and return it."""


class Wire(Protocol):
    """A framing on a line."""

    is_echoing: bool | None
    """Whether what is sent comes back as well; None: not known yet."""

    def opened(self) -> None:
        """Forget what belonged to the connection before."""

    async def exchange(self, request: Request, *, timeout_s: float | None) -> bytes:
        """Return the PDU that answers. Raises NoReply, BadReply, Refused, LinkLost."""


@dataclass(slots=True)
class Counts:
    """What a line did since the start."""

    requests_count: int = 0
    timeouts_count: int = 0
    errors_count: int = 0
    """Answers that could not be believed."""
    refusals_count: int = 0
    """Modbus exceptions: the unit is there."""
    busy_s: float = 0.0
    busy_s_of: dict[int, float] = field(default_factory=dict)
    """By unit."""


@dataclass(slots=True, kw_only=True)
class _Job:
    request: Request
    timeout_s: float | None
    answer: asyncio.Future[bytes]


@dataclass(kw_only=True)
class Master:
    """Asks the units of one line."""

    wire: Wire
    clock: Callable[[], float]
    counts: Counts = field(default_factory=Counts)
    _urgent: deque[_Job] = field(default_factory=deque)
    _polls: deque[_Job] = field(default_factory=deque)
    """Bounded by who asks: a poller has one question open, and commands come one by one."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _is_open: bool = False

    @property
    def is_echo_known(self) -> bool:
        """Tell whether a write's answer can be told from its echo."""
        return self.wire.is_echoing is not None

    async def ask(
        self, request: Request, *, timeout_s: float | None = None, is_urgent: bool = False
    ) -> bytes:
        """Return the PDU that answers. Raises NoReply, BadReply, Refused, LinkLost."""
        if not self._is_open:
            raise LinkLost("the line is not open")
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        job = _Job(request=request, timeout_s=timeout_s, answer=answer)
        (self._urgent if is_urgent else self._polls).append(job)
        self._news.set()
        return await answer

    async def serve(self) -> Never:
        """Answer whoever asks, for as long as the line is there. Raises LinkLost."""
        self.wire.opened()
        self._is_open = True
        try:
            while True:
                job = await self._next()
                if not job.answer.done():  # Nobody waits any more: it is not even sent.
                    await self._do(job)
        finally:
            self._is_open = False
            for job in (*self._urgent, *self._polls):
                if not job.answer.done():
                    job.answer.set_exception(LinkLost("the line went away"))
            self._urgent.clear()
            self._polls.clear()

    async def _next(self) -> _Job:
        while not self._urgent and not self._polls:
            self._news.clear()
            await self._news.wait()
        return (self._urgent or self._polls).popleft()

    async def _do(self, job: _Job) -> None:
        self.counts.requests_count += 1
        began_s = self.clock()
        try:
            pdu = await self.wire.exchange(job.request, timeout_s=job.timeout_s)
        except (NoReply, BadReply) as error:
            self._count(error)
            if not job.answer.done():
                job.answer.set_exception(error)
        except (LinkLost, asyncio.CancelledError) as error:
            if not job.answer.done():
                job.answer.set_exception(LinkLost(str(error) or "the line was let go"))
            raise
        else:
            if not job.answer.done():
                job.answer.set_result(pdu)
        finally:
            took_s = self.clock() - began_s
            of, unit = self.counts.busy_s_of, job.request.unit
            self.counts.busy_s += took_s
            of[unit] = of.get(unit, 0.0) + took_s

    def _count(self, error: NoReply | BadReply) -> None:
        if isinstance(error, NoReply):
            self.counts.timeouts_count += 1
        elif isinstance(error, Refused):
            self.counts.refusals_count += 1
        else:
            self.counts.errors_count += 1
