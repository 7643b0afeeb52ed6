"""Drives a UHFReader288: one round on each antenna in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.uhf_reader288.codec import Reader288Codec, inventory
from edge.readings import RoundEnd, TagRead

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from edge.links.line import Line

REPLY_S: Final = 0.6
READ_S: Final = 0.1


class Reader288Driver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, antennas: Sequence[int]) -> None:
        self._line = line
        self._antennas = tuple(antennas)
        self.corrupt_count = 0

    async def rounds(self) -> AsyncIterator[tuple[list[TagRead], bool]]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        codec = Reader288Codec()
        while True:
            for antenna in self._antennas:
                self._line.discard()
                codec.reset()
                await self._line.write(inventory(antenna))
                reads: list[TagRead] = []
                spoke, waited_s = False, 0.0
                while not spoke and waited_s < REPLY_S:
                    readings = codec.feed(await self._line.read(READ_S))
                    waited_s += READ_S
                    reads += [one for one in readings if isinstance(one, TagRead)]
                    spoke = any(isinstance(one, RoundEnd) for one in readings)
                    self.corrupt_count += sum(
                        1 for one in readings if not isinstance(one, TagRead | RoundEnd)
                    )
                yield reads, spoke
