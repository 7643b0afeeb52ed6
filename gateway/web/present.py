"""The live state as the page shows it: ages in seconds, nothing guessed."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gateway.live import Live
    from gateway.settings import Site

EDGE_FRESH_S: Final = 5.0


def climate(site: Site, live: Live) -> list[dict[str, Any]]:
    """Return each zone's air: median of the fresh probes, its age, whether it is out of band."""
    now_s = time.monotonic()
    told = []
    for zone in site.zones:
        air = [one for (name, *_), one in list(live.air.items()) if name == zone.id]
        fresh = [one for one in air if now_s - one.at_s <= zone.stale_s]
        row: dict[str, Any] = {
            "zone": zone.id,
            "low_c": zone.temperature_c.low,
            "high_c": zone.temperature_c.high,
            "stale_s": zone.stale_s,
            "probes_count": len(air),
            "fresh_count": len(fresh),
            "age_s": round(min((now_s - one.at_s for one in air), default=-1.0), 1),
            "is_stale": not fresh,
            "probes": [
                {
                    "device": one.device,
                    "age_s": round(now_s - one.at_s, 1),
                    "quality": one.quality,
                    "values": one.values,
                }
                for one in sorted(air, key=lambda one: one.device)
            ],
        }
        for field in ("temperature_c", "humidity_percent", "co2_ppm", "dew_point_c"):
            values = [one.values[field] for one in fresh or air if field in one.values]
            if values:
                row[field] = round(statistics.median(values), 2)
        if "temperature_c" in row:
            low, high = zone.temperature_c.low, zone.temperature_c.high
            row["is_out"] = not low <= row["temperature_c"] <= high
        told.append(row)
    return told


def edges(live: Live, heads: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each edge: beat age, head against tip, outbox."""
    now_s = time.monotonic()
    told = []
    for edge, one in sorted(live.edges.items()):
        head = heads.get(edge, {"seq": 0, "is_forked": False})
        age_s = now_s - one.beat_at_s
        told.append(
            {
                "edge": edge,
                "is_online": one.is_online and age_s <= EDGE_FRESH_S,
                "beat_age_s": round(age_s, 1) if age_s < 1e6 else None,  # noqa: PLR2004 - never heard
                "tip_seq": one.tip_seq,
                "head_seq": head["seq"],
                "is_forked": bool(head["is_forked"]),
                "custody_rows": one.custody_rows,
                "telemetry_rows": one.telemetry_rows,
                "boot": one.boot,
            }
        )
    return told


def devices(live: Live) -> list[dict[str, Any]]:
    """Return each device as its birth told it."""
    now_ns = time.time_ns()
    return [
        {
            "edge": one.edge,
            "device": one.device,
            "family": one.family,
            "status": one.status,
            "status_reason": one.status_reason,
            "zone": one.zone,
            "read_point": one.read_point,
            "seen_age_s": None
            if one.last_seen_ns is None
            else round(max(0, now_ns - one.last_seen_ns) / 1e9, 1),
        }
        for _, one in sorted(live.devices.items())
    ]


def vehicles(live: Live) -> list[dict[str, Any]]:
    """Return each vehicle's position and load."""
    now_s = time.monotonic()
    return [
        {
            "serial": one.serial,
            "x_m": round(one.x_m, 2),
            "y_m": round(one.y_m, 2),
            "is_online": one.is_online and now_s - one.at_s < EDGE_FRESH_S,
            "is_idle": one.is_idle,
            "loads": one.loads,
            "order_id": one.order_id,
            "errors": one.errors,
            "battery_percent": one.battery_percent,
        }
        for _, one in sorted(live.vehicles.items())
    ]


def processes(live: Live) -> list[dict[str, Any]]:
    """Return the launcher's processes; none when each part runs alone."""
    return [{"process": name, **row} for name, row in sorted(live.processes.items())]


def floor_plan(site: Site) -> dict[str, Any]:
    """Return the map: it does not change while the gateway runs."""
    return {
        "name": site.name,
        "locations": [
            {"id": one.id, "zone": one.zone, "x_m": one.x_m, "y_m": one.y_m, "level": one.level}
            for one in site.locations().values()
        ],
        "docks": [
            {"id": one.id, "purpose": one.purpose, "x_m": one.at.x_m, "y_m": one.at.y_m}
            for one in site.docks
        ],
        "stagings": [{"id": one.id, "x_m": one.at.x_m, "y_m": one.at.y_m} for one in site.stagings],
        "zones": [one.id for one in site.zones],
    }
