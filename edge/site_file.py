"""Reads edge-*.toml and checks what its parts say of each other, before anything opens."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final

from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.plans import planned
from edge.devices.modbus.maps import load_map
from edge.settings import Archive, PlcSettings, ReaderSettings, SerialDevice, UnitSettings
from runtime.settings import Fault, SettingsRefused, read_toml, settings_from
from runtime.settings_words import probably

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    Tell = Callable[[str, str, str], None]
    """Takes key, message and remedy of a fault."""

WORD: Final = re.compile(r"[a-z0-9-]{1,64}")
SITE_MAP: Final = "modbus_map"
MAP_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
INPUTS: Final = ("eye-inner", "eye-outer", "exit-beam", "gate-closed", "truck-present")
"""What rules and portals of ours ask for; a portal may name further eyes."""
UNIT_MAX: Final = 254
"""Up to 247 by the standard; some devices answer to any of 248 to 254."""
COILS: Final = ("gate", "light-amber", "light-green", "light-red")


def load_edge(site_dir: Path, edge: str) -> EdgeSettings:
    """Read and check `edge-{edge}.toml`. Raises SettingsRefused with every fault at once."""
    settings, faults = read_edge(site_dir, edge)
    if settings is None or faults:
        raise SettingsRefused(faults)
    return settings


def read_edge(site_dir: Path, edge: str) -> tuple[EdgeSettings | None, list[Fault]]:
    """Return an edge's settings, where their form allows it, and every fault of its file."""
    try:
        path = path_of(site_dir, edge)
        document = with_maps(site_dir, path, read_toml(path))
        settings = settings_from(path, document, EdgeSettings)
    except SettingsRefused as refused:
        return None, refused.faults
    return settings, _cross_faults(path, edge, settings)


