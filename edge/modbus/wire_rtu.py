"""Exchanges over RTU, on a serial port or through a converter that carries its bytes over TCP.

RTU has no transaction numbers, so these rules make an answer believable:

- t3.5 of silence stands before each request, and after each answer before it is believed: a second
  frame right behind it means that two devices answer;
- a slave answers in order. After a question without its answer, the unit is first *sounded*: asked
  for so many registers that no answer it still owes has that size. Only then is it polled again.
  So an answer that comes late, however late, is never taken for that of another question;
- a write's answer looks like its echo. Whether the line echoes is learnt from a read, whose answer
  never looks like it; a line that echoes must give a write's bytes twice.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edge.errors import BadReply, NoReply
from edge.modbus import rtu
from edge.modbus.pdu import BUSY_CODES, Refused, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.modbus.master import ByteLine
    from edge.modbus.timing import LineTiming

TIMER_STEP_S: Final = 0.001
"""The event loop's timers are whole milliseconds, rounded up: a rest below that is slept here.

It holds the loop for less than a millisecond, and keeps a cycle within 2 % of what a wire allows.
"""
REST_MARGIN_S: Final = 0.006
"""A busy machine wakes late: so long before an answer is whole each byte wakes again."""
GAP_S_MAX: Final = 0.05
"""A pause within a frame: a USB adapter hands bytes over every 16 ms."""
DRAIN_SILENCE_S: Final = 0.03
DRAIN_S_MAX: Final = 1.0
LATE_S_MAX: Final = 30.0
"""A unit that has been silent for so long has forgotten what it was asked."""
OWED_COUNT_MAX: Final = 8
STRAYS_COUNT_MAX: Final = 4
SOUND_COUNT_MAX: Final = 8 * (OWED_COUNT_MAX + 2)
"""One more size than a unit can owe, in bits."""
HEARD_BYTES_MAX: Final = 4 * rtu.FRAME_BYTES_MAX
NOISE_BYTES_MAX: Final = rtu.FRAME_BYTES_MIN - 1
"""What is shorter can't be a frame: the driver's switching leaves such bytes."""
_READ_BITS: Final = frozenset({1, 2})


class BlockTooLong(NoReply):
    """A unit answers a shorter read and is silent at this one."""


@dataclass(slots=True)
class _Unit:
    """What is known of a unit's answers."""

    owed: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=OWED_COUNT_MAX))
    """Answers that it may still give, in order: the size of each PDU, and until when."""
    slowest_s: float = 0.0

    def sizes_owed(self, now_s: float) -> set[int]:
        while self.owed and self.owed[0][1] < now_s:
            self.owed.popleft()
        return {size for size, _ in self.owed}

    def has_paid(self, size: int) -> bool:
        """Strike off an answer that came late, and what stood before it; False: none was owed."""
        sizes = [one for one, _ in self.owed]
        if size not in sizes:
            return False
        for _ in range(sizes.index(size) + 1):
            self.owed.popleft()
        return True


@dataclass(slots=True, kw_only=True)
class _Heard:
    """What came after a request: `data[span]` is the answer, what stands before it is not."""

    data: bytes = b""
    start: int = 0
    """Where the echo ends."""
    span: tuple[int, int] = (0, 0)
    done_s: float = 0.0


