"""Drives an R2000 "A0" reader: one real-time inventory on each antenna in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_r2000.codec import (
    DONE,
    ERRORS,
    GET_POWER,
    GET_VERSION,
    INVENTORY,
    NO_ANTENNA,
    SET_ANTENNA,
    SET_POWER,
    codec,
    command,
)
from edge.families import ReaderState
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.devices.uhf_r2000.settings import UhfR2000
    from edge.links.line import Line
    from edge.readings import Reading

READ_S: Final = 0.1
REPLY_S: Final = 0.5
ROUND_S: Final = 1.5
"""A round with hundreds of tags; each tag comes as it is read."""
_QUIET: Final = frozenset({0x00, 0x36, 0x53})
"""Ends that are no fault: done, and no tag."""


class R2000Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, settings: UhfR2000) -> None:
        self._line = line
        self._settings = settings
        self._codec = codec()
        self._unconnected: set[int] = set()
        self._refused = ""
        self.corrupt_count = 0
        self.state = ReaderState()

    async def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec.reset()
        await self._prepare()
        chosen: int | None = None
        while True:
            for antenna in self._settings.all_antennas():
                self._line.discard()
                self._codec.reset()
                if antenna != chosen:
                    answer = await self._ask(SET_ANTENNA, bytes([antenna - 1]))
                    if answer is None:
                        chosen = None
                        yield [], False
                        continue
                    if answer != f"{DONE:02X}":
                        self._judge(antenna, int(answer[:2] or "0", 16))
                        yield [], True
                        continue
                    chosen = antenna
                # A restarted reader is on its first antenna: after a silence it is chosen anew.
                tags, spoke = await self._round(antenna)
                chosen = chosen if spoke else None
                yield tags, spoke

    async def _round(self, antenna: int) -> tuple[list[TagRead], bool]:
        await self._send(INVENTORY, b"\x01")
        tags: list[TagRead] = []
        waited_s = 0.0
        while waited_s < ROUND_S:
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
        elif status in _QUIET:
            self._unconnected.discard(antenna)
        if self._unconnected:
            which = ", ".join(map(str, sorted(self._unconnected)))
            self.state.fault = f"antenna {which} is not connected: check its plug and cable"
        elif status not in _QUIET:
            told = ERRORS.get(status, f"error {status:02X}")
            self.state.fault = f"the reader answers antenna {antenna} with: {told}"
        else:
            self.state.fault = self._refused

    async def _prepare(self) -> None:
        """Ask what it is and set the power where the site's file asks for another one."""
        version = await self._ask(GET_VERSION)
        if version is not None:
            major, minor = bytes.fromhex(version)[:2].ljust(2, b"\0")
            self.state.model = f"R2000, firmware {major}.{minor}"
        self._refused = ""
        wanted = self._settings.power_dbm
        if wanted is None:
            return
        if not _is_power(await self._ask(GET_POWER), wanted):
            await self._ask(SET_POWER, bytes([wanted]))
            if not _is_power(await self._ask(GET_POWER), wanted):
                self._refused = (
                    f"the reader did not take power {wanted} dBm: choose what its model allows"
                )

    async def _ask(self, code: int, data: bytes = b"") -> str | None:
        """Return the data of the answer in hex, None when there is none."""
        await self._send(code, data)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for one in self._read(await self._line.read(READ_S)):
                if isinstance(one, Told) and one.head == f"{code:02X}":
                    return one.text
            waited_s += READ_S
        return None

    async def _send(self, code: int, data: bytes = b"") -> None:
        await self._line.write(command(self._settings.address, code, data))

    def _read(self, data: bytes) -> list[Reading]:
        """Decode what came; a pause ends whatever frame was under way."""
        readings = self._codec.feed(data) if data else self._codec.finish()
        self.corrupt_count += sum(isinstance(one, FrameCorrupt) for one in readings)
        return readings


def _is_power(told: str | None, wanted_dbm: int) -> bool:
    """Tell whether all antennas have it: one byte for all, or one for each."""
    return told is not None and set(bytes.fromhex(told)) == {wanted_dbm}