def with_maps(site_dir: Path, path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the maps that its devices name put in. Raises SettingsRefused."""
    faults: list[Fault] = []
    devices = document.get("devices")
    for one in devices if isinstance(devices, list) else []:
        if not isinstance(one, dict) or one.get("family") != SITE_MAP:
            continue
        name = one.get("map")
        if not isinstance(name, str) or not MAP_NAME.fullmatch(name):
            continue  # Told with the other faults of the file.
        key = f"devices.{one.get('id', '')}"
        if "definition" in one:
            message, remedy = "is not written here", f"Write it to maps/{name}.toml."
            faults.append(
                Fault(file=str(path), key=f"{key}.definition", message=message, remedy=remedy)
            )
            continue
        where = site_dir / "maps" / f"{name}.toml"
        if not where.exists():
            known = sorted(each.stem for each in where.parent.glob("*.toml"))
            message = f"there is no {where.relative_to(site_dir)}"
            fault = Fault(
                file=str(path), key=f"{key}.map", message=message, remedy=probably(name, known)
            )
            faults.append(fault)
            continue
        try:
            one["definition"] = load_map(where)
        except SettingsRefused as refused:
            faults += refused.faults
    if faults:
        raise SettingsRefused(faults)
    return document


def path_of(site_dir: Path, edge: str) -> Path:
    """Return an edge's file. Raises SettingsRefused for a bad name and for a file not there."""
    if not WORD.fullmatch(edge):
        message, remedy = f"bad name {edge!r}", "Use a to z, 0 to 9 and -, at most 64 of them."
        raise SettingsRefused([Fault(file="edge", key="", message=message, remedy=remedy)])
    path = site_dir / f"edge-{edge}.toml"
    if site_dir.is_dir() and not path.exists():
        names = sorted(one.stem.removeprefix("edge-") for one in site_dir.glob("edge-*.toml"))
        remedy = f"Its edges are {', '.join(names)}." if names else f"Add {path.name}."
        message = f"has no edge {edge!r}"
        raise SettingsRefused([Fault(file=str(site_dir), key="", message=message, remedy=remedy)])
    return path


def load_archive(site_dir: Path) -> Archive:
    """Read what site.toml says of the archive. Raises SettingsRefused."""
    path = site_dir / "site.toml"
    retention = read_toml(path).get("retention", {})
    if not isinstance(retention, dict):
        fault = Fault(file=str(path), key="retention", message="is no table", remedy="Mend it.")
        raise SettingsRefused([fault])
    return settings_from(path, retention, Archive, below="retention")


def ports_of(settings: EdgeSettings) -> dict[str, list[str]]:
    """Return the keys of the devices and buses on each serial port, spelt one way."""
    keys: dict[str, list[str]] = {}
    for key, port in [
        *((f"buses.{one.id}", one.port) for one in settings.buses),
        *(
            (f"devices.{one.id}", one.port)
            for one in settings.devices
            if isinstance(one, SerialDevice)
        ),
    ]:
        spelt = port.lower() if port.startswith("tcp://") else posixpath.normpath(port)
        keys.setdefault(spelt, []).append(key)
    return keys


def _cross_faults(path: Path, edge: str, settings: EdgeSettings) -> list[Fault]:
    faults: list[Fault] = []

    def tell(key: str, message: str, remedy: str) -> None:
        faults.append(Fault(file=str(path), key=key, message=message, remedy=remedy))

    if settings.edge != edge:
        tell("edge", f"the file of {edge!r} names {settings.edge!r}", "Rename one of them.")
    _check_ids(tell, "devices", [one.id for one in settings.devices])
    _check_ids(tell, "buses", [one.id for one in settings.buses])
    for port, keys in ports_of(settings).items():
        for key in dict.fromkeys(keys[1:]):
            if key != keys[0]:
                message = f"{port} is the port of {keys[0]} already"
                tell(f"{key}.port", message, "Give each line its own port.")
    _check_units(tell, settings)
    for bus_id, plan in planned(settings).items():
        if plan.ratio > 1:
            message = f"its polls need {plan.ratio:.0%} of the line's time"
            remedy = "Poll less often, raise the baud, or move units to another bus."
            tell(f"buses.{bus_id}", message, remedy)
    plcs = {one.id: one for one in settings.devices if isinstance(one, PlcSettings)}
    eyes: dict[str, set[str]] = {}
    for one in settings.devices:
        if isinstance(one, ReaderSettings):
            _check_smoothing(tell, one)
            if one.portal is not None:
                eyes.setdefault(one.portal.eyes_device, set()).update(
                    {one.portal.inner_eye, one.portal.outer_eye}
                )
                _check_portal(tell, one, plcs)
    for plc in plcs.values():
        inputs = {*INPUTS, *eyes.get(plc.id, ())}
        _check_channels(tell, f"devices.{plc.id}.inputs", plc.inputs, inputs)
        _check_channels(tell, f"devices.{plc.id}.coils", plc.coils, COILS)
    return faults


def _check_ids(tell: Tell, key: str, ids: list[str]) -> None:
    for double in sorted({one for one in ids if ids.count(one) > 1}):
        tell(f"{key}.{double}", f"the id {double!r} stands twice", "Give each its own id.")


def _check_units(tell: Tell, settings: EdgeSettings) -> None:
    buses = sorted(bus.id for bus in settings.buses)
    framings = {bus.id: bus.framing for bus in settings.buses}
    for bus in settings.buses:
        if bus.framing == "tcp" and bus.port.startswith("/"):
            message = f"framing is tcp and {bus.port} is a serial port"
            remedy = "Give tcp://HOST:PORT, or leave framing out."
            tell(f"buses.{bus.id}.port", message, remedy)
    taken: dict[tuple[str, int], str] = {}
    for one in settings.devices:
        if not isinstance(one, UnitSettings):
            continue
        if one.bus not in buses:
            tell(f"devices.{one.id}.bus", f"unknown bus {one.bus!r}", probably(one.bus, buses))
        framing = framings.get(one.bus, "rtu")
        if framing == "rtu" and not 1 <= one.unit <= UNIT_MAX:
            message = f"{one.unit} is no address on a line"
            tell(f"devices.{one.id}.unit", message, f"Give 1 to {UNIT_MAX}.")
        other = taken.setdefault((one.bus, one.unit), one.id)
        if other != one.id:
            message = f"unit {one.unit} of {one.bus} is {other!r} already"
            tell(f"devices.{one.id}.unit", message, "Two devices of one address garble both.")


def _check_smoothing(tell: Tell, reader: ReaderSettings) -> None:
    if reader.depart_s < reader.arrive_s:
        message = (
            f"{reader.depart_s:g} s is shorter than arrive_s ({reader.arrive_s:g} s):"
            " a tag is forgotten before its reads are counted"
        )
        tell(f"devices.{reader.id}.depart_s", message, "Make it as long as arrive_s, or longer.")


def _check_portal(tell: Tell, reader: ReaderSettings, plcs: Mapping[str, PlcSettings]) -> None:
    portal = reader.portal
    assert portal is not None
    key = f"devices.{reader.id}.portal"
    plc = plcs.get(portal.eyes_device)
    if plc is None:
        message = f"no dock_plc {portal.eyes_device!r} in this file"
        tell(f"{key}.eyes_device", message, probably(portal.eyes_device, sorted(plcs)))
        return
    for name, eye in (("inner_eye", portal.inner_eye), ("outer_eye", portal.outer_eye)):
        if eye not in plc.inputs:
            message = f"{plc.id} has no input {eye!r}"
            tell(f"{key}.{name}", message, probably(eye, sorted(plc.inputs)))
    if portal.inner_eye == portal.outer_eye:
        tell(f"{key}.outer_eye", "is the inner eye as well", "Direction needs two eyes.")
    if portal.inner_antenna == portal.outer_antenna:
        tell(f"{key}.outer_antenna", "is the inner antenna as well", "Direction needs two.")


def _check_channels(
    tell: Tell, key: str, channels: Mapping[str, int], known: Iterable[str]
) -> None:
    names = sorted(known)
    taken: dict[int, str] = {}
    for channel, address in channels.items():
        if channel not in names:
            tell(f"{key}.{channel}", f"unknown name {channel!r}", probably(channel, names))
        other = taken.setdefault(address, channel)
        if other != channel:
            message = f"address {address} is {other!r} already"
            tell(f"{key}.{channel}", message, "Give each name its own address.")
