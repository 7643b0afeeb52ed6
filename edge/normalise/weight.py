"""Which of the weights that a scale shows are news, and how many grams a unit has (pure)."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.readings import Weighed, WeightKind
    from edge.settings import Steady

GRAMS: Final = {
    "mg": Decimal("0.001"),
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
    "ozt": Decimal("31.1034768"),
    "tn": Decimal("907184.74"),
}
"""Exact by definition: the international pound, its sixteenth, the troy ounce, 2,000 lb."""
STABLE_COUNT: Final = 2
"""So many equal stable answers make a weight: one may be from before the load moved."""


def grams_of(unit: str) -> Decimal | None:
    """Return how many grams `unit` has; None when it is no mass, or none that is known here.

    Case matters to one letter only: a T may be either ton. KG and LB are what some indicators send.
    """
    return GRAMS.get(unit) or (GRAMS.get(unit.lower()) if len(unit) > 1 or unit == "G" else None)


def mass_g_from(shown: Weighed) -> Decimal | None:
    """Return the exact mass in grams; None where there is no value, or no unit of mass."""
    grams = grams_of(shown.unit)
    return None if shown.value is None or grams is None else shown.value * grams


class StableWeight:
    """Tells a stable weight once, when it differs from the last one."""

    def __init__(self, steady: Steady | None = None) -> None:
        self._steady = steady
        self._told: tuple[Decimal, WeightKind | None] | None = None
        self._seen: Decimal | None = None
        self._count = 0
        self._last: deque[Decimal] = deque(maxlen=steady.of if steady else 1)

    def retell(self) -> None:
        """Tell the next stable weight even if it is the one told last."""
        self._told = None

    def take(self, shown: Weighed) -> Decimal | None:
        """Return the mass in grams when `shown` completes a new stable weight."""
        mass_g, grams = mass_g_from(shown), grams_of(shown.unit)
        if shown.value is None or mass_g is None or grams is None:
            self._forget()
            return None
        division_g = grams.scaleb(int(shown.value.as_tuple().exponent))
        if shown.is_stable is None:
            is_whole = self._is_steady(mass_g)
        else:
            is_whole = self._is_repeated(mass_g, division_g, is_stable=shown.is_stable)
        if not is_whole:
            return None
        if self._told is not None:
            told_g, kind = self._told
            if kind == shown.kind and abs(mass_g - told_g) <= 2 * division_g:
                return None
        self._told = mass_g, shown.kind
        return mass_g

    def _forget(self) -> None:
        self._seen, self._count = None, 0
        self._last.clear()

    def _is_repeated(self, mass_g: Decimal, division_g: Decimal, *, is_stable: bool) -> bool:
        """Tell whether the scale has called this weight stable often enough."""
        if not is_stable:
            self._forget()
            return False
        if self._seen is None or abs(mass_g - self._seen) > division_g:
            self._seen, self._count = mass_g, 1
            return False
        self._count += 1
        return self._count >= STABLE_COUNT

    def _is_steady(self, mass_g: Decimal) -> bool:
        """Tell whether k of the last n weights lie within d of this one: the scale itself is mute.

        Only where the settings say k, n and d: missing words are no word for stable.
        """
        if self._steady is None:
            return False
        self._last.append(mass_g)
        within_g = Decimal(str(self._steady.within_g))
        near = sum(abs(one - mass_g) <= within_g for one in self._last)
        return near >= self._steady.count
