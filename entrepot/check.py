"""`entrepot check`: every fault of a site's files at once, each with file, key and remedy."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Final

from edge.catalogue.plans import planned
from edge.modbus.plan import NEARLY_FULL_RATIO
from edge.settings import PlcSettings
from edge.site_file import load_edge, ports_of, read_edge
from entrepot.check_hall import hall_faults
from gateway.settings import read_site
from runtime.settings import Fault
from runtime.settings_words import probably

if TYPE_CHECKING:
    from pathlib import Path

    from edge.catalogue.edge_settings import EdgeSettings
    from gateway.settings import Site

ASK_S_MAX: Final = 2.0
ANSWER_BYTES_MAX: Final = 1_000_000


def check(site_dir: Path, *, with_hall: bool = True) -> list[Fault]:
    """Return the faults of site.toml, each edge-*.toml, hall.toml, and of what they say together.

    Of a file that can't be read only that is told: nothing of what would follow from it.
    """
    site, faults = read_site(site_dir)
    edges: dict[str, EdgeSettings] = {}
    broken: set[str] = set()
    for path in sorted(site_dir.glob("edge-*.toml")):
        name = path.stem.removeprefix("edge-")
        edge, own = read_edge(site_dir, name)
        faults += own
        if edge is None:
            broken.add(name)
        else:
            edges[name] = edge
    if with_hall and (site_dir / "hall.toml").exists():
        faults += hall_faults(site_dir / "hall.toml")
    faults += _between_edges(site_dir, edges)
    if site is not None:
        faults += _cross(site_dir, site, edges, broken)
    return list(dict.fromkeys(faults))


def plans(site_dir: Path, data_dir: Path | None = None) -> list[str]:
    """Return a line a bus: what its polls need of the line's time, and use where a house runs.

    Raises SettingsRefused.
    """
    told = []
    for path in sorted(site_dir.glob("edge-*.toml")):
        name = path.stem.removeprefix("edge-")
        edge = load_edge(site_dir, name)
        used = {} if data_dir is None else _used(data_dir, name)
        for bus, plan in planned(edge).items():
            ratio = plan.ratio
            warning = (
                ": nearly full, a retry delays every unit" if ratio > NEARLY_FULL_RATIO else ""
            )
            now = f", {used[bus]:.0%} in use now" if bus in used else ""
            told.append(
                f"{path.name}: {bus} is polled {ratio:.0%} of its time"
                f" ({plan.requests_per_s:.1f} requests/s){now}{warning}"
            )
    return told


def _used(data_dir: Path, edge: str) -> dict[str, float]:
    """Return the share of its time that each bus of a running edge uses; empty when none runs."""
    try:
        address = (data_dir / "run" / f"edge-{edge}.http").read_text(encoding="ascii").strip()
        with urllib.request.urlopen(f"http://{address}/health", timeout=ASK_S_MAX) as answer:
            buses = json.loads(answer.read(ANSWER_BYTES_MAX)).get("buses", {})
        return {bus: float(one["utilisation_ratio"]) for bus, one in buses.items() if one}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _between_edges(site_dir: Path, edges: dict[str, EdgeSettings]) -> list[Fault]:
    """Return what two edges both claim: a device id, a serial port."""
    faults = []
    ids: dict[str, str] = {}
    ports: dict[str, str] = {}
    for name, edge in edges.items():
        path = site_dir / f"edge-{name}.toml"
        for device in edge.devices:
            other = ids.setdefault(device.id, name)
            if other != name:
                message = f"edge-{other}.toml has a device of that id already"
                remedy = "Give each device of the site its own id."
                faults.append(_fault(path, f"devices.{device.id}", message, remedy))
        for port, keys in ports_of(edge).items():
            taken = ports.setdefault(port, f"{keys[0]} of edge-{name}.toml")
            if not taken.endswith(f" of edge-{name}.toml"):
                message = f"{port} is the port of {taken} already"
                remedy = "Give each line its own; /dev/serial/by-id/ differs on every machine."
                faults.append(_fault(path, f"{keys[0]}.port", message, remedy))
    return faults


def _cross(
    site_dir: Path, site: Site, edges: dict[str, EdgeSettings], broken: set[str]
) -> list[Fault]:
    """Return what the site and its edges say differently; a broken edge's file is left alone."""
    faults = []
    zones = sorted(zone.id for zone in site.zones)
    docks = sorted(dock.id for dock in site.docks)
    for name, edge in edges.items():
        path = site_dir / f"edge-{name}.toml"
        for device in edge.devices:
            key = f"devices.{device.id}"
            if device.zone and device.zone not in zones:
                message = f"unknown zone {device.zone!r}"
                faults.append(_fault(path, f"{key}.zone", message, probably(device.zone, zones)))
            if device.read_point and device.read_point not in docks:
                message = f"site.toml has no dock {device.read_point!r}"
                remedy = probably(device.read_point, docks)
                faults.append(_fault(path, f"{key}.read_point", message, remedy))
    path = site_dir / "site.toml"
    for dock in site.docks:
        key = f"docks.{dock.id}"
        known = edges.get(dock.edge)
        if known is None:
            if dock.edge not in broken:
                remedy = f"Add edge-{dock.edge}.toml, or mend the name."
                message = f"there is no edge {dock.edge!r}"
                faults.append(_fault(path, f"{key}.edge", message, remedy))
        elif dock.gate:
            plcs = {one.id: one for one in known.devices if isinstance(one, PlcSettings)}
            if dock.gate not in plcs:
                message = f"edge-{dock.edge}.toml has no dock_plc {dock.gate!r}"
                remedy = probably(dock.gate, sorted(plcs))
                faults.append(_fault(path, f"{key}.gate", message, remedy))
            elif "gate" not in plcs[dock.gate].coils:
                message = f"{dock.gate} has no coil named gate"
                remedy = f"Add gate to its coils in edge-{dock.edge}.toml."
                faults.append(_fault(path, f"{key}.gate", message, remedy))
    return faults


def _fault(path: Path, key: str, message: str, remedy: str) -> Fault:
    return Fault(file=str(path), key=key, message=message, remedy=remedy)
