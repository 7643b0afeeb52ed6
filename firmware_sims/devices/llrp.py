"""UHF reader with LLRP on TCP, four antennas (EPCglobal LLRP 1.0.1, binary encoding).

It keeps what it read while nobody was connected, up to `queue_max` reports, and tells it when a
client comes. `behind_s` is how wrong its clock is.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from firmware_sims.field import Field

QUEUE_MAX: Final = 66_000
REPORTS_A_WRITE: Final = 200
ROUND_S: Final = 0.02
LONGEST_BYTES: Final = 65_536
MANUFACTURER: Final = 161
MODEL: Final = 9600
FIRMWARE: Final = b"3.28.1"
POWERS: Final = {index: 1000 + 100 * (index - 1) for index in range(1, 22)}
"""Row of the table to hundredths of a dBm."""


def param(kind: int, *parts: bytes) -> bytes:
    """Return a TLV parameter."""
    body = b"".join(parts)
    return struct.pack("!HH", kind, len(body) + 4) + body


def envelope(kind: int, number: int, *parts: bytes) -> bytes:
    """Return a message of version 1."""
    body = b"".join(parts)
    return struct.pack("!HLL", 0x0400 | kind, len(body) + 10, number) + body


def ok(code: int = 0, why: bytes = b"") -> bytes:
    """Return an LLRPStatus."""
    return param(287, struct.pack("!HH", code, len(why)), why)


class LlrpReader:
    """The reader's state: its one ROSpec, what it has not told yet, and its client."""

    def __init__(
        self,
        field: Field,
        read_point: str,
        rng: random.Random,
        *,
        behind_s: float = 0.0,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self.behind_s = behind_s
        self._waiting: deque[bytes] = deque(maxlen=queue_max)
        self._client: asyncio.StreamWriter | None = None
        self._keepalive_s = 0.0
        self.antennas: tuple[int, ...] = ()
        self.power_row: int | None = None
        self.rospec: int | None = None
        self.is_active = False
        self.is_mute = False
        """The network swallows what it says: no keepalive, no report."""
        self.acks_count = 0
        self.closes_count = 0
        self.told_count = 0

    def now_us(self) -> int:
        """Return its own clock."""
        return int((time.time() - self.behind_s) * 1e6)

    def gather(self, epc: bytes, *, ago_s: float, antenna: int = 1, rssi_dbm: int = -60) -> None:
        """Have read a tag so long ago, and not told it."""
        stamp_us = self.now_us() - int(ago_s * 1e6)
        self._waiting.append(self._report(epc, antenna, rssi_dbm, stamp_us))

    @staticmethod
    def _report(epc: bytes, antenna: int, rssi_dbm: int, stamp_us: int) -> bytes:
        """Return a TagReportData: the EPC, where, how strong, when last, how often."""
        long = param(241, struct.pack("!H", len(epc) * 8), epc)
        name = b"\x8d" + epc if len(epc) == 12 else long
        return param(
            240,
            name,
            struct.pack("!BH", 0x81, antenna),
            struct.pack("!Bb", 0x86, rssi_dbm),
            struct.pack("!BQ", 0x84, stamp_us),
            struct.pack("!BH", 0x88, 1),
        )

    @contextlib.asynccontextmanager
    async def listening(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Serve while the block lasts; yields the port."""
        server = await asyncio.start_server(self._serve, host, port)
        air = asyncio.create_task(self._read_air())
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            air.cancel()
            server.close()
            self.drop()
            await asyncio.wait([air])

    def drop(self) -> None:
        """Lose the connection, as when a cable is pulled."""
        if self._client is not None:
            self._client.transport.abort()
            self._client = None

    async def _read_air(self) -> None:
        """Run rounds while the ROSpec is active; tell each tag, or keep it."""
        beat_s = time.monotonic()
        while True:
            await asyncio.sleep(ROUND_S)
            if self.is_active:
                for tag in self._field.tags(self._read_point):
                    is_asked = not self.antennas or tag.antenna in self.antennas
                    if is_asked and self._rng.random() < tag.read_ratio:
                        self._waiting.append(
                            self._report(tag.epc, tag.antenna, tag.rssi_dbm, self.now_us())
                        )
            if self._client is None or self.is_mute:
                continue
            if self._keepalive_s and time.monotonic() - beat_s >= self._keepalive_s:
                beat_s = time.monotonic()
                self._say(envelope(62, 1))
            await self._empty()

    async def _empty(self) -> None:
        while self._waiting and self._client is not None and not self.is_mute:
            count = min(REPORTS_A_WRITE, len(self._waiting))
            told = [self._waiting.popleft() for _ in range(count)]
            self.told_count += count
            self._say(b"".join(envelope(61, 0, one) for one in told))
            with contextlib.suppress(ConnectionError):
                await self._client.drain()

    def _say(self, data: bytes) -> None:
        if self._client is not None and not self.is_mute:
            self._client.write(data)

    def antenna_changed(self, antenna: int, *, is_connected: bool) -> None:
        """Tell that a plug was pulled or put back."""
        self._say(self._event(param(255, struct.pack("!BH", int(is_connected), antenna))))

    def _event(self, what: bytes) -> bytes:
        stamp = param(128, struct.pack("!Q", self.now_us()))
        return envelope(63, 0, param(246, stamp, what))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._client is not None:
            writer.write(self._event(param(256, struct.pack("!H", 2))))
            writer.close()
            return
        self._client = writer
        self._keepalive_s = 0.0
        self._say(self._event(param(256, struct.pack("!H", 0))))
        try:
            while True:
                head = await reader.readexactly(10)
                kind, size, number = struct.unpack("!HLL", head)
                if not 10 <= size <= LONGEST_BYTES:
                    break
                body = await reader.readexactly(size - 10)
                for answer in self._answers(kind & 0x3FF, number, body):
                    self._say(answer)
                if kind & 0x3FF == 14:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The edge went away; what is read from now on waits for it.
        finally:
            writer.close()
            if self._client is writer:
                self._client = None

    def _answers(self, kind: int, number: int, body: bytes) -> list[bytes]:
        match kind:
            case 72:
                self.acks_count += 1
                return []
            case 1:
                return [envelope(11, number, ok(), self._general(), self._regulatory())]
            case 3:
                self._configure(body)
                return [envelope(13, number, ok())]
            case 20:
                return [envelope(30, number, self._add(body))]
            case 21:
                (spec,) = struct.unpack("!L", body)
                if spec in {0, self.rospec}:
                    self.rospec, self.is_active = None, False
                return [envelope(31, number, ok())]
            case 22 | 24:
                is_ours = struct.unpack("!L", body)[0] == self.rospec
                if kind == 22 and is_ours:
                    self.is_active = True
                return [
                    envelope(kind + 10, number, ok() if is_ours else ok(101, b"no such ROSpec"))
                ]
            case 14:
                self.closes_count += 1
                return [envelope(4, number, ok())]
            case _:
                return [envelope(100, number, ok(109, b"unsupported message"))]

    @staticmethod
    def _general() -> bytes:
        fixed = struct.pack("!HHLLH", 4, 0xC000, MANUFACTURER, MODEL, len(FIRMWARE))
        return param(137, fixed, FIRMWARE)

    @staticmethod
    def _regulatory() -> bytes:
        rows = [param(145, struct.pack("!Hh", row, power)) for row, power in POWERS.items()]
        channels = param(146, b"\x00", param(148, struct.pack("!HL", 1, 865_700)))
        return param(143, struct.pack("!HH", 276, 2), param(144, *rows, channels))

    def _configure(self, body: bytes) -> None:
        for kind, data in _walk(body[1:]):
            if kind == 220:
                periodic, period_ms = struct.unpack("!BL", data)
                self._keepalive_s = period_ms / 1000 if periodic == 1 else 0.0

    def _add(self, body: bytes) -> bytes:
        """Take a ROSpec as far as this reader understands it; return the status."""
        (kind, spec), *more = _walk(body)
        if kind != 177 or more:
            return ok(100, b"one ROSpec expected")
        number, _, state = struct.unpack("!LBB", spec[:6])
        if self.rospec is not None:
            return ok(102, b"ROSpec exists")
        if state != 0:
            return ok(101, b"a new ROSpec is disabled")
        inner = dict(_walk(spec[6:]))
        if not {178, 183, 237} <= set(inner):
            return ok(103, b"boundary, antennas or report missing")
        boundary = dict(_walk(inner[178]))
        if boundary.get(179) != b"\0" or len(boundary.get(182, b"")) != 5:
            return ok(100, b"triggers")
        (count,) = struct.unpack("!H", inner[183][:2])
        antennas = struct.unpack(f"!{count}H", inner[183][2 : 2 + 2 * count])
        asked = dict(_walk(inner[183][2 + 2 * count :]))
        if asked[186][2] != 1:
            return ok(100, b"air protocol")
        for kind, configured in _walk(asked[186][3:]):
            powered = dict(_walk(configured[2:]))
            if kind == 222 and 224 in powered:
                hop, channel, row = struct.unpack("!HHH", powered[224])
                if (hop, channel) != (0, 1) or row not in POWERS:
                    return ok(100, b"transmitter")
                self.power_row = row
        trigger, every = struct.unpack("!BH", inner[237][:3])
        if (trigger, every) != (1, 1):
            return ok(100, b"this reader reports each tag")
        self.antennas = tuple(one for one in antennas if one)
        self.rospec = number
        return ok()


def _walk(data: bytes) -> list[tuple[int, bytes]]:
    """Return (type, body) of each TLV parameter."""
    found: list[tuple[int, bytes]] = []
    while data:
        kind, size = struct.unpack("!HH", data[:4])
        found.append((kind & 0x3FF, data[4:size]))
        data = data[max(4, size) :]
    return found
