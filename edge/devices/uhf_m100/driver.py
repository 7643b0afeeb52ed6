"""Drives an M100 reader: what it is, what was asked of it, then a multi-poll kept alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_m100.codec import (
    GET_POWER,
    GET_REGION,
    NO_CHANNEL,
    REGIONS,
    START_MULTI,
    STOP,
    VERSION,
    codec,
    set_power,
    set_region,
)
from edge.families import ReaderState
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.links.line import Line
    from edge.readings import Reading

SILENT_S: Final = 2.0
READ_S: Final = 0.1
REPLY_S: Final = 0.5


class M100Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(
        self, line: Line, *, region: str | None = None, power_dbm: float | None = None
    ) -> None:
        self._line = line
        self._region = region
        self._power_dbm = power_dbm
        self._codec = codec()
        self.corrupt_count = 0
        self.state = ReaderState()

    async def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec = codec()
        self.state.fault = refused = await self._prepare()
        await self._line.write(START_MULTI)
        silent_s = 0.0
        while True:
            readings = self._read(await self._line.read(READ_S))
            spoke = any(isinstance(one, TagRead | RoundEnd) for one in readings)
            silent_s = 0.0 if spoke else silent_s + READ_S
            if silent_s >= SILENT_S:
                # A multi-poll ends by itself after 65,535 rounds, and a restarted reader forgot it.
                await self._line.write(START_MULTI)
                silent_s = 0.0
            ends = [one for one in readings if isinstance(one, RoundEnd)]
            if any(one.status == NO_CHANNEL for one in ends):
                self.state.fault = ends[-1].text
            elif spoke:
                self.state.fault = refused
            yield [one for one in readings if isinstance(one, TagRead)], spoke

    async def _prepare(self) -> str:
        """Ask what it is and set what the site's file asks for; return what it refused."""
        await self._ask(STOP, "0128")
        version = await self._ask(VERSION, "0103")
        if version is not None:
            text = bytes.fromhex(version)[1:]
            self.state.model = text.decode("ascii", errors="replace").strip("\0 ")[:64]
        refused = []
        if self._region is not None:
            held = await self._ask(GET_REGION, "0108")
            # The module keeps its region: it is written only where it differs.
            if held != f"{REGIONS[self._region]:02X}" and (
                await self._ask(set_region(self._region), "0107") != "00"
            ):
                refused.append(f"region {self._region}")
        if self._power_dbm is not None:
            wanted = f"{round(self._power_dbm * 100):04X}"
            if await self._ask(GET_POWER, "01B7") != wanted:
                await self._ask(set_power(self._power_dbm), "01B6")
                if await self._ask(GET_POWER, "01B7") != wanted:
                    refused.append(f"power {self._power_dbm} dBm")
        if not refused:
            return ""
        return f"the reader did not take {' and '.join(refused)}: choose what its model allows"

    async def _ask(self, command: bytes, head: str) -> str | None:
        """Return the parameters of the reply, None when it refuses or is silent."""
        await self._line.write(command)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for one in self._read(await self._line.read(READ_S)):
                if isinstance(one, Told) and one.head == head:
                    return one.text
                if isinstance(one, RoundEnd) and "refused" in one.text:
                    return None
            waited_s += READ_S
        return None

    def _read(self, data: bytes) -> list[Reading]:
        """Decode what came; a pause ends whatever frame was under way."""
        readings = self._codec.feed(data) if data else self._codec.finish()
        self.corrupt_count += sum(isinstance(one, FrameCorrupt) for one in readings)
        return readings
