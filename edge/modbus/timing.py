"""How long characters, frames and silences take on a serial line (pure).

Source: Modbus over Serial Line V1.02, 2.5.1.1: frames are parted by 3.5 characters of silence, and
by a fixed 1.75 ms above 19,200 baud.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FAST_BAUD: Final = 19_200
FAST_SILENCE_S: Final = 0.001_75
SILENCE_CHARACTERS: Final = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTiming:
    """One line's speed; `form` is data bits, parity and stop bits, as 8N1."""

    baud: int
    form: str = "8N1"

    @property
    def character_bits(self) -> int:
        """Return start, data, parity and stop bits: 10 with 8N1, 11 with parity or two stops."""
        return 1 + int(self.form[0]) + (self.form[1] != "N") + int(self.form[2])

    def wire_s(self, size: int) -> float:
        """Return how long `size` bytes take."""
        return size * self.character_bits / self.baud

    @property
    def silence_s(self) -> float:
        """Return t3.5, the silence before each frame."""
        if self.baud > FAST_BAUD:
            return FAST_SILENCE_S
        return SILENCE_CHARACTERS * self.character_bits / self.baud
