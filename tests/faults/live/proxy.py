"""A TCP proxy on loopback that does to its flows what networks do; its generator comes in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import random

CHUNK_BYTES: Final = 16_384
DELAY_S_MAX: Final = 0.25
CUT_BYTES_MAX: Final = 3_000
BUFFER_BYTES: Final = 16_384
"""Small, so that a reader that stops is felt at once."""
_RST: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: close() sends RST instead of FIN."""


class Fault(StrEnum):
    """What the proxy does now."""

    PASS = "pass"
    DELAY = "delay"
    RESET = "reset"
    """Every flow is reset, also each new one."""
    HALF_OPEN = "half-open"
    """What either end says is swallowed; a flow that lost bytes so is reset when it is over."""
    SLOW_READER = "slow-reader"
    """Nothing is read: the ends' buffers fill."""
    TRUNCATED = "truncated"
    """Each flow ends after a random number of bytes, in the middle of a chunk."""


class _Flow:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter, cut: int) -> None:
        self.ends = (near, far)
        self.is_holed = False
        """Bytes of it were swallowed: it can't go on."""
        self.bytes_left = cut
        """Until a truncation cuts it."""

    def reset(self) -> None:
        """Close both ends with RST."""
        for end in self.ends:
            raw = end.transport.get_extra_info("socket")
            if raw is not None:
                with contextlib.suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            end.transport.abort()

    def close(self) -> None:
        """Close both ends after what was written."""
        for end in self.ends:
            end.close()


class Proxy:
    """Listens on a port of its own and forwards to `target`: `async with Proxy(port, rng)`."""

    def __init__(self, target: int, rng: random.Random) -> None:
        self._target = target
        self._rng = rng
        self._fault = Fault.PASS
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._flows: set[_Flow] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.opened_count = 0
        self.reset_count = 0
        self.cut_count = 0
        self.swallowed_bytes = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=BUFFER_BYTES)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._may_read.set()
        for flow in list(self._flows):
            flow.reset()
        while self._flows:  # noqa: ASYNC110 - each takes itself out at its end
            await asyncio.sleep(0.01)

    @property
    def flows_count(self) -> int:
        """Return how many flows are open."""
        return len(self._flows)

    def set(self, fault: Fault) -> None:
        """Begin a fault, or end it with PASS."""
        before, self._fault = self._fault, fault
        if fault is Fault.SLOW_READER:
            self._may_read.clear()
        else:
            self._may_read.set()
        for flow in list(self._flows):
            flow.bytes_left = self._draw_cut()
            if fault is Fault.RESET or (before is Fault.HALF_OPEN and flow.is_holed):
                self.reset_count += 1
                flow.reset()

    def _draw_cut(self) -> int:
        return self._rng.randrange(1, CUT_BYTES_MAX)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection(
                "127.0.0.1", self._target, limit=BUFFER_BYTES
            )
        except OSError:
            near.transport.abort()
            return
        flow = _Flow(near, far, self._draw_cut())
        self.opened_count += 1
        self._flows.add(flow)
        if self._fault is Fault.RESET:
            self.reset_count += 1
            flow.reset()
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(flow, reader, far))
                pumps.create_task(self._pump(flow, far_reader, near))
        finally:
            flow.close()
            for end in flow.ends:
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._flows.discard(flow)

    async def _pump(
        self, flow: _Flow, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one direction until it ends; an end of one is the end of both."""
        with contextlib.suppress(OSError):
            while data := await self._read(reader):
                if self._fault is Fault.HALF_OPEN or flow.is_holed:
                    flow.is_holed = True
                    self.swallowed_bytes += len(data)
                    continue
                if self._fault is Fault.DELAY:
                    await asyncio.sleep(self._rng.uniform(0, DELAY_S_MAX))
                if self._fault is Fault.TRUNCATED:
                    flow.bytes_left -= len(data)
                    if flow.bytes_left <= 0:
                        keep = max(0, min(len(data) - 1, len(data) + flow.bytes_left))
                        writer.write(data[:keep])
                        self.cut_count += 1
                        break
                writer.write(data)
                await writer.drain()
        if self._fault is Fault.HALF_OPEN or flow.is_holed:
            await self._stay_silent(flow)
        flow.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        await self._may_read.wait()
        data = await reader.read(CHUNK_BYTES)
        await self._may_read.wait()
        return data

    async def _stay_silent(self, flow: _Flow) -> None:
        """Hide from one end that the other went: no FIN crosses a hole."""
        flow.is_holed = True
        while self._fault is Fault.HALF_OPEN:  # noqa: ASYNC110 - faults change rarely
            await asyncio.sleep(0.02)
