"""How a platform moves when its load changes: a damped swing, then rest (pure).

The model is ours: an exponential envelope around one frequency is what a person sees on an
indicator, and no standard prescribes it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

SETTLE_S: Final = 0.6
DAMPING_S: Final = 0.12
SWING_HZ: Final = 4.0
NOISE_DIVISIONS: Final = 0.05
NOISE_DIVISIONS_MAX: Final = 0.3


class LoadCell:
    """What the cell shows at a time, for the true masses it was shown before."""

    def __init__(self, *, division_g: int, rng: random.Random) -> None:
        assert division_g > 0
        self._division_g = division_g
        self._rng = rng
        self._mass_g = 0.0
        self._step_g = 0.0
        self._changed_at_s = -math.inf

    def observe(self, mass_g: float, now_s: float) -> None:
        """Take the true mass; a change beyond a tenth of a division starts a swing."""
        if abs(mass_g - self._mass_g) <= self._division_g / 10:
            return
        # The swing goes on from where the platform is now, not from where it would rest.
        self._step_g = self._at_rest_off_g(now_s) + self._mass_g - mass_g
        self._mass_g = mass_g
        self._changed_at_s = now_s

    def is_stable(self, now_s: float) -> bool:
        """Return whether the platform has come to rest."""
        return now_s - self._changed_at_s >= SETTLE_S

    def shown_g(self, now_s: float) -> float:
        """Return the mass as the cell feels it, unrounded."""
        noise = self._rng.gauss(0.0, NOISE_DIVISIONS)
        noise = max(-NOISE_DIVISIONS_MAX, min(NOISE_DIVISIONS_MAX, noise))
        return self._mass_g + self._at_rest_off_g(now_s) + noise * self._division_g

    def _at_rest_off_g(self, now_s: float) -> float:
        age_s = now_s - self._changed_at_s
        if age_s >= SETTLE_S:
            return 0.0
        swing = math.cos(2 * math.pi * SWING_HZ * age_s)
        return self._step_g * math.exp(-age_s / DAMPING_S) * swing
