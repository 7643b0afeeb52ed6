"""A byte line: a serial port through pyserial, or a TCP socket that carries the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import ssl
import termios
import time
from typing import TYPE_CHECKING, Final

import serial

from edge.errors import LinkLost, SettingsUntaken
from edge.links.frames import FrameLog
from runtime.addresses import check_address
from runtime.addresses import host_and_port as parts_of

if TYPE_CHECKING:
    from pathlib import Path

READ_BYTES: Final = 4_096
HELD_BYTES_MAX: Final = 65_536
OPEN_S_MAX: Final = 5.0
REST_S_MIN: Final = 0.003
"""A shorter rest wakes no less often."""
_TERMIOS: Final = re.compile(r"\((\d+), '")
"""pyserial puts what the port's settings raise into its text."""
_PARITY: Final = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


class Line:
    """Open with `connect`; every failure is LinkLost."""

    def __init__(
        self,
        port: str,
        *,
        data_dir: Path,
        baud: int = 9600,
        form: str = "8N1",
        is_tcp: bool = False,
        ca_file: str | None = None,
    ) -> None:
        """Take a port; `is_tcp`: HOST:PORT, or a file below DATA that holds it at each opening."""
        self.port = port
        self._ca_file = ca_file
        self._address_in = data_dir if is_tcp else None
        self._path = port if port.startswith(("/", "tcp://", "tls://")) else str(data_dir / port)
        self._baud = baud
        self._form = form
        self._serial: serial.Serial | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._held = bytearray()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._lost: str | None = "not open yet"
        self._task: asyncio.Task[None] | None = None
        self.frames = FrameLog()

    async def connect(self) -> None:
        """Open the line. Raises LinkLost."""
        self.close()
        self._held.clear()
        try:
            async with asyncio.timeout(OPEN_S_MAX):
                if self._address_in is not None:
                    await self._connect_tcp(*host_and_port(self.port, self._address_in))
                elif self._path.startswith(("tcp://", "tls://")):
                    scheme, _, address = self._path.partition("://")
                    await self._connect_tcp(*parts_of(address), is_tls=scheme == "tls")
                else:
                    await self._connect_serial()
        except LinkLost:
            raise
        except (OSError, TimeoutError, ValueError) as error:
            raise LinkLost(f"{self.port}: {plain_reason(error)}") from error
        except termios.error as error:  # No OSError, and a library lets it through.
            told = f"{self.port} does not take {self._baud} {self._form}"
            raise SettingsUntaken(told) from error
        self._lost = None

    async def _connect_serial(self) -> None:
        self._serial = await asyncio.to_thread(
            serial.Serial,
            self._path,
            self._baud,
            bytesize=int(self._form[0]),
            parity=_PARITY[self._form[1]],
            stopbits=int(self._form[2]),
            timeout=0,
            exclusive=True,
        )
        asyncio.get_running_loop().add_reader(self._serial.fileno(), self._read_serial)

    def _read_serial(self) -> None:
        port = self._serial
        if port is None:
            return
        try:
            data = os.read(port.fileno(), READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(plain_reason(error))
            return
        if not data:
            self._fail("the port is gone")
            return
        self._take(data)

    async def _connect_tcp(self, host: str, port: int, *, is_tls: bool = False) -> None:
        context = ssl.create_default_context(cafile=self._ca_file) if is_tls else None
        reader, self._writer = await asyncio.open_connection(host, port, ssl=context)
        self._task = asyncio.create_task(self._read_tcp(reader), name=f"line/{self.port}")

    async def _read_tcp(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(READ_BYTES):
                self._take(data)
                # A socket can wait, and so can who sends: nothing of a backlog is dropped.
                while len(self._held) > HELD_BYTES_MAX - READ_BYTES:
                    self._room.clear()
                    await self._room.wait()
            self._fail("the other side closed")
        except OSError as error:
            self._fail(plain_reason(error))

    def _take(self, data: bytes) -> None:
        self.frames.note("in", data, time.monotonic())
        self._held += data
        del self._held[:-HELD_BYTES_MAX]
        self._news.set()

    def _fail(self, why: str) -> None:
        self._lost = why
        self._news.set()
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())

    async def read(self, limit_s: float) -> bytes:
        """Return what has come, waiting at most so long; empty when nothing came."""
        if not self._held:
            if self._lost is not None:
                raise LinkLost(f"{self.port}: {self._lost}")
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._news.wait()
            if not self._held and self._lost is not None:
                raise LinkLost(f"{self.port}: {self._lost}")
        return self.discard()

    async def rest(self, rest_s: float) -> None:
        """Let bytes gather in a serial port for a while: one wake instead of one a byte."""
        port = self._serial
        if port is None or rest_s < REST_S_MIN or self._lost is not None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(port.fileno())
        try:
            await asyncio.sleep(rest_s)
        finally:
            if self._serial is port and self._lost is None:
                loop.add_reader(port.fileno(), self._read_serial)

    def discard(self) -> bytes:
        """Forget what has come unasked, and return it."""
        data = bytes(self._held)
        self._held.clear()
        self._room.set()
        return data

    async def write(self, data: bytes) -> None:
        """Send everything."""
        if self._lost is not None:
            raise LinkLost(f"{self.port}: {self._lost}")
        self.frames.note("out", data, time.monotonic())
        try:
            if self._writer is not None:
                self._writer.write(data)
                async with asyncio.timeout(OPEN_S_MAX):
                    await self._writer.drain()
            elif self._serial is not None:
                await self._write_serial(data)
        except OSError as error:
            self._fail(plain_reason(error))
            raise LinkLost(f"{self.port}: {plain_reason(error)}") from error

    async def _write_serial(self, data: bytes) -> None:
        port = self._serial
        assert port is not None
        sent = 0
        async with asyncio.timeout(OPEN_S_MAX):
            while sent < len(data):
                try:
                    sent += os.write(port.fileno(), data[sent:])
                except BlockingIOError:
                    await asyncio.sleep(0.005)

    def close(self) -> None:
        """Let go of the line; safe when it is closed."""
        if self._serial is not None:
            with contextlib.suppress(OSError, ValueError):
                asyncio.get_running_loop().remove_reader(self._serial.fileno())
            with contextlib.suppress(OSError):
                self._serial.close()
            self._serial = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._lost = "closed"


def plain_reason(error: Exception) -> str:
    """Return why a port could not be used: one errno in words, no path and no library's phrase."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"
    number = getattr(error, "errno", None)
    if number is None and (found := _TERMIOS.search(str(error))):
        number = int(found[1])
    if isinstance(error, TimeoutError) and number is None:
        return f"no connection within {OPEN_S_MAX:.0f} s"
    if number == errno.ENOTTY:
        return "is no serial port (errno 25)"
    if number in {errno.EAGAIN, errno.EBUSY}:
        return f"another program holds it (errno {number})"
    if isinstance(number, int) and number > 0:
        return f"{os.strerror(number)} (errno {number})"
    return str(error) or type(error).__name__


def host_and_port(address: str, data_dir: Path) -> tuple[str, int]:
    """Return a TCP address given as HOST:PORT, or by a file below DATA. Raises LinkLost."""
    text = address
    if "/" in address:
        try:
            text = (data_dir / address).read_text(encoding="ascii").strip()
        except OSError as error:
            raise LinkLost(f"{address}: {error.strerror}") from error
    try:
        return parts_of(check_address(text, port_min=1))
    except ValueError as error:
        raise LinkLost(f"{address}: {text[:60]!r} is not HOST:PORT") from error
