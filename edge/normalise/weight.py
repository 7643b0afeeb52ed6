"""Which of the weights that a scale shows are news (pure)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.readings import Weighed

GRAMS: Final = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "lb": Decimal("453.59237"),
}
STABLE_COUNT: Final = 2
"""So many equal stable answers make a weight: one may be from before the load moved."""


class StableWeight:
    """Tells a stable weight once, when it differs from the last one."""

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
