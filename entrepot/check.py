"""`entrepot check`: every fault of a site's files at once, each with file, key and remedy."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

from edge.devices.modbus_sensors.plan import utilisation_ratio
from edge.settings import BusUnit, SettingsError, load_edge
from gateway.settings import Fault, Site, SiteRefused, load_site

if TYPE_CHECKING:
    from pathlib import Path

    from edge.settings import EdgeSettings

NEARLY_FULL: Final = 0.9


def check(site_dir: Path) -> list[Fault]:
    """Return the faults of site.toml, of each edge-*.toml, and of what they say of each other."""
    faults: list[Fault] = []
    site: Site | None = None
    try:
        site = load_site(site_dir)
    except SiteRefused as refused:
        faults += refused.faults
    edges: dict[str, EdgeSettings] = {}
    for path in sorted(site_dir.glob("edge-*.toml")):
        name = _edge_name(path, faults)
        if name is None:
            continue
        try:
            edge = load_edge(site_dir, name)
        except SettingsError as error:
            faults += [
                Fault(file=one.file, key=one.key, message=one.message, remedy=one.remedy)
                for one in error.faults
            ]
            continue
        if name in edges:
            faults.append(_fault(path, "edge", f"the edge {name!r} stands twice", "Rename one."))
        edges[name] = edge
    if site is not None:
        faults += _cross(site_dir, site, edges)
    return list(dict.fromkeys(faults))


def planned(edge: EdgeSettings) -> dict[str, float]:
    """Return the share of line time that the polls of each bus need."""
    ratios = {}
    for bus in edge.buses:
        units = [one for one in edge.devices if isinstance(one, BusUnit) and one.bus == bus.id]
        ratios[bus.id] = utilisation_ratio(
            [(one.family, one.poll_s) for one in units],
            baud=bus.baud,
            character_bits=10 if bus.format == "8N1" else 11,
            turnaround_s=bus.turnaround_s,
        )
    return ratios


def plans(site_dir: Path) -> list[str]:
    """Return a line a bus: what its polls need of the line's time. Raises SettingsError."""
    told = []
    for path in sorted(site_dir.glob("edge-*.toml")):
        edge = load_edge(site_dir, path.stem.removeprefix("edge-"))
        for bus, ratio in planned(edge).items():
            warning = ": nearly full, a retry delays every unit" if ratio > NEARLY_FULL else ""
            told.append(f"{path.name}: {bus} is polled {ratio:.0%} of its time{warning}")
    return told


def _cross(site_dir: Path, site: Site, edges: dict[str, EdgeSettings]) -> list[Fault]:
    """Return what the site and its edges say differently."""
    faults = []
    zones = {zone.id for zone in site.zones}
    for edge in edges.values():
        path = site_dir / f"edge-{edge.edge}.toml"
        for device in edge.devices:
            zone = getattr(device, "zone", None)
            if zone and zone not in zones:
                remedy = f"Use one of {sorted(zones)}."
                key = f"devices.{device.id}.zone"
                faults.append(_fault(path, key, f"unknown zone {zone!r}", remedy))
        for bus, ratio in planned(edge).items():
            if ratio > 1:
                message = f"its polls need {ratio:.0%} of the line's time"
                remedy = "Poll less often, raise the baud, or move units to another bus."
                faults.append(_fault(path, f"buses.{bus}", message, remedy))
    for dock in site.docks:
        key = f"docks.{dock.id}"
        known = edges.get(dock.edge)
        if known is None:
            remedy = f"Add edge-{dock.edge}.toml, or mend the file that names it."
            message = f"no sound file of the edge {dock.edge!r}"
            faults.append(_fault(site_dir / "site.toml", f"{key}.edge", message, remedy))
        elif dock.gate and dock.gate not in {device.id for device in known.devices}:
            remedy = f"Name a device of edge-{dock.edge}.toml."
            message = f"unknown gate device {dock.gate!r}"
            faults.append(_fault(site_dir / "site.toml", f"{key}.gate", message, remedy))
    return faults


def _edge_name(path: Path, faults: list[Fault]) -> str | None:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))["edge"])
    except KeyError:
        faults.append(_fault(path, "edge", "the file names no edge", 'Add edge = "NAME".'))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(_fault(path, "", str(error), "Mend the TOML there."))
    return None


def _fault(path: Path, key: str, message: str, remedy: str) -> Fault:
    return Fault(file=str(path), key=key, message=message, remedy=remedy)
