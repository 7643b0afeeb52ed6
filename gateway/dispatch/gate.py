"""The gate rule, which tells whether a truck may leave (pure).

`judge` takes the whole basis of the decision, as it is journalled with `gate.decided`, so that an
inspector can compute it again. Source: the project's contract on the wire, section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BEAT_AGE_S_MAX: Final = 5.0

DEFINITIVE: Final = frozenset(
    {"released", "bound", "tags-foreign", "tags-missing", "hold", "passport", "plate", "weight"}
)
"""Rules whose breach needs a person; the others may pass: an edge comes back."""

SETTLE_S: Final[dict[str, float]] = {"tags-missing": 10.0, "weight": 5.0}
"""A portal tells a passage up to its window later, a bridge swings: these wait first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why the gate stays shut."""

    rule: str
    unit: str
    """A carton or tag, or empty when the reason is not one carton's."""
    why: str
    who: str

    def as_row(self) -> dict[str, str]:
        """Return it as it stands in a truck's row and in the journal."""
        return {"rule": self.rule, "unit": self.unit, "why": self.why, "who": self.who}


def judge(basis: Mapping[str, Any]) -> list[Refusal]:
    """Return every reason why the gate must stay shut; none means that it may open.

    Args:
        basis: `truck` (plate, seen_plate, tare_g, weighed_mass_g, weighed_seq, passed_seq),
            `passport` (passport_id, state, plate, total_mass_g, units) or None, `aboard` (rows
            of units: unit, is_released, status, passport_id, holds_count), `foreign_tags`,
            `edges` (edge, beat_age_s, head_seq, tip_seq, is_forked, is_full, mode,
            is_cloned), `foreign_ledgers`, `has_twin`, `weight_tolerance_g`.

    """
    return [
        *_edges(basis),
        *_aboard(basis),
        *_tags(basis),
        *_papers(basis),
        *_weight(basis),
    ]


def _edges(basis: Mapping[str, Any]) -> Iterator[Refusal]:
    def refuse(rule: str, why: str, who: str) -> Refusal:
        return Refusal(rule=rule, unit="", why=why, who=who)

    if not basis["edges"]:
        yield refuse("edge-fresh", "no edge watches the route", "technician")
    for edge in basis["edges"]:
        name = edge["edge"]
        if not 0 <= edge["beat_age_s"] <= BEAT_AGE_S_MAX:
            yield refuse("edge-fresh", f"edge {name} has not been heard for 5 s", "technician")
        if edge["head_seq"] < edge["tip_seq"]:
            yield refuse("edge-head", f"edge {name} has events that are not yet applied", "wait")
        if edge["is_forked"]:
            yield refuse("fork", f"edge {name} has two histories", "technician")
        if edge["mode"] != "following":
            why = f"the custody chain of edge {name} is {edge['mode']}, not following the ledger"
            yield refuse("fork", why, "wait" if edge["mode"] == "asking" else "technician")
        if edge["is_cloned"]:
            yield refuse("fork", f"two boxes speak as edge {name}", "technician")
        if edge["is_full"]:
            yield refuse("outbox-full", f"the outbox of edge {name} is full", "technician")
    for ledger in basis["foreign_ledgers"]:
        yield refuse("foreign-ledger", f"a gateway of ledger {ledger} is on this broker", "IT")
    if basis["has_twin"]:
        yield refuse("foreign-ledger", "another database with our ledger's id is at work", "IT")


def _aboard(basis: Mapping[str, Any]) -> Iterator[Refusal]:
    passport = basis["passport"]
    bound = passport["passport_id"] if passport is not None else None
    for row in basis["aboard"]:
        unit = row["unit"]
        if not row["is_released"]:
            why = f"customs has not released it (duty status {row['status']})"
            yield Refusal(rule="released", unit=unit, why=why, who="shift lead: unload it")
        if bound is None or row["passport_id"] != bound:
            why = "it is not bound to this truck's gate passport"
            yield Refusal(rule="bound", unit=unit, why=why, who="shift lead: unload it")
        if row["holds_count"]:
            why = f"it has {row['holds_count']} open hold(s)"
            yield Refusal(rule="hold", unit=unit, why=why, who="shift lead")


def _tags(basis: Mapping[str, Any]) -> Iterator[Refusal]:
    passport = basis["passport"]
    wanted = set(passport["units"]) if passport is not None else set()
    aboard = {row["unit"] for row in basis["aboard"]}
    for unit in sorted(wanted - aboard):
        why = "it is on the passport, but the portal did not see it pass"
        yield Refusal(rule="tags-missing", unit=unit, why=why, who="shift lead")
    for tag in sorted({*(aboard - wanted), *basis["foreign_tags"]}):
        why = "it passed the portal, but is not on the passport"
        yield Refusal(rule="tags-foreign", unit=tag, why=why, who="shift lead: unload it")


def _papers(basis: Mapping[str, Any]) -> Iterator[Refusal]:
    truck, passport = basis["truck"], basis["passport"]
    if passport is None and basis["aboard"]:
        why = "the truck has no gate passport"
        yield Refusal(rule="passport", unit="", why=why, who="customs")
    if passport is not None and passport["state"] != "approved":
        why = f"gate passport {passport['passport_id']} is {passport['state']}, not approved"
        yield Refusal(rule="passport", unit="", why=why, who="customs")
    papers = truck["plate"] if passport is None else passport["plate"]
    if _plain(truck["seen_plate"] or "") != _plain(papers):
        why = f"the camera read {truck['seen_plate'] or 'no plate'}, the papers say {papers}"
        yield Refusal(rule="plate", unit="", why=why, who="shift lead")


def _plain(plate: str) -> str:
    """Return a plate as it is compared: no blanks, dots and dashes, in capitals."""
    return re.sub(r"[\s.·-]", "", plate).upper()


def _weight(basis: Mapping[str, Any]) -> Iterator[Refusal]:
    truck, passport = basis["truck"], basis["passport"]
    mass_g, seq = truck["weighed_mass_g"], truck["weighed_seq"]
    if mass_g is None or seq is None or seq <= (truck["passed_seq"] or 0):
        why = "the weighbridge has not settled since the last carton passed"
        yield Refusal(rule="weight-awaited", unit="", why=why, who="wait")
        return
    expected_g = truck["tare_g"] if passport is None else passport["total_mass_g"]
    if abs(mass_g - expected_g) > basis["weight_tolerance_g"]:
        why = (
            f"the weighbridge says {mass_g / 1000:g} kg, expected {expected_g / 1000:g} kg "
            f"± {basis['weight_tolerance_g'] / 1000:g} kg"
        )
        yield Refusal(rule="weight", unit="", why=why, who="shift lead")
