"""Drives a UHFReader288: one round on each antenna in turn, or listens to one that pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_reader288.codec import (
    GET_INFO,
    NO_ANTENNA,
    STATUSES,
    codec,
    command,
    inventory,
)
from edge.families import ReaderState
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.devices.uhf_reader288.settings import UhfReader288
    from edge.links.line import Line
    from edge.readings import Reading

ANSWER_S: Final = 0.5
"""Beyond the scan time."""
READ_S: Final = 0.1
_FAULTS: Final = frozenset({0xF9, 0xFD, 0xFE, 0xFF})


class Reader288Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, settings: UhfReader288) -> None:
        self._line = line
        self._settings = settings
        self._codec = codec(settings.mode)
        self._unconnected: set[int] = set()
        self.corrupt_count = 0
        self.state = ReaderState()
        if settings.mode != "answer":
            # One heartbeat may be lost.
            self.state.silent_s_max = 2.5 * settings.heartbeat_s

    async def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec.reset()
        if self._settings.mode != "answer":
            while True:
                readings = self._read(await self._line.read(READ_S))
                tags = [one for one in readings if isinstance(one, TagRead)]
                yield tags, any(isinstance(one, TagRead | RoundEnd) for one in readings)
        await self._identify()
        while True:
            for antenna in self._settings.all_antennas():
                yield await self._round(antenna)

    async def _round(self, antenna: int) -> tuple[list[TagRead], bool]:
        self._line.discard()
        self._codec.reset()
        scan_100ms = round(self._settings.scan_time_s * 10)
        await self._line.write(
            inventory(
                antenna,
                address=self._settings.address,
                scan_100ms=scan_100ms,
                has_fast_id=self._settings.fast_id,
            )
        )
        tags: list[TagRead] = []
        waited_s = 0.0
        while waited_s < self._settings.scan_time_s + ANSWER_S:
            readings = self._read(await self._line.read(READ_S))
            waited_s += READ_S
            tags += [one for one in readings if isinstance(one, TagRead)]
            for one in readings:
                if isinstance(one, RoundEnd):
                    self._judge(antenna, one.status)
                    return tags, True
        return tags, bool(tags)

    def _judge(self, antenna: int, status: int) -> None:
        if status == NO_ANTENNA:
            self._unconnected.add(antenna)
        else:
            self._unconnected.discard(antenna)
        if status in _FAULTS:
            self.state.fault = f"the reader answers an inventory with: {STATUSES[status]}"
        elif self._unconnected:
            which = ", ".join(map(str, sorted(self._unconnected)))
            self.state.fault = f"antenna {which} is not connected: check its plug and cable"
        else:
            self.state.fault = ""

    async def _identify(self) -> None:
        """Ask what it is."""
        await self._line.write(command(self._settings.address, GET_INFO))
        waited_s = 0.0
        while waited_s < ANSWER_S:
            for one in self._read(await self._line.read(READ_S)):
                if isinstance(one, Told) and one.head == f"{GET_INFO:02X}00":
                    about = bytes.fromhex(one.text)
                    if len(about) >= 3:  # noqa: PLR2004 - version(2) and type
                        version = f"{about[0]}.{about[1]:02d}"
                        self.state.model = f"UHFReader type {about[2]:02X}, firmware {version}"
                    return
            waited_s += READ_S

    def _read(self, data: bytes) -> list[Reading]:
        """Decode what came; 15 ms without a byte end a frame, and a read waits for 100."""
        readings = self._codec.feed(data) if data else self._codec.finish()
        self.corrupt_count += sum(isinstance(one, FrameCorrupt) for one in readings)
        return readings
