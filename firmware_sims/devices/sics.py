"""Mettler-Toledo MT-SICS terminal (AL-IC and AT reference manuals; OIML R 76 ranges).

Lines end in CR LF both ways. A weight is one space, ten characters right aligned, one space, unit.
S, Z and T wait until the platform is at rest; @ cancels everything and is answered with I4.
"""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.load_cell import LoadCell

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field

TICK_S: Final = 0.05
REST_WAIT_S_MAX: Final = 3.0
LINE_BYTES_MAX: Final = 64
WAITING_LINES_MAX: Final = 16
OVER_DIVISIONS: Final = 9
"""OIML R 76: no indication above Max + 9 e."""
ZERO_RANGE_RATIO: Final = 0.02
"""Of the capacity to either side: 4 % of Max in all."""
SIR_S: Final = 0.15
AT_REST_COMMANDS: Final = {"S", "Z", "T"}


class Sics:
    """The terminal's state: zero, tare, the command that waits for rest, the repeated SI."""

    def __init__(
        self,
        field: Field,
        read_point: str,
        *,
        capacity_g: int,
        division_g: int,
        serial: str,
        rng: random.Random,
    ) -> None:
        self._field = field
        self._read_point = read_point
        self._capacity_g = capacity_g
        self._division_g = division_g
        self._serial = serial
        self._cell = LoadCell(division_g=division_g, rng=rng)
        self._zero_g = 0.0
        self._tare_g = 0.0
        self._pending = bytearray()
        self._lines: deque[str] = deque()
        self._waits_since_s: float | None = None
        self._repeat_at_s: float | None = None

    async def serve(self, line: Line) -> Never:
        """Say I4 at power-up, then answer for ever."""
        loop = asyncio.get_running_loop()
        await line.send(self._i4())
        while True:
            self.feed(await line.read(TICK_S))
            for reply in self.tick(loop.time()):
                await line.send(reply)

    def feed(self, data: bytes) -> None:
        """Take bytes from the host and queue the lines that they complete."""
        self._pending += data
        while (end := self._pending.find(b"\n")) >= 0:
            text = bytes(self._pending[:end]).rstrip(b"\r").decode("ascii", errors="replace")
            del self._pending[: end + 1]
            if text == "@":
                self._lines.clear()
            if len(self._lines) < WAITING_LINES_MAX:
                self._lines.append(text)
        # Nothing so long can become a command: remember only that it was too long.
        del self._pending[LINE_BYTES_MAX:]

    def tick(self, now_s: float) -> list[bytes]:
        """Weigh once and return the replies that are due."""
        self._cell.observe(self._field.mass_g(self._read_point), now_s)
        replies: list[bytes] = []
        while self._lines:
            head = self._lines[0]
            if head in AT_REST_COMMANDS and not self._cell.is_stable(now_s):
                self._waits_since_s = self._waits_since_s or now_s
                if now_s - self._waits_since_s < REST_WAIT_S_MAX:
                    break
                replies.append(f"{head} I\r\n".encode())
            else:
                replies.append(self._execute(head, now_s))
            self._waits_since_s = None
            self._lines.popleft()
        if self._repeat_at_s is not None and now_s >= self._repeat_at_s:
            self._repeat_at_s = now_s + SIR_S
            replies.append(self._weight_now(now_s))
        return replies

    def _execute(self, text: str, now_s: float) -> bytes:  # noqa: PLR0911  One row a command.
        if text in {"S", "SI", "SIR", "@"}:
            self._repeat_at_s = None
        match text.split(" "):
            case ["@"]:
                self._tare_g = 0.0
                return self._i4()
            case ["S" | "SI"]:
                return self._weight_now(now_s)
            case ["SIR"]:
                self._repeat_at_s = now_s + SIR_S
                return self._weight_now(now_s)
            case ["Z"]:
                return self._zero(now_s)
            case ["T"]:
                return self._take_tare(now_s)
            case ["TA"]:
                return f"TA A {self._field_text(self._tare_g)}\r\n".encode()
            case ["TA", value, unit]:
                return self._preset_tare(value, unit)
            case ["TAC"]:
                self._tare_g = 0.0
                return b"TAC A\r\n"
            case ["I1"]:
                return b'I1 A "01" "2.30" "2.22" "" ""\r\n'
            case ["I2"]:
                return f'I2 A "SIM {self._capacity_g // 1000} kg"\r\n'.encode()
            case ["I3"]:
                return b'I3 A "1.00"\r\n'
            case ["I4"]:
                return self._i4()
            case _:
                return b"ES\r\n"

    def _i4(self) -> bytes:
        return f'I4 A "{self._serial}"\r\n'.encode()

    def _gross_g(self, now_s: float) -> float:
        return self._cell.shown_g(now_s) - self._zero_g

    def _range(self, gross_g: float) -> str:
        if gross_g > self._capacity_g + OVER_DIVISIONS * self._division_g:
            return "+"
        if gross_g < -ZERO_RANGE_RATIO * self._capacity_g:
            return "-"
        return ""

    def _weight_now(self, now_s: float) -> bytes:
        gross_g = self._gross_g(now_s)
        if mark := self._range(gross_g):
            return f"S {mark}\r\n".encode()
        state = "S" if self._cell.is_stable(now_s) else "D"
        return f"S {state} {self._field_text(gross_g - self._tare_g)}\r\n".encode()

    def _zero(self, now_s: float) -> bytes:
        shown_g = self._cell.shown_g(now_s)
        if abs(shown_g) > ZERO_RANGE_RATIO * self._capacity_g:
            return b"Z +\r\n" if shown_g > 0 else b"Z -\r\n"
        self._zero_g = shown_g
        self._tare_g = 0.0
        return b"Z A\r\n"

    def _take_tare(self, now_s: float) -> bytes:
        gross_g = self._gross_g(now_s)
        if mark := self._range(gross_g):
            return f"T {mark}\r\n".encode()
        if gross_g < -self._division_g / 2:
            return b"T -\r\n"
        self._tare_g = float(self._divisions(gross_g) * self._division_g)
        return f"T S {self._field_text(self._tare_g)}\r\n".encode()

    def _preset_tare(self, value: str, unit: str) -> bytes:
        try:
            tare_g = Decimal(value) * 1000
        except InvalidOperation:
            return b"TA L\r\n"
        if unit != "kg" or not tare_g.is_finite() or not 0 <= tare_g <= self._capacity_g:
            return b"TA L\r\n"
        self._tare_g = float(self._divisions(float(tare_g)) * self._division_g)
        return f"TA A {self._field_text(self._tare_g)}\r\n".encode()

    def _divisions(self, mass_g: float) -> int:
        return round(mass_g / self._division_g)

    def _field_text(self, mass_g: float) -> str:
        """Return ten characters and the unit, rounded to the division."""
        places = 0 if self._division_g % 1000 == 0 else 1
        mass_kg = Decimal(self._divisions(mass_g) * self._division_g) / 1000
        return f"{mass_kg:>10.{places}f} kg"
