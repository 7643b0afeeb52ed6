"""Climate: a zone out of its band for too long holds its goods."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.alarms import acts
from gateway.ledger import holds, schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Zone


def fresh_temperatures_c(live: Live, zones: Iterable[Zone], now_s: float) -> dict[str, float]:
    """Return by zone the median of its fresh good temperatures; a zone that has none is absent."""
    by_zone = live.air_by_zone()
    found: dict[str, float] = {}
    for zone in zones:
        values = [
            air.values["temperature_c"]
            for air in by_zone.get(zone.id, ())
            if air.quality == "good"
            and now_s - air.at_s <= zone.stale_s
            and math.isfinite(air.values.get("temperature_c", math.nan))
        ]
        if values:
            found[zone.id] = median(values)
    return found


def watch(tx: Tx, live: Live, now_s: float) -> None:
    """Raise or clear each zone's excursion; holds are put when it begins, people release them."""
    found = fresh_temperatures_c(live, tx.site.zones, now_s)
    for zone in tx.site.zones:
        value_c = found.get(zone.id)
        key = ("climate-excursion", zone.id)
        if value_c is None:
            # Unknown neither starts nor ends an excursion; climate-stale says so.
            live.since.pop(key, None)
            continue
        band = zone.temperature_c
        if band.low <= value_c <= band.high:
            live.since.pop(key, None)
            acts.clear_alarm(tx, "climate-excursion", zone.id)
        elif now_s - live.since.setdefault(key, now_s) >= zone.excursion_s:
            _begin(tx, zone, value_c)


def _begin(tx: Tx, zone: Zone, value_c: float) -> None:
    if acts.is_active(tx, "climate-excursion", zone.id):
        return
    band = zone.temperature_c
    text = f"zone {zone.id}: {value_c:.1f} °C, allowed {band.low:g} to {band.high:g} °C"
    acts.raise_alarm(tx, "climate-excursion", zone.id, text)
    places = [f"location:{one.id}" for one in tx.site.locations().values() if one.zone == zone.id]
    unit = schema.unit
    query = select(unit.c.unit, unit.c.place).where(unit.c.place.like("location:%"))
    inside = set(places)
    for row in tx.connection.execute(query.order_by(unit.c.unit)):
        if row.place in inside:
            reason = f"climate excursion of {text}"
            holds.place(tx, row.unit, kind="quality", reason=reason, by="rule:climate")