@dataclass(kw_only=True)
class RtuWire:
    """One line with RTU frames."""

    line: ByteLine
    timing: LineTiming
    timeout_s: float
    clock: Callable[[], float]
    gap_s: float = 0.0
    """What stands before a request beyond t3.5, for slow units."""
    echo: bool | None = None
    """Whether the adapter echoes; None: learn it."""
    tap: Callable[[str, bytes], None] | None = None
    """Hears ("sent" or "heard", bytes), for a person who watches the bus."""
    strays: deque[int] = field(default_factory=lambda: deque(maxlen=STRAYS_COUNT_MAX))
    """Units that spoke unasked, oldest first; the bus's owner takes them off."""
    noise_bytes_count: int = 0
    late_count: int = 0
    is_echoing: bool | None = None
    _units: dict[int, _Unit] = field(default_factory=dict)
    _quiet_from_s: float = 0.0

    def opened(self) -> None:
        """Forget whether the adapter echoes; what units owe stays: they did not restart."""
        self.is_echoing = self.echo
        self._quiet_from_s = self.clock()

    async def exchange(self, request: Request, *, timeout_s: float | None) -> bytes:
        """Return the PDU that answers. Raises NoReply, BadReply, Refused, LinkLost."""
        unit = self._units.setdefault(request.unit, _Unit())
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        if not request.is_write and (sizes := unit.sizes_owed(self.clock())):
            await self._sound(request, unit, sizes, limit_s)
            try:
                return await self._transact(request, unit, limit_s)
            except NoReply as error:
                message = f"unit {request.unit} answers a shorter read, and is silent at this one"
                raise BlockTooLong(message) from error
        return await self._transact(request, unit, limit_s)

    def slowest_s(self, unit: int) -> float:
        """Return how long a unit took at most to begin an answer; 0 when it never did."""
        known = self._units.get(unit)
        return known.slowest_s if known else 0.0

    async def _sound(self, request: Request, unit: _Unit, sizes: set[int], limit_s: float) -> None:
        step = 8 if request.function in _READ_BITS else 1
        probes = (same_start(request, count) for count in range(1, SOUND_COUNT_MAX, step))
        probe = next(one for one in probes if one.reply_bytes not in sizes)
        try:
            await self._transact(probe, unit, limit_s)
        except Refused as refused:
            if refused.code in BUSY_CODES:
                raise
            unit.owed.clear()  # It spoke, and in order.

    async def _transact(self, request: Request, unit: _Unit, limit_s: float) -> bytes:
        self._note_strays(await self._quiet(self.gap_s))
        sent = rtu.frame(request)
        await self.line.write(sent)
        sent_s = self._quiet_from_s = self.clock() + self.timing.wire_s(len(sent))
        self._tell("sent", sent)
        try:
            pdu = await self._answer(request, sent, unit, sent_s=sent_s, limit_s=limit_s)
        except Refused:
            raise
        except (NoReply, BadReply) as error:
            unit.owed.append((request.reply_bytes, self.clock() + LATE_S_MAX))
            if isinstance(error, BadReply):
                await self._drain()
            raise
        unit.owed.clear()
        return pdu

    async def _answer(
        self, request: Request, sent: bytes, unit: _Unit, *, sent_s: float, limit_s: float
    ) -> bytes:
        heard = await self._gather(request, sent, sent_s, limit_s)
        before, (begin, end) = heard.data[heard.start : heard.span[0]], heard.span
        trailing = heard.data[end:] + await self._quiet()
        if len(trailing) > NOISE_BYTES_MAX:
            text = trailing[:16].hex(" ").upper()
            raise BadReply(
                f"unit {request.unit}: {text} follows the answer: two devices on one address?"
            )
        self.noise_bytes_count += len(trailing)
        self._note_strays(before)
        if not request.is_write and begin <= NOISE_BYTES_MAX and self.echo is None:
            self.is_echoing = False
        took_s = heard.done_s - self.timing.wire_s(end - begin) - sent_s
        unit.slowest_s = max(unit.slowest_s, took_s)
        return rtu.reply_of(heard.data, heard.span, request)

    async def _gather(self, request: Request, sent: bytes, sent_s: float, limit_s: float) -> _Heard:
        """Listen until the answer is whole. Raises NoReply, BadReply."""
        heard = _Heard()
        silent_end_s = sent_s + limit_s
        answer_bytes = rtu.AROUND_BYTES + request.reply_bytes
        end_s = silent_end_s + self.timing.wire_s(answer_bytes)
        while len(heard.data) <= HEARD_BYTES_MAX:
            rest_s = (end_s if len(heard.data) > heard.start else silent_end_s) - self.clock()
            if rest_s <= 0:
                break
            # A whole frame that is not the answer, and then nothing: nothing else will come.
            is_foul = rtu.is_frame(heard.data[heard.start :])
            more = await self.line.read(min(rest_s, GAP_S_MAX) if is_foul else rest_s)
            if not more and is_foul:
                break
            if not more:
                continue
            heard.done_s = self._quiet_from_s = self.clock()
            heard.data += more
            echo_end = self._echo_end(request, sent, heard.data)
            if echo_end is None:
                continue
            heard.start = echo_end
            if span := rtu.find(heard.data, request, start=echo_end):
                heard.span = span
                self._tell("heard", heard.data)
                return heard
            if heard.data[echo_end : echo_end + 2] == sent[:2]:  # Unit and function: it comes.
                await self._rest(answer_bytes - len(heard.data) + echo_end)
        self._tell("heard", heard.data)
        if rest := heard.data[heard.start :]:
            raise rtu.explain(rest, request)
        raise NoReply(f"unit {request.unit} did not answer within {limit_s:g} s")

    async def _rest(self, size: int) -> None:
        """Let so many bytes gather, and be awake again before the last of them."""
        await self.line.rest(self.timing.wire_s(size) - REST_MARGIN_S)

    def _echo_end(self, request: Request, sent: bytes, data: bytes) -> int | None:
        """Return where the echo ends, 0 without one; None while a write's echo is not whole."""
        at = data.find(sent)
        if not request.is_write:
            if at == 0:
                self.is_echoing = True
            return len(sent) if at == 0 else 0
        if self.is_echoing is False:
            return 0
        # Not learnt yet counts as echoing: one copy alone then proves nothing.
        return at + len(sent) if at >= 0 else None

    async def _quiet(self, extra_s: float = 0.0) -> bytes:
        """Wait until t3.5 and `extra_s` were silent; return what came. Raises BadReply."""
        heard = b""
        end_s = self.clock() + DRAIN_S_MAX
        while True:
            if more := self.line.discard():
                heard += more
                self._quiet_from_s = self.clock()
            now_s = self.clock()
            rest_s = self._quiet_from_s + self.timing.silence_s + extra_s - now_s
            if rest_s <= 0:
                return heard
            if now_s > end_s or len(heard) > HEARD_BYTES_MAX:
                raise BadReply("the line is never silent: a device that streams, or noise")
            if rest_s <= TIMER_STEP_S:
                _pause(rest_s)
                continue
            if more := await self.line.read(rest_s - TIMER_STEP_S):
                heard += more
                self._quiet_from_s = self.clock()

    async def _drain(self) -> None:
        """Read until nothing has come for a while: what comes late ends here."""
        end_s = self.clock() + DRAIN_S_MAX
        silence_s = max(DRAIN_SILENCE_S, self.timing.silence_s)
        while self.clock() < end_s:
            more = await self.line.read(silence_s)
            if not more:
                return
            self._quiet_from_s = self.clock()
            self._note_strays(more)

    def _note_strays(self, data: bytes) -> None:
        """Strike a late answer off what its unit owes; note a unit that spoke unasked."""
        if not rtu.is_frame(data):
            self.noise_bytes_count += len(data)
            return
        unit = self._units.get(data[0])
        if unit is not None and unit.has_paid(len(data) - rtu.AROUND_BYTES):
            self.late_count += 1
        else:
            self.strays.append(data[0])

    def _tell(self, what: str, data: bytes) -> None:
        if self.tap and data:
            self.tap(what, data)


def same_start(request: Request, count: int) -> Request:
    """Return the read of `count` registers or bits where `request` begins."""
    size = -(-count // 8) if request.function in _READ_BITS else 2 * count
    pdu = request.pdu[:3] + struct.pack(">H", count)
    return Request(unit=request.unit, pdu=pdu, reply_bytes=2 + size)


def _pause(rest_s: float) -> None:
    time.sleep(rest_s)
