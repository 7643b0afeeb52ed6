"""Putaway of a whole pallet: filter by hard constraints, then take the least linear score (pure).

The score is in metres of driving, smaller is better:
    travel_in  = distance dock -> location
    travel_out = distance location -> staging * (0.5 + 1.5 * velocity)
    level      = 4 m for each level above the floor * (0.5 + velocity)
    expiry     = distance location -> staging * urgency, urgency falling from 1 to 0 over 180 days
Distances are Manhattan: vehicles keep to the aisles. Ties are settled by the location's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.settings import Location, Point
    from gateway.slotting.needs import Hall, PalletNeed

REJECTED_COUNT_MAX: Final = 20
RUNNERS_UP_COUNT_MAX: Final = 8
LEVEL_M: Final = 4.0  # Lifting one level takes as long as driving so far.
EXPIRY_HORIZON_DAYS: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A location that was not taken, and why; `count` locations share that reason."""

    location: str
    why: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a pallet goes; `location` is None when no place meets the hard constraints."""

    sscc: str
    location: str | None
    score: float | None
    terms: dict[str, float]
    rejected: tuple[Rejected, ...]


def decide(need: PalletNeed, hall: Hall) -> Decision:
    """Choose the place for a pallet and name the alternatives that were rejected."""
    scored: list[tuple[float, str, dict[str, float]]] = []
    refused: dict[str, list[str]] = {}
    for place in hall.locations.values():
        why = objection(need, place, hall)
        if why is not None:
            refused.setdefault(why, []).append(place.id)
            continue
        terms = score_terms(need, place, hall)
        scored.append((round(sum(terms.values()), 3), place.id, terms))
    scored.sort(key=lambda one: (one[0], one[1]))
    runners_up = [
        Rejected(location=name, why=f"score {score:g} m, {score - scored[0][0]:.1f} m worse")
        for score, name, _ in scored[1 : RUNNERS_UP_COUNT_MAX + 1]
    ]
    groups = sorted(refused.items(), key=lambda group: (-len(group[1]), group[0]))
    grouped = [Rejected(location=min(places), why=why, count=len(places)) for why, places in groups]
    rejected = tuple((runners_up + grouped)[:REJECTED_COUNT_MAX])
    if not scored:
        return Decision(sscc=need.sscc, location=None, score=None, terms={}, rejected=rejected)
    score, chosen, terms = scored[0]
    return Decision(sscc=need.sscc, location=chosen, score=score, terms=terms, rejected=rejected)


def objection(need: PalletNeed, place: Location, hall: Hall) -> str | None:
    """Return the first hard constraint that a place breaks, or None when it may be used."""
    if place.id in hall.taken:
        return hall.taken[place.id]
    if need.zones != frozenset({place.zone}):
        return f"zone {place.zone}, goods need {' and '.join(sorted(need.zones))}"
    if place.zone in hall.zones_out_of_band:
        return f"zone {place.zone} is out of its temperature band"
    if need.mass_g > place.mass_kg_max * 1000:
        return f"carries {place.mass_kg_max:g} kg, pallet weighs {need.mass_g / 1000:g} kg"
    if need.height_mm > place.height_mm_max:
        return f"clears {place.height_mm_max} mm, pallet stands {need.height_mm} mm"
    others = hall.owners.get((place.rack, place.bay), frozenset()) - {need.owner_id}
    if others:
        return f"bay holds goods of owner {', '.join(sorted(others))}"
    return None


def score_terms(need: PalletNeed, place: Location, hall: Hall) -> dict[str, float]:
    """Return the terms of a place's score, metres of driving each."""
    out_m = _distance_m(place, hall.staging)
    return {
        "travel_in": round(_distance_m(place, hall.dock), 3),
        "travel_out": round(out_m * (0.5 + 1.5 * need.velocity_ratio), 3),
        "level": round(LEVEL_M * (place.level - 1) * (0.5 + need.velocity_ratio), 3),
        "expiry": round(out_m * _urgency(need.days_left), 3),
    }


def _distance_m(place: Location, point: Point) -> float:
    return abs(place.x_m - point.x_m) + abs(place.y_m - point.y_m)


def _urgency(days_left: float | None) -> float:
    if days_left is None:
        return 0.0
    return min(1.0, max(0.0, 1.0 - days_left / EXPIRY_HORIZON_DAYS))
