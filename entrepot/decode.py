"""`entrepot decode`: bytes of a device to readings and faults, one JSON line each."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import edge.devices
from edge.catalogue.families import FAMILIES, FOLDERS
from edge.families import EndedCodec
from edge.normalise.weight import mass_g_from
from edge.readings import FrameCorrupt, RoundEnd, TagRead, UnitReading, Weighed
from edge.settings import UnitSettings
from entrepot.processes import StartRefused
from runtime.settings import Fault, SettingsRefused, read_toml, settings_from
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edge.families import Codec
    from edge.readings import Reading
    from edge.settings import Device

READ_BYTES: Final = 4_096
_OUT_OF_RANGE: Final = {"over": "above the range", "under": "below the range"}


def decode(family: str, settings_file: Path | None) -> int:
    """Print what stdin's bytes say; return 1 when some of them were no good frame.

    Raises StartRefused or SettingsRefused before anything is read.
    """
    codec = codec_of(family, settings_file)
    is_bad = False
    # A live stream is told as it comes: os.read returns what is there.
    while data := os.read(sys.stdin.fileno(), READ_BYTES):
        is_bad |= _tell(codec.feed(data))
    if isinstance(codec, EndedCodec):
        is_bad |= _tell(codec.finish())
    return 1 if is_bad else 0


def codec_of(family: str, settings_file: Path | None = None) -> Codec:
    """Return the family's codec as settings want it. Raises StartRefused, SettingsRefused."""
    known = FAMILIES.get(family)
    if known is None:
        names = sorted(name for name, one in FAMILIES.items() if _maker(one) is not None)
        sentence = f"there is no family {family!r}: it is one of {', '.join(names)}"
        raise StartRefused("decode", sentence)
    make = _maker(known)
    if make is None:
        raise StartRefused("decode", f"{family} speaks no bytes that can be decoded by themselves")
    return make(settings_of(family, settings_file))


def settings_of(family: str, settings_file: Path | None = None) -> Device:
    """Return a device's settings; what only a whole site needs to say is the sample's.

    Raises SettingsRefused.
    """
    model: type[Device] = FAMILIES[family].settings
    path = settings_file or Path("settings")
    given = {} if settings_file is None else _entry(settings_file, family)
    if settings_file is None and issubclass(model, UnitSettings):
        given = {"unit": 0, "zone": "zone"}  # Every unit of the recording, wherever it is.
    sample = _sample(family)
    needed = {
        name: sample[name]
        for name, field in model.model_fields.items()
        if field.is_required() and name in sample
    }
    return settings_from(path, {**needed, **given, "family": family}, model)


def _entry(path: Path, family: str) -> dict[str, Any]:
    """Return the one device of a settings file: its only [[devices]] entry, or its plain keys."""
    document = read_toml(path)
    entry = document
    if "devices" in document:
        devices = document["devices"]
        if not isinstance(devices, list) or len(devices) != 1 or not isinstance(devices[0], dict):
            raise _refused(path, "devices", "is not one entry", "Leave one [[devices]] in it.")
        entry = devices[0]
    if entry.get("family", family) != family:
        message = f"{entry['family']!r} is not the family that was asked for"
        raise _refused(path, "family", message, f"Use --family {entry['family']}, or mend it.")
    return entry


def _sample(family: str) -> dict[str, Any]:
    """Return the entry of the family's own sample.toml that shows it."""
    home = Path(edge.devices.__path__[0])
    for folder in FOLDERS:
        for entry in read_toml(home / folder / "sample.toml")["devices"]:
            if entry["family"] == family:
                return dict(entry)
    return {"id": "device", "bus": "bus", "unit": 1, "zone": "zone", "read_point": "place"}


def _maker(family: object) -> Callable[[Device], Codec] | None:
    return getattr(family, "codec", None) or getattr(family, "frames", None)


def _refused(path: Path, key: str, message: str, remedy: str) -> SettingsRefused:
    return SettingsRefused([Fault(file=str(path), key=key, message=message, remedy=remedy)])


def _tell(readings: Iterable[Reading]) -> bool:
    """Print each reading; return whether a fault was among them."""
    is_bad = False
    for reading in readings:
        is_bad |= isinstance(reading, FrameCorrupt)
        print(json.dumps(told(reading), ensure_ascii=False), flush=True)  # noqa: T201 - the result
    return is_bad


def told(reading: Reading) -> dict[str, object]:
    """Return a reading in the words of the wire's contract; what isn't known is absent."""
    match reading:
        case FrameCorrupt():
            return {"error": reading.reason, "frame_hex": reading.frame_hex}
        case Weighed():
            return _weight(reading)
        case TagRead():
            return _tag(reading)
        case UnitReading():
            return _unit(reading)
        case RoundEnd():
            return _known(
                round_status=reading.status,
                reason=reading.text or None,
                frame_hex=reading.frame_hex or None,
            )
        case _:
            return {
                field.name: _plain(getattr(reading, field.name))
                for field in dataclasses.fields(reading)
                if getattr(reading, field.name) is not None
            }


def _weight(shown: Weighed) -> dict[str, object]:
    mass_g = mass_g_from(shown)
    tare_g = mass_g_from(dataclasses.replace(shown, value=shown.tare))
    reason = shown.reason or _OUT_OF_RANGE.get(shown.range, "")
    if shown.value is not None and mass_g is None and not reason:
        reason = f"{shown.unit!r} is no unit of mass" if shown.unit else "the frame has no unit"
    told: dict[str, object] = {
        "mass_g": None if mass_g is None else float(mass_g),
        "text": shown.text,
        "kind": shown.kind,
        "is_stable": shown.is_stable,
        "range": shown.range,
        "is_zero": shown.is_zero,
        "unit": shown.unit or None,
        "tare_g": None if tare_g is None else float(tare_g),
        "quality": "good" if not reason else "bad" if mass_g is None else "uncertain",
        "reason": reason or None,
        "frame_hex": shown.frame_hex,
    }
    return _known(**told)


def _tag(read: TagRead) -> dict[str, object]:
    epc_hex = read.epc.hex().upper()
    told: dict[str, object] = {"epc_hex": epc_hex, "epc_uri": None, "quality": "good"}
    try:
        told["epc_uri"] = uri_from_hex(epc_hex)
    except EpcError as error:
        told |= {"quality": "uncertain", "reason": str(error)}
    told |= {
        "rssi_dbm": read.rssi_dbm,
        "antenna": read.antenna,
        "t_ns": read.t_ns,
        "phase_rad": read.phase_rad,
        "reads_count": read.reads_count,
        "tid_hex": read.tid.hex().upper() or None,
        "frame_hex": read.frame_hex or None,
    }
    return _known(**told)


def _unit(reading: UnitReading) -> dict[str, object]:
    told: dict[str, object] = {}
    for values in reading.values.values():
        told |= values
    told |= reading.texts
    reason = ", ".join(f"{name}: {why}" for name, why in reading.missing.items())
    told |= {
        "quality": "bad" if not told else "uncertain" if reason else "good",
        "reason": reason or None,
        "frame_hex": reading.frame_hex or None,
    }
    return _known(**told)


def _known(**fields: object) -> dict[str, object]:
    """Return the fields that are known."""
    return {key: value for key, value in fields.items() if value is not None}


def _plain(value: object) -> object:
    """Return a value that JSON has."""
    match value:
        case bytes():
            return value.hex().upper()
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)
