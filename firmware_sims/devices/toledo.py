"""Terminal with standard continuous output (MT Wildcat technical manual, tables 6-8 to 6-11).

Seven frames a second of 17 bytes, 18 with the checksum: STX, three status words, six digits of
weight, six of tare, CR. Letters C, T and Z are its keys; they work at rest only, and what is no key
is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmware_sims.devices.weighing import serve_indicator

if TYPE_CHECKING:
    from typing import Never

    from firmware_sims.devices.line import Line
    from firmware_sims.devices.weighing import Platform, Shown

PLACES: Final = {0: 0b010, 1: 0b011, 2: 0b100, 3: 0b101}
"""Decimals to SWA's low bits."""
INCREMENTS: Final = {1: 0b01, 2: 0b10, 5: 0b11}
"""Size of the division's digit to SWA's bits 3 and 4."""


class Toledo:
    """The terminal."""

    def __init__(
        self,
        platform: Platform,
        *,
        decimals: int,
        has_checksum: bool = True,
        is_zeroed: bool = True,
    ) -> None:
        """`is_zeroed`: the zero at power-up succeeded, as it does with an empty platform."""
        self.platform = platform
        self.period_s: float | None = 1 / 7
        self._decimals = decimals
        self._has_checksum = has_checksum
        self._is_zeroed = is_zeroed

    async def serve(self, line: Line) -> Never:
        """Send for ever."""
        await serve_indicator(self, line)

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Work the keys; nothing is answered."""
        for key in keys:
            if key == ord("C"):
                self.platform.clear_tare()
            elif key == ord("T"):
                self.platform.take_tare(now_s)
            elif key == ord("Z"):
                self._is_zeroed = self.platform.zero(now_s) or self._is_zeroed
        keys.clear()
        return b""

    def frame(self, shown: Shown) -> bytes:
        """Return one frame."""
        is_net = shown.tare != 0
        divisions = shown.net if is_net else shown.gross
        digit = int(str(self.platform.division_g).rstrip("0"))
        word_a = 0x20 | INCREMENTS[digit] << 3 | PLACES[self._decimals]
        word_b = 0x20 | 0x10
        word_b |= 0x01 if is_net else 0
        word_b |= 0x02 if divisions < 0 else 0
        word_b |= 0x04 if shown.span != "ok" else 0
        word_b |= 0x08 if not shown.is_at_rest else 0
        word_b |= 0x40 if not self._is_zeroed else 0
        weight = " " * 6 if shown.span != "ok" else self._digits(abs(divisions))
        body = b"\x02" + bytes([word_a, word_b, 0x20])
        body += weight.encode() + self._digits(shown.tare).encode() + b"\r"
        if self._has_checksum:
            body += bytes([-sum(body) % 128])
        return body

    def _digits(self, divisions: int) -> str:
        return f"{divisions * self.platform.division_g * 10**self._decimals // 1000:6d}"
