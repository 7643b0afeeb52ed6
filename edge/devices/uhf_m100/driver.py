"""Drives an M100 reader: multi-poll, started again when it falls silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_m100.codec import START_MULTI, M100Codec
from edge.readings import RoundEnd, TagRead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edge.links.line import Line

SILENT_S: Final = 2.0
READ_S: Final = 0.1


class M100Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.corrupt_count = 0

    async def rounds(self) -> AsyncIterator[tuple[list[TagRead], bool]]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        codec = M100Codec()
        await self._line.write(START_MULTI)
        silent_s = 0.0
        while True:
            readings = codec.feed(await self._line.read(READ_S))
            spoke = any(isinstance(one, TagRead | RoundEnd) for one in readings)
            silent_s = 0.0 if spoke else silent_s + READ_S
            if silent_s >= SILENT_S:
                # A multi-poll ends by itself after 65,535 rounds, and a restarted reader forgot it.
                await self._line.write(START_MULTI)
                silent_s = 0.0
            reads = [one for one in readings if isinstance(one, TagRead)]
            self.corrupt_count += len(readings) - len(reads) if not spoke else 0
            yield reads, spoke
