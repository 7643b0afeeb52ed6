"""The live state as the page shows it: ages in seconds, nothing guessed."""

from __future__ import annotations

import heapq
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gateway.live import AirLive, DeviceLive, Live
    from gateway.settings import Site, Zone

EDGE_FRESH_S: Final = 5.0
PROBES_SHOWN: Final = 50
"""Of one zone, in one picture: what is wrong comes first."""
EDGES_SHOWN: Final = 100
BUSES_SHOWN: Final = 100
DEVICES_SHOWN: Final = 200
DEVICES_ASKED_MAX: Final = 1_000
_CLIMATE: Final = ("temperature_c", "humidity_percent", "co2_ppm", "dew_point_c")


def climate(site: Site, live: Live) -> list[dict[str, Any]]:
    """Return each zone's air: median of the fresh probes, its age, whether it is out of band.

    Probes are counted whole and told up to a bound, stale and doubtful ones first.
    """
    now_s = time.monotonic()
    by_zone = live.air_by_zone()
    return [_zone(zone, by_zone.get(zone.id, []), now_s) for zone in site.zones]


def _zone(zone: Zone, air: list[AirLive], now_s: float) -> dict[str, Any]:
    fresh = [one for one in air if now_s - one.at_s <= zone.stale_s]
    if len(air) > PROBES_SHOWN:
        shown = heapq.nsmallest(
            PROBES_SHOWN,
            air,
            key=lambda one: (
                now_s - one.at_s <= zone.stale_s and one.quality == "good",
                one.device,
            ),
        )
    else:
        shown = sorted(air, key=lambda one: one.device)
    row: dict[str, Any] = {
        "zone": zone.id,
        "low_c": zone.temperature_c.low,
        "high_c": zone.temperature_c.high,
        "stale_s": zone.stale_s,
        "probes_count": len(air),
        "fresh_count": len(fresh),
        "age_s": round(min((now_s - one.at_s for one in air), default=-1.0), 1),
        "is_stale": not fresh,
        "probes": [{"device": one.device, **_reading(one, now_s)} for one in shown],
    }
    for field in _CLIMATE:
        values = [one.values[field] for one in fresh or air if field in one.values]
        if values:
            row[field] = round(statistics.median(values), 2)
    if "temperature_c" in row:
        low, high = zone.temperature_c.low, zone.temperature_c.high
        row["is_out"] = not low <= row["temperature_c"] <= high
    return row


def _reading(air: AirLive, now_s: float) -> dict[str, Any]:
    return {"age_s": round(now_s - air.at_s, 1), "quality": air.quality, "values": air.values}


def edges(live: Live, heads: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return edges (beat age, head against tip, outbox) up to a bound, and their count.

    Beyond the bound those that are not heard or forked are told first.
    """
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
    count = len(told)
    if count > EDGES_SHOWN:
        told.sort(key=lambda row: row["is_online"] and not row["is_forked"])
    return {"edges": told[:EDGES_SHOWN], "edges_count": count}


def buses(live: Live) -> list[dict[str, Any]]:
    """Return field buses, what was planned beside what is used; the fullest first, bounded."""
    now_s = time.monotonic()
    fullest = sorted(
        live.buses.items(),
        key=lambda item: (-max(item[1].utilisation_ratio, item[1].planned_ratio or 0.0), item[0]),
    )
    return [
        {
            "edge": edge,
            "bus": bus,
            "age_s": round(now_s - one.at_s, 1),
            "utilisation_ratio": one.utilisation_ratio,
            "planned_ratio": one.planned_ratio,
            "cycle_ms": one.cycle_ms,
            "requests_count": one.requests_count,
            "timeouts_count": one.timeouts_count,
            "errors_count": one.errors_count,
        }
        for (edge, bus), one in fullest[:BUSES_SHOWN]
    ]


def devices(live: Live, *, text: str = "", count_max: int = DEVICES_SHOWN) -> dict[str, Any]:
    """Return devices as their births and last readings told them, up to a bound, and their count.

    `text` stands somewhere in the name of the device, edge, family or zone. Beyond the bound those
    that are not well are told first.
    """
    wanted = text.strip().lower()
    found = [
        one
        for one in list(live.devices.values())
        if not wanted
        or any(wanted in word for word in (one.device, one.edge, one.family.lower(), one.zone))
    ]
    if len(found) > count_max:
        shown = heapq.nsmallest(count_max, found, key=_by_trouble)
    else:
        shown = sorted(found, key=lambda one: (one.edge, one.device))
    now_s, now_ns = time.monotonic(), time.time_ns()
    return {
        "devices": [_device(live, one, now_s=now_s, now_ns=now_ns) for one in shown],
        "devices_count": len(found),
    }


def _by_trouble(one: DeviceLive) -> tuple[bool, str, str]:
    return one.status == "ok", one.edge, one.device


def _device(live: Live, one: DeviceLive, *, now_s: float, now_ns: int) -> dict[str, Any]:
    air = live.air.get((one.zone, one.edge, one.device))
    return {
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
        "reading": None if air is None else _reading(air, now_s),
    }


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
