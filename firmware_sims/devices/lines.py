"""Serial lines of simulated devices: a pty with a link below DATA/dev, or a TCP port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ_BYTES: Final = 4_096
UNREAD_BYTES_MAX: Final = 16_384
"""A UART drops what nobody takes."""


class Line(Protocol):
    """Bytes both ways; output that nobody reads is dropped."""

    def open(self, received: Callable[[bytes], None]) -> None:
        """Begin to serve."""

    def write(self, data: bytes) -> None:
        """Send, as far as somebody listens."""

    def close(self) -> None:
        """End."""


class PtyLine:
    """The master side of a pty; the slave's path is linked where the site file names it."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)  # The slave stays open here: the edge may come and go.
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        part = link.with_name(link.name + ".part")
        part.unlink(missing_ok=True)
        part.symlink_to(os.ttyname(self._slave))
        part.replace(link)

    def open(self, received: Callable[[bytes], None]) -> None:
        """Begin to serve."""

        def read() -> None:
            with contextlib.suppress(OSError):
                received(os.read(self._master, READ_BYTES))

        asyncio.get_running_loop().add_reader(self._master, read)

    def write(self, data: bytes) -> None:
        """Send; a full pty means that nobody reads."""
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def close(self) -> None:
        """End, and take the link away."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._link.unlink(missing_ok=True)


class TcpLine:
    """The same bytes on a TCP port, for containers: a pty does not cross them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self, received: Callable[[bytes], None]) -> None:
        """Begin to serve; a new connection takes the line over."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._writer is not None:
                self._writer.close()
            self._writer = writer
            while data := await reader.read(READ_BYTES):
                received(data)

        async def listen() -> None:
            host = "0.0.0.0"  # noqa: S104 - inside a container network
            server = await asyncio.start_server(serve, host, self._port)
            async with server:
                await server.serve_forever()

        self._task = asyncio.create_task(listen())

    def write(self, data: bytes) -> None:
        """Send to whoever is connected."""
        writer = self._writer
        if writer is not None and writer.transport.get_write_buffer_size() < UNREAD_BYTES_MAX:
            writer.write(data)

    def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
