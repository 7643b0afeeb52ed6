"""What every simulated indicator has: a platform with zero and tare, and a port that it serves.

Source of the ranges: OIML R 76 (no indication above Max + 9 e; zero setting within 4 % of Max).
The protocols stand in files of their own, each written from its manual.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Never, Protocol

from firmware_sims.devices.load_cell import LoadCell

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line

OVER_DIVISIONS: Final = 9
UNDER_DIVISIONS: Final = 20
"""Below minus this many divisions an indicator shows that its load receptor was lifted."""
ZERO_RATIO: Final = 0.02
"""Of the capacity to either side."""
REST_S_MAX: Final = 2.5
"""A key that needs rest is forgotten when the platform does not come to rest in time."""
KEYS_BYTES_MAX: Final = 64


class Loaded(Protocol):
    """What stands on the platform."""

    def mass_g(self, read_point: str) -> float:
        """Return the true mass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the indicator shows; masses in whole divisions."""

    gross: int
    tare: int
    is_at_rest: bool
    span: str
    """`ok`, `over` or `under`."""

    @property
    def net(self) -> int:
        """Return gross less tare."""
        return self.gross - self.tare

    @property
    def is_zero(self) -> bool:
        """Return whether the gross is at zero."""
        return self.gross == 0


class Platform:
    """Load cell, zero and tare of one scale."""

    def __init__(
        self,
        field: Loaded,
        read_point: str,
        *,
        capacity_g: int,
        division_g: int,
        rng: random.Random,
    ) -> None:
        self._field = field
        self._read_point = read_point
        self.capacity_g = capacity_g
        self.division_g = division_g
        self._cell = LoadCell(division_g=division_g, rng=rng)
        self._zero_g = 0.0
        self._tare = 0

    def look(self, now_s: float) -> Shown:
        """Weigh once."""
        self._cell.observe(self._field.mass_g(self._read_point), now_s)
        gross = round((self._cell.shown_g(now_s) - self._zero_g) / self.division_g)
        span = "ok"
        if gross > self.capacity_g / self.division_g + OVER_DIVISIONS:
            span = "over"
        elif gross < -UNDER_DIVISIONS:
            span = "under"
        return Shown(
            gross=gross, tare=self._tare, is_at_rest=self._cell.is_stable(now_s), span=span
        )

    def kg(self, divisions: int, *, decimals: int) -> str:
        """Return divisions in kilograms with a fixed count of decimals."""
        grams = divisions * self.division_g
        sign, grams = ("-", -grams) if grams < 0 else ("", grams)
        places = 10 ** (3 - decimals)
        whole, rest = divmod(grams // places, 10**decimals)
        return f"{sign}{whole}" + (f".{rest:0{decimals}d}" if decimals else "")

    def zero(self, now_s: float) -> bool:
        """Zero if the platform is at rest and near enough; return whether it was done."""
        shown = self.look(now_s)
        is_near = abs(shown.gross * self.division_g) <= ZERO_RATIO * self.capacity_g
        if not shown.is_at_rest or not is_near:
            return False
        self._zero_g += shown.gross * self.division_g
        self._tare = 0
        return True

    def take_tare(self, now_s: float) -> bool:
        """Tare if the platform is at rest and loaded; return whether it was done."""
        shown = self.look(now_s)
        if not shown.is_at_rest or shown.span != "ok" or shown.gross < 0:
            return False
        self._tare = shown.gross
        return True

    def clear_tare(self) -> None:
        """Forget the tare."""
        self._tare = 0


class Indicator(Protocol):
    """A protocol on top of a platform."""

    platform: Platform
    period_s: float | None
    """How often it sends by itself; None when it only answers."""

    def frame(self, shown: Shown) -> bytes:
        """Return what it sends of a weight."""

    def obey(self, keys: bytearray, now_s: float) -> bytes:
        """Take whole commands from the front of `keys`; return the answers."""


async def serve_indicator(indicator: Indicator, line: Line) -> Never:
    """Send and answer for ever."""
    loop = asyncio.get_running_loop()
    keys = bytearray()
    due_s = loop.time()
    while True:
        wait_s = 0.05
        if indicator.period_s is not None:
            wait_s = max(0.0, min(wait_s, due_s - loop.time()))
        keys += await line.read(wait_s)
        if answer := indicator.obey(keys, loop.time()):
            await line.send(answer)
        del keys[KEYS_BYTES_MAX:]
        shown = indicator.platform.look(loop.time())
        if indicator.period_s is not None and loop.time() >= due_s:
            due_s = max(due_s + indicator.period_s, loop.time())
            await line.send(indicator.frame(shown))
