"""Tags that come and go past a reader in virtual time, and the reads that a reader makes of them.

Nothing of the edge's code is used: the truth and the reads are made here. A reader looks every
ROUND_S; a tag in the field answers a round with `read_ratio`; a body in the way takes a tag out for
a while; tags from beside stray in now and then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

ROUND_S: Final = 0.25
"""Two antennas in turn, 100 ms each, and the serial line: what the 288's driver does."""
STAY_S: Final = (4.0, 90.0)
AWAY_S: Final = (8.0, 30.0)
SHADOW_PER_S: Final = 0.004
SHADOW_S: Final = (0.3, 0.8)
STRAYS_PER_S: Final = 0.5
STRAY_TAGS_COUNT: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A tag was in the field."""

    epc: bytes
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One answer."""

    at_s: float
    epc: bytes
    rssi_dbm: int


@dataclass(slots=True)
class Day:
    """What happened, and what was read of it, in order of time."""

    stays: list[Stay] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)


def day_of(rng: random.Random, *, read_ratio: float, tags_count: int, length_s: float) -> Day:
    """Return a day of `length_s` seconds; every tag has left at its end."""
    day = Day()
    for number in range(tags_count):
        epc = b"\x30" + number.to_bytes(11, "big")
        now_s = rng.uniform(0.0, 10.0)
        while True:
            stay = Stay(epc=epc, from_s=now_s, to_s=now_s + rng.uniform(*STAY_S))
            if stay.to_s > length_s - 20:
                break
            day.stays.append(stay)
            day.reads += _reads(rng, stay, read_ratio)
            now_s = stay.to_s + rng.uniform(*AWAY_S)
    at_s = 0.0
    while (at_s := at_s + rng.expovariate(STRAYS_PER_S)) < length_s:
        epc = b"\x31" + rng.randrange(STRAY_TAGS_COUNT).to_bytes(11, "big")
        day.reads.append(Read(at_s=at_s, epc=epc, rssi_dbm=rng.randint(-74, -66)))
    day.reads.sort(key=lambda one: one.at_s)
    return day


def _reads(rng: random.Random, stay: Stay, read_ratio: float) -> list[Read]:
    found = []
    dark_to_s = 0.0
    at_s = stay.from_s + rng.uniform(0.0, ROUND_S)
    while at_s < stay.to_s:
        if at_s >= dark_to_s and rng.random() < SHADOW_PER_S * ROUND_S:
            dark_to_s = at_s + rng.uniform(*SHADOW_S)
        if at_s >= dark_to_s and rng.random() < read_ratio:
            found.append(Read(at_s=at_s, epc=stay.epc, rssi_dbm=rng.randint(-68, -52)))
        at_s += ROUND_S
    return found
