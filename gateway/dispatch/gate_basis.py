"""The basis of a gate decision, gathered from the ledger and from what is live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.dispatch.rows import rows, units_at
from gateway.dispatch.waves import active_passport
from gateway.ledger import schema

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Dock

NEVER_S: Final = 1e6
"""The age of a beat that has not come yet."""
WEIGHT_TOLERANCE_G: Final = 5_000.0
"""Unless the site's rule `gate_weight_tolerance_g` says otherwise."""


def dock_of(tx: Tx, truck: Row) -> Dock:
    """Return the dock where a truck stands. Raises LookupError for a dock the site lost."""
    for dock in tx.site.docks:
        if dock.id == truck["dock"]:
            return dock
    raise LookupError(truck["dock"])


def build(tx: Tx, live: Live, now_s: float, truck: Row) -> dict[str, Any]:
    """Return the basis on which the gate rule judges a truck; JSON that an inspector can keep."""
    passport = active_passport(tx, truck["truck_id"])
    unit_words = ("unit", "status", "is_released", "passport_id", "holds_count", "place_evidence")
    tag = schema.foreign_tag
    tags = rows(tx, select(tag.c.tag).where(tag.c.truck_id == truck["truck_id"]))
    truck_words = (
        "truck_id",
        "plate",
        "seen_plate",
        "tare_g",
        "weighed_mass_g",
        "weighed_seq",
        "passed_seq",
    )
    return {
        "truck": {word: truck[word] for word in truck_words},
        "passport": None
        if passport is None
        else {
            "passport_id": passport["passport_id"],
            "state": passport["state"],
            "plate": passport["plate"],
            "total_mass_g": passport["total_mass_g"],
            "units": json.loads(passport["units"]),
        },
        "aboard": [
            {word: row[word] for word in unit_words}
            for row in units_at(tx, f"truck:{truck['truck_id']}")
        ],
        "foreign_tags": sorted(row["tag"] for row in tags),
        "edges": [_edge(tx, live, now_s, dock_of(tx, truck).edge)],
        "foreign_ledgers": live.foreign_now(now_s),
        "has_twin": live.has_twin(now_s),
        "weight_tolerance_g": _tolerance_g(tx),
    }


def _edge(tx: Tx, live: Live, now_s: float, name: str) -> dict[str, Any]:
    edge = live.edges.get(name)
    table = schema.edge_head
    head = rows(tx, select(table).where(table.c.edge == name))
    return {
        "edge": name,
        "beat_age_s": NEVER_S if edge is None else min(NEVER_S, round(now_s - edge.beat_at_s, 3)),
        "head_seq": head[0]["seq"] if head else 0,
        "tip_seq": edge.tip_seq if edge is not None else 0,
        "is_forked": bool(head and head[0]["is_forked"]),
        "is_full": edge is not None and edge.is_full,
        "mode": "asking" if edge is None else edge.mode,
        "is_cloned": edge is not None and edge.is_cloned(now_s),
    }


def _tolerance_g(tx: Tx) -> float:
    try:
        return tx.site.rule("gate_weight_tolerance_g", tx.at[:10])
    except KeyError:
        return WEIGHT_TOLERANCE_G
