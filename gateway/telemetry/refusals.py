"""What InfluxDB says of a batch with bad points, and which lines it may mean (pure).

Source: InfluxDB 2.7, `POST /api/v2/write`: 422 `partial write: REASON dropped=N` has written the
rest of the batch; a field whose type differs from the one in the store is named with its
measurement. Whatever is not understood here is found by halving.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbered = tuple[int, bytes]

_PARTIAL: Final = re.compile(r"partial write: .* dropped=(\d+)", re.DOTALL)
_CONFLICT: Final = re.compile(r'input field \\*"([^"\\]+)\\*" on measurement \\*"([^"\\]+)\\*"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a batch was not taken whole."""

    why: str
    status: int

    @property
    def dropped_count(self) -> int | None:
        """Return how many points were not written while all others were; None where it is open."""
        found = _PARTIAL.search(self.why) if self.status == 422 else None  # noqa: PLR2004
        return int(found[1]) if found else None

    def parts(self, lines: Sequence[Numbered]) -> tuple[Sequence[Numbered], Sequence[Numbered]]:
        """Return the lines in two parts, those that are more likely bad first."""
        if found := _CONFLICT.search(self.why):
            head, field = found[2].encode() + b",", found[1].encode() + b"="
            meant = [one for one in lines if one[1].startswith(head) and field in one[1]]
            if meant and len(meant) < len(lines):
                indices = {index for index, _ in meant}
                return meant, [one for one in lines if one[0] not in indices]
        middle = len(lines) // 2
        return lines[:middle], lines[middle:]
