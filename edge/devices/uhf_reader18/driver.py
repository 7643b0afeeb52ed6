"""Drives a UHFReader18: what it is, what was asked of it, then one inventory after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_reader18.codec import (
    GET_INFO,
    INVENTORY,
    SET_POWER,
    SET_SCAN_TIME,
    STATUSES,
    codec,
    command,
)
from edge.families import ReaderState
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.devices.uhf_reader18.settings import UhfReader18
    from edge.links.line import Line
    from edge.readings import Reading

READ_S: Final = 0.1
REPLY_S: Final = 0.5
SCAN_S_MAX: Final = 25.5
"""The reader's own scan time is told in its info; until then it may be anything."""
_INFO_BYTES: Final = 8
_FAULTS: Final = frozenset({0xF9, 0xFD, 0xFE, 0xFF})


class Reader18Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, settings: UhfReader18) -> None:
        self._line = line
        self._settings = settings
        self._codec = codec()
        self._scan_s = 1.0
        self.corrupt_count = 0
        self.state = ReaderState()

    async def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec.reset()
        refused = await self._prepare()
        self.state.silent_s_max = max(3.0, 2 * (self._scan_s + REPLY_S))
        while True:
            self._line.discard()
            self._codec.reset()
            await self._send(INVENTORY)
            tags: list[TagRead] = []
            end: RoundEnd | None = None
            waited_s = 0.0
            while end is None and waited_s < self._scan_s + REPLY_S:
                readings = self._read(await self._line.read(READ_S))
                waited_s += READ_S
                tags += [one for one in readings if isinstance(one, TagRead)]
                end = next((one for one in readings if isinstance(one, RoundEnd)), None)
            if end is not None:
                is_fault = end.status in _FAULTS
                told = f"the reader answers an inventory with: {STATUSES.get(end.status)}"
                self.state.fault = told if is_fault else refused
            yield tags, end is not None or bool(tags)

    async def _prepare(self) -> str:
        """Ask what it is and set what the site's file asks for; return what it refused."""
        about = await self._info()
        if about is None:
            return ""  # Silent: the rounds will tell.
        self.state.model = f"UHFReader18 type {about[2]:02X}, firmware {about[0]}.{about[1]:02d}"
        power, scan = self._settings.power_dbm, self._settings.scan_time_s
        if power is not None and about[6] != power:
            await self._ask(SET_POWER, bytes([power]))
        if scan is not None and about[7] != round(scan * 10):
            await self._ask(SET_SCAN_TIME, bytes([round(scan * 10)]))
        if power is not None or scan is not None:
            about = await self._info() or about
        self._scan_s = min(SCAN_S_MAX, about[7] / 10)
        refused = []
        if power is not None and about[6] != power:
            refused.append(f"power {power} dBm")
        if scan is not None and about[7] != round(scan * 10):
            refused.append(f"scan time {scan} s")
        if not refused:
            return ""
        return f"the reader did not take {' and '.join(refused)}: choose what its model allows"

    async def _info(self) -> bytes | None:
        told = await self._ask(GET_INFO)
        about = bytes.fromhex(told) if told is not None else b""
        return about if len(about) >= _INFO_BYTES else None

    async def _ask(self, code: int, data: bytes = b"") -> str | None:
        await self._send(code, data)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for one in self._read(await self._line.read(READ_S)):
                if isinstance(one, Told) and one.head == f"{code:02X}00":
                    return one.text
                if isinstance(one, Told | RoundEnd):
                    return None
            waited_s += READ_S
        return None

    async def _send(self, code: int, data: bytes = b"") -> None:
        await self._line.write(command(self._settings.address, code, data))

    def _read(self, data: bytes) -> list[Reading]:
        """Decode what came; 15 ms without a byte end a frame, and a read waits for 100."""
        readings = self._codec.feed(data) if data else self._codec.finish()
        self.corrupt_count += sum(isinstance(one, FrameCorrupt) for one in readings)
        return readings
