"""Drives a Mercury module: sets it up after each power-up, then listens to its inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_m6e.codec import (
    CONTINUOUS,
    GET_VERSION,
    NO_TAG,
    REGIONS,
    SET_ANTENNAS,
    SET_POWER,
    SET_PROTOCOL,
    SET_REGION,
    STATUSES,
    codec,
    command,
    start,
    stop,
)
from edge.families import ReaderState
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.devices.uhf_m6e.settings import UhfM6e
    from edge.links.line import Line
    from edge.readings import Reading

READ_S: Final = 0.1
REPLY_S: Final = 0.5
SILENT_S: Final = 2.5
"""It says "no tag" each second: a module that says nothing was restarted, and forgot all."""
_GEN2: Final = b"\x00\x05"
_VERSION_BYTES: Final = 16


class M6eDriver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, settings: UhfM6e) -> None:
        self._line = line
        self._settings = settings
        self._codec = codec()
        self.corrupt_count = 0
        self.state = ReaderState()
        self.state.silent_s_max = 6.0

    async def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec.reset()
        while True:
            refused = await self._prepare()
            self.state.fault = refused
            silent_s = 0.0
            while silent_s < SILENT_S:
                readings = self._read(await self._line.read(READ_S))
                heard = [one for one in readings if isinstance(one, TagRead | RoundEnd)]
                silent_s = 0.0 if heard else silent_s + READ_S
                for one in heard:
                    is_fault = isinstance(one, RoundEnd) and one.status != NO_TAG
                    self.state.fault = one.text if is_fault else refused  # type: ignore[union-attr]
                yield [one for one in heard if isinstance(one, TagRead)], bool(heard)

    async def _prepare(self) -> str:
        """Set the module up and start its inventory; return what it refused."""
        await self._ask(CONTINUOUS, stop())
        version = await self._ask(GET_VERSION, command(GET_VERSION))
        if version is not None and len(about := bytes.fromhex(version)) >= _VERSION_BYTES:
            hardware, firmware = about[4:8].hex(".").upper(), about[12:16].hex(".").upper()
            self.state.model = f"M6e hardware {hardware}, firmware {firmware}"
        pairs = bytes(port for port in self._settings.antennas for _ in range(2))
        wanted = [
            ("protocol Gen2", SET_PROTOCOL, _GEN2),
            (f"antennas {self._settings.antennas}", SET_ANTENNAS, b"\x02" + pairs),
        ]
        if self._settings.region is not None:
            region = bytes([REGIONS[self._settings.region]])
            wanted.append((f"region {self._settings.region}", SET_REGION, region))
        if self._settings.power_dbm is not None:
            power = round(self._settings.power_dbm * 100).to_bytes(2, "big")
            wanted.append((f"power {self._settings.power_dbm} dBm", SET_POWER, power))
        refused = [
            what
            for what, code, data in wanted
            if await self._ask(code, command(code, data)) is None and version is not None
        ]
        await self._line.write(start())
        if not refused:
            return ""
        return f"the reader did not take {' and '.join(refused)}: choose what its model allows"

    async def _ask(self, code: int, sent: bytes) -> str | None:
        """Return the data of the answer in hex, None when it refuses or is silent."""
        await self._line.write(sent)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for one in self._read(await self._line.read(READ_S)):
                if isinstance(one, Told) and one.head[:2] == f"{code:02X}":
                    return one.text if one.head[2:] == "0000" else None
                if isinstance(one, RoundEnd) and one.text == STATUSES.get(0x0101):
                    return None
            waited_s += READ_S
        return None

    def _read(self, data: bytes) -> list[Reading]:
        """Decode what came; a pause ends whatever frame was under way."""
        readings = self._codec.feed(data) if data else self._codec.finish()
        self.corrupt_count += sum(isinstance(one, FrameCorrupt) for one in readings)
        return readings
