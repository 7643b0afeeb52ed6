"""How long a silent tag may still be there: learnt from how often it was read (pure).

A reader looks at its field in rounds, and a tag that is there answers a round with some chance p.
Both are learnt: the round from the intervals between two reads of one tag, of which the median is
one round as long as tags answer every second one; p for each tag, newest rounds first. A silence of
k rounds has the chance (1 - p) ** k while the tag is there: it is gone when that is below
`miss_ratio`, with p taken a standard deviation lower than it was seen. This is the binomial window
of SMURF (Jeffery, Garofalakis, Franklin: Adaptive Cleaning for RFID Data Streams, VLDB 2006) with
the exact tail of a run of misses instead of its bound, and without a window to fill first.

Misses are not always chance: people walk between tag and antenna. So a margin is added, and learnt:
a tag that is back at once had not gone, and makes it longer; every departure that lasts makes it a
little shorter. It settles where RETURN_RATIO of the departures are taken back.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import Final

GAPS_COUNT_MAX: Final = 255
GAPS_COUNT_MIN: Final = 8
"""Before so many intervals were seen, nothing is known of the rounds."""
LEARN_EVERY_COUNT: Final = 32
ROUND_S_MIN: Final = 0.01
ROUND_S_MAX: Final = 2.0
MEMORY_ROUNDS: Final = 24
"""How far back a tag's chance is remembered: it moves while it is there."""
PRIOR_ROUNDS: Final = 4
"""A new tag is believed to be like the others, with the weight of so many rounds."""
POINT_MEMORY: Final = 256
CHANCE_MIN: Final = 0.05
CHANCE_MAX: Final = 0.98
MISSES_COUNT_MAX: Final = 64
RETURN_S: Final = 3.0
"""Nobody takes a pallet away and brings it back within so long."""
RETURN_RATIO: Final = 0.003
MARGIN_STEP_S: Final = 0.1
MARGIN_S_START: Final = 0.7
MARGIN_S_MAX: Final = 2.0


@dataclass(slots=True)
class Rate:
    """How a tag answers."""

    chance: float = 0.5
    rounds_count: int = 0


@dataclass(slots=True, kw_only=True)
class Patience:
    """Of one read point; all times in seconds."""

    miss_ratio: float
    quiet_s_min: float
    quiet_s_max: float
    start_s: float
    """Used until the rounds are known."""
    round_s: float | None = None
    chance: float = 0.5
    """Of the tags of this read point on the whole."""
    margin_s: float = MARGIN_S_START
    _gaps: deque[float] = field(default_factory=lambda: deque(maxlen=GAPS_COUNT_MAX))
    _new_count: int = 0

    def read(self, rate: Rate, gap_s: float) -> None:
        """Note that a tag was read again after `gap_s`."""
        if gap_s <= 0:
            return
        self._learn_round(gap_s)
        if self.round_s is None or gap_s < self.round_s / 2:
            return  # A second antenna in the same round.
        misses = min(round(gap_s / self.round_s) - 1, MISSES_COUNT_MAX)
        for _ in range(misses):
            self._answer(rate, 0.0)
        self._answer(rate, 1.0)
        self.chance += (rate.chance - self.chance) / POINT_MEMORY

    def quiet_s(self, rate: Rate) -> float:
        """Return the silence after which the tag is gone."""
        if self.round_s is None:
            return self.start_s
        weight = min(rate.rounds_count, MEMORY_ROUNDS)
        known = weight + PRIOR_ROUNDS
        chance = (rate.chance * weight + self.chance * PRIOR_ROUNDS) / known
        low = chance - math.sqrt(chance * (1 - chance) / known)
        low = min(max(low, CHANCE_MIN), CHANCE_MAX)
        rounds = math.ceil(math.log(self.miss_ratio) / math.log(1 - low))
        # Half a round more: the last look may just not have come.
        silence_s = (rounds + 0.5) * self.round_s + self.margin_s
        return min(max(silence_s, self.quiet_s_min), self.quiet_s_max)

    def returned(self) -> None:
        """Note that a tag was told gone and had not gone."""
        self.margin_s = min(self.margin_s + MARGIN_STEP_S, MARGIN_S_MAX)

    def stayed_away(self) -> None:
        """Note that a departure lasted."""
        self.margin_s = max(self.margin_s - MARGIN_STEP_S * RETURN_RATIO, 0.0)

    def _answer(self, rate: Rate, answered: float) -> None:
        rate.rounds_count += 1
        share = 1 / min(rate.rounds_count, MEMORY_ROUNDS)
        rate.chance += (answered - rate.chance) * share

    def _learn_round(self, gap_s: float) -> None:
        if gap_s > self.quiet_s_max:
            return  # It was away.
        self._gaps.append(gap_s)
        self._new_count += 1
        is_first = self.round_s is None and len(self._gaps) >= GAPS_COUNT_MIN
        if is_first or self._new_count >= LEARN_EVERY_COUNT:
            self._new_count = 0
            median_s = statistics.median(self._gaps)
            if len(self._gaps) >= GAPS_COUNT_MIN:
                self.round_s = min(max(median_s, ROUND_S_MIN), ROUND_S_MAX)
