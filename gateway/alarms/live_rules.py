"""Alarm rules over the present: edges, devices, vehicles, air, processes (no I/O)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.alarms.climate import fresh_temperatures_c

if TYPE_CHECKING:
    from gateway.live import Live
    from gateway.settings import Site

    Wanted = dict[tuple[str, str], str]

MANAGED: Final = frozenset(
    {
        "edge-lost",
        "dead-letter-flood",
        "config-refused",
        "device-lost",
        "climate-stale",
        "custody-clone",
        "custody-exhausted",
        "custody-full",
        "custody-stopped",
        "ledger-twin",
        "foreign-gateway",
        "vehicle-lost",
        "process-restarted",
    }
)

BEAT_AGE_S_MAX: Final = 6.0
VEHICLE_AGE_S_MAX: Final = 10.0
START_S: Final = 15.0
"""After our start everything gets so long to be heard for the first time."""
DEVICE_LOST_S: Final = 3.0
RESTART_SHOWN_S: Final = 60.0
SHOWN_CHARS: Final = 300
"""Of a fault in an edge's file: key and remedy stand at its start."""


def wanted(site: Site, live: Live, now_s: float) -> Wanted:
    """Return the alarms that the present asks for: (definition, subject) to what."""
    started_s = live.since.setdefault(("gateway", "started"), now_s)
    is_settled = now_s - started_s >= START_S
    found = _edges(site, live, now_s) if is_settled else {}
    if is_settled:
        found.update(_vehicles(site, live, now_s))
        found.update(_air(site, live, now_s))
    lost = {subject for definition, subject in found if definition == "edge-lost"}
    devices = _devices(live, lost)
    found.update(lasting(live, "device-lost", devices, now_s=now_s, after_s=DEVICE_LOST_S))
    for ledger in live.foreign_now(now_s):
        found["foreign-gateway", ledger] = f"a gateway of ledger {ledger} is on this broker"
    if live.has_twin(now_s):
        found["ledger-twin", "ledger"] = "a gateway of our ledger's id told of another journal"
    found.update(_chains(live, now_s))
    found.update(_configs(live))
    found.update(_processes(live, now_s))
    return found


def _chains(live: Live, now_s: float) -> Wanted:
    """Find edges whose chain a person must decide on, and full ones."""
    found: Wanted = {}
    for edge in list(live.edges.values()):
        name = edge.edge
        if edge.mode == "forked":
            found["custody-fork", name] = f"edge {name} lacks rows that the ledger has of it"
        if edge.mode == "exhausted":
            found["custody-exhausted", name] = f"edge {name} keeps nothing that the ledger knows"
        if edge.mode == "stopped":
            found["custody-stopped", name] = f"the box of edge {name} was stopped by a person"
        if edge.is_cloned(now_s):
            found["custody-clone", name] = f"two boxes speak as edge {name}"
        if name in live.withheld:
            found["dead-letter-flood", name] = f"too much of what edge {name} sends is unusable"
        if edge.is_full:
            found["custody-full", name] = f"edge {name} can keep no further events"
    return found


def _configs(live: Live) -> Wanted:
    return {
        ("config-refused", edge.edge): (
            f"edge {edge.edge} goes on with its former file: {edge.config_errors[0][:SHOWN_CHARS]}"
        )
        for edge in list(live.edges.values())
        if edge.config_errors
    }


def lasting(live: Live, rule: str, found: Wanted, *, now_s: float, after_s: float) -> Wanted:
    """Return those of `found` that have been there for `after_s` seconds."""
    subjects = {subject for _, subject in found}
    for key in [key for key in live.since if key[0] == rule and key[1] not in subjects]:
        del live.since[key]
    return {
        key: what
        for key, what in found.items()
        if now_s - live.since.setdefault((rule, key[1]), now_s) >= after_s
    }


def _edges(site: Site, live: Live, now_s: float) -> Wanted:
    found: Wanted = {}
    for name in sorted({dock.edge for dock in site.docks}):
        edge = live.edges.get(name)
        if edge is None or now_s - edge.beat_at_s > BEAT_AGE_S_MAX:
            found["edge-lost", name] = f"edge {name} is not heard"
    return found


def _devices(live: Live, lost_edges: set[str]) -> Wanted:
    """Find lost devices; a dead edge is one alarm, not one for each of its devices."""
    return {
        ("device-lost", f"{device.edge} {device.device}"): (
            f"{device.device} of edge {device.edge}: {device.status_reason or 'no answer'}"
        )
        for device in list(live.devices.values())
        if device.status == "lost" and device.edge not in lost_edges
    }


def _vehicles(site: Site, live: Live, now_s: float) -> Wanted:
    found: Wanted = {}
    for vehicle in site.vehicles:
        seen = live.vehicles.get(vehicle.serial)
        if seen is None or not seen.is_online or now_s - seen.at_s > VEHICLE_AGE_S_MAX:
            found["vehicle-lost", vehicle.serial] = f"vehicle {vehicle.serial} is not heard"
    return found


def _air(site: Site, live: Live, now_s: float) -> Wanted:
    known = fresh_temperatures_c(live, site.zones, now_s)
    return {
        ("climate-stale", zone.id): f"zone {zone.id} has no fresh good temperature"
        for zone in site.zones
        if zone.id not in known
    }


def _processes(live: Live, now_s: float) -> Wanted:
    found: Wanted = {}
    for name, process in sorted(live.processes.items()):
        count = process.get("restarts_count")
        if not isinstance(count, int) or count <= 0:
            continue
        seen_s = live.since.setdefault(("process", f"{name} {count}"), now_s)
        if process.get("state") == "restarting" or now_s - seen_s < RESTART_SHOWN_S:
            last = process.get("last_exit")
            found["process-restarted", name] = f"{name} was restarted (last exit: {last})"
    return found
