"""A scale that speaks MT-SICS: it settles, it is noisy, it has a division and a capacity.

Source: MT-SICS reference manual: weight field of ten characters, one space, unit; CR LF both ways.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.lines import Line
    from firmware_sims.field import Field

TICK_S: Final = 0.02
SETTLE_S: Final = 0.7


class SicsScale:
    """One scale; masses in grams, shown in kilograms."""

    def __init__(  # noqa: PLR0913 - what a scale is
        self,
        name: str,
        line: Line,
        field: Field,
        read_point: str,
        rng: random.Random,
        *,
        division_g: int,
        capacity_g: int,
    ) -> None:
        self.name = name
        self._line = line
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._division_g = division_g
        self._capacity_g = capacity_g
        self._buffer = b""
        self._true_g = 0.0
        self._before_g = 0.0
        self._moved_s = -10.0
        self._zero_g = 0.0
        self._tare_g = 0.0

    async def run(self) -> Never:
        """Serve for ever."""
        self._line.open(self._received)
        try:
            while True:
                await asyncio.sleep(TICK_S)
                mass_g = self._field.mass_g(self._read_point)
                if abs(mass_g - self._true_g) > self._division_g / 4:
                    self._before_g, self._true_g = self._shown_g(), mass_g
                    self._moved_s = asyncio.get_running_loop().time()
        finally:
            self._line.close()

    def _shown_g(self) -> float:
        since_s = asyncio.get_running_loop().time() - self._moved_s
        swing = math.exp(-since_s / 0.15) * math.cos(since_s * 20)
        noise = self._rng.gauss(0, self._division_g / 12)
        return self._true_g + (self._before_g - self._true_g) * swing + noise

    def _is_stable(self) -> bool:
        return asyncio.get_running_loop().time() - self._moved_s > SETTLE_S

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-256:]
        while b"\r\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            self._line.write(self._answer(line.decode("ascii", "replace")) + b"\r\n")

    def _answer(self, command: str) -> bytes:
        match command:
            case "S" | "SI":
                return self._weight(is_now=command == "SI").encode()
            case "@" | "I4":
                return b'I4 A "B504291123"'
            case "I2":
                return b'I2 A "IND560 Floor 1500.0 kg"'
            case "Z":
                if not self._is_stable():
                    return b"Z I"
                if abs(self._shown_g()) > self._capacity_g * 0.02:
                    return b"Z +"
                self._zero_g = self._shown_g()
                return b"Z A"
            case "T":
                if not self._is_stable():
                    return b"T I"
                self._tare_g = self._rounded_g(self._shown_g() - self._zero_g)
                return f"T S {self._text(self._tare_g)}".encode()
            case "TAC":
                self._tare_g = 0.0
                return b"TAC A"
            case _:
                return b"ES"

    def _weight(self, *, is_now: bool) -> str:
        gross_g = self._shown_g() - self._zero_g
        if gross_g > self._capacity_g:
            return "S +"
        if gross_g < -20 * self._division_g:
            return "S -"
        if not self._is_stable() and not is_now:
            return "S I"
        mark = "S" if self._is_stable() else "D"
        return f"S {mark} {self._text(self._rounded_g(gross_g) - self._tare_g)}"

    def _rounded_g(self, mass_g: float) -> float:
        return round(mass_g / self._division_g) * self._division_g

    def _text(self, mass_g: float) -> str:
        places = max(0, 3 - int(math.log10(self._division_g)))
        return f"{mass_g / 1000 + 0.0:10.{places}f} kg"
