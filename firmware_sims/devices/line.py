"""A serial line as firmware sees it: a pty that the edge opens by name, or a TCP listener.

A UART never waits for a reader, so nothing here blocks: bytes that nobody takes are dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator
    from pathlib import Path

BITS_PER_CHARACTER: Final = 10
"""8N1: start bit, eight data bits, stop bit."""
RECEIVED_BYTES_MAX: Final = 4096
UNSENT_BYTES_MAX: Final = 4096
CHUNK_BYTES: Final = 64
"""What a USB serial adapter hands over at once (full-speed bulk packet)."""


class Line:
    """The firmware's end of a line: timed bytes in, paced bytes out."""

    def __init__(self, *, baud: int, rng: random.Random, noise_ratio: float = 0.0) -> None:
        assert baud > 0
        assert 0 <= noise_ratio <= 1
        self.baud = baud
        self._rng = rng
        self._noise_ratio = noise_ratio
        self._received = bytearray()
        self._arrived = asyncio.Event()
        self._last_arrival_s = 0.0
        self.dropped_bytes_count = 0
        self._drain_to: int | None = None
        self._peer: asyncio.StreamWriter | None = None

    def wire_s(self, size: int) -> float:
        """Return how long `size` bytes take on the wire."""
        return size * BITS_PER_CHARACTER / self.baud

    @property
    def last_arrival_s(self) -> float:
        """Return the loop's time at which the last byte came in."""
        return self._last_arrival_s

    def receive(self, data: bytes) -> None:
        """Take bytes from the wire; what exceeds the FIFO is lost."""
        room = RECEIVED_BYTES_MAX - len(self._received)
        self.dropped_bytes_count += max(0, len(data) - room)
        self._received += data[:room]
        self._last_arrival_s = asyncio.get_running_loop().time()
        self._arrived.set()

    async def read(self, wait_s: float | None = None) -> bytes:
        """Return the bytes that have come in, b"" when none came within `wait_s`."""
        if not self._received:
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._arrived.wait()
        data = bytes(self._received)
        self._received.clear()
        return data

    async def send(self, data: bytes) -> None:
        """Put bytes on the wire; each chunk comes out when its last bit has been sent."""
        if self._rng.random() < self._noise_ratio:
            data = bytes([self._rng.randrange(256)]) + data
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            await asyncio.sleep(self.wire_s(len(chunk)))
            self._put(chunk)

    def _put(self, chunk: bytes) -> None:
        taken = 0
        if self._drain_to is not None:
            with contextlib.suppress(BlockingIOError):
                taken = os.write(self._drain_to, chunk)
        elif (
            self._peer is not None
            and not self._peer.is_closing()
            and self._peer.transport.get_write_buffer_size() < UNSENT_BYTES_MAX
        ):
            self._peer.write(chunk)
            taken = len(chunk)
        self.dropped_bytes_count += len(chunk) - taken

    @contextlib.asynccontextmanager
    async def on_pty(self, link: Path) -> AsyncIterator[None]:
        """Serve on a new pty that `link` names; the link goes when the context ends."""
        loop = asyncio.get_running_loop()
        # Our own slave descriptor keeps the pty alive while the edge closes and opens it.
        master, slave = os.openpty()
        try:
            tty.setraw(slave)
            os.set_blocking(master, False)
            target = os.ttyname(slave)
            _place_link(link, target)
            self._drain_to = master
            loop.add_reader(master, self._pty_is_readable, master)
            try:
                yield
            finally:
                loop.remove_reader(master)
                self._drain_to = None
                # Another simulator may have put its own link there since.
                with contextlib.suppress(OSError):
                    if str(link.readlink()) == target:
                        link.unlink()
        finally:
            os.close(master)
            os.close(slave)

    def _pty_is_readable(self, master: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self.receive(os.read(master, RECEIVED_BYTES_MAX))

    @contextlib.asynccontextmanager
    async def on_tcp(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve as a serial-to-TCP converter: the newest connection has it. Yields the port."""
        server = await asyncio.start_server(self._serve_peer, host, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            if self._peer is not None:
                self._peer.close()
                self._peer = None

    async def _serve_peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._peer is not None:
            self._peer.close()
        self._peer = writer
        try:
            while data := await reader.read(RECEIVED_BYTES_MAX):
                self.receive(data)
        except ConnectionError:
            pass  # The edge went away; the line waits for the next connection.
        finally:
            writer.close()
            if self._peer is writer:
                self._peer = None


class Firmware(Protocol):
    """What runs inside a serial device."""

    async def serve(self, line: Line) -> None:
        """Answer on the line for ever."""


def _place_link(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)  # In one step: an edge never meets a half-made name.
