"""Drives an MT-SICS scale: asks for the weight now, tells each new stable weight once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from edge.devices.mt_sics.codec import WEIGHT_NOW, SicsCodec
from edge.readings import Weighed

if TYPE_CHECKING:
    from edge.links.line import Line

REPLY_S: Final = 1.0
GRAMS: Final = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "lb": Decimal("453.59237"),
}
STABLE_COUNT: Final = 2
"""So many equal stable answers make a weight: one may be from before the load moved."""


class StableWeight:
    """Tells a stable weight once, when it differs from the last one (pure)."""

    def __init__(self) -> None:
        self._told: Decimal | None = None
        self._seen: Decimal | None = None
        self._count = 0

    def retell(self) -> None:
        """Tell the next stable weight even if it is the one told last."""
        self._told = None

    def take(self, shown: Weighed) -> Decimal | None:
        """Return the mass in grams when `shown` completes a new stable weight."""
        if shown.value is None or not shown.is_stable or shown.unit not in GRAMS:
            self._count = 0
            self._seen = None
            return None
        division = Decimal(1).scaleb(int(shown.value.as_tuple().exponent))
        if self._seen is None or abs(shown.value - self._seen) > division:
            self._seen, self._count = shown.value, 1
            return None
        self._count += 1
        if self._count < STABLE_COUNT:
            return None
        if self._told is not None and abs(self._seen - self._told) <= 2 * division:
            return None
        self._told = self._seen
        return self._seen * GRAMS[shown.unit]


class SicsDriver:
    """One scale on one line."""

    model = "MT-SICS"

    def __init__(self, line: Line) -> None:
        self._line = line
        self._codec = SicsCodec()
        self.corrupt_count = 0

    async def ask(self) -> Weighed | None:
        """Return what the scale shows now; None when it does not answer. Raises LinkLost."""
        self._line.discard()
        await self._line.write(WEIGHT_NOW)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for reading in self._codec.feed(await self._line.read(0.1)):
                if isinstance(reading, Weighed):
                    return reading
                self.corrupt_count += 1
            waited_s += 0.1
        return None

    async def tell(self, command: str) -> str | None:
        """Send Z or T and return the answer's rest; None when there is none."""
        self._line.discard()
        await self._line.write(command.encode() + b"\r\n")
        waited_s = 0.0
        while waited_s < REPLY_S:
            for reading in self._codec.feed(await self._line.read(0.1)):
                if not isinstance(reading, Weighed) and getattr(reading, "head", "") == command:
                    return str(getattr(reading, "text", ""))
            waited_s += 0.1
        return None
