"""`entrepot smooth`: recorded reads to arrivals, departures and directions, one JSON line each."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from edge.catalogue.families import FAMILIES
from edge.normalise.read_point import ReadPoint
from edge.settings import ReaderSettings
from entrepot.processes import StartRefused
from runtime.settings import read_toml, settings_from
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from edge.normalise.read_point import TagEvent

LINE_BYTES_MAX: Final = 65_536
STEP_S: Final = 0.1
"""Departures are looked for so often, as a reader's rounds do."""
_NEEDED: Final = {"id": "reader", "family": "reader", "port": "dev/reader", "read_point": "point"}
_FINITE_S_MAX: Final = 4e9
"""Beyond the year 2096: no time of a read."""


class BadLine(ValueError):
    """A line that says no read; the text names field, value and remedy."""


def point_of(path: Path | None) -> ReadPoint:
    """Return the read point that a settings file describes: one [[devices]] entry, or its keys.

    Raises SettingsRefused and StartRefused.
    """
    if path is None:
        return ReadPoint(ReaderSettings.model_validate(_NEEDED))
    entry: dict[str, Any] = read_toml(path)
    devices = entry.get("devices")
    if devices is not None:
        readers = [
            one
            for one in (devices if isinstance(devices, list) else [])
            if isinstance(one, dict) and _model(one) is not None
        ]
        if len(readers) != 1:
            sentence = f"{path} has {len(readers)} readers: leave the one whose reads these are"
            raise StartRefused("smooth", sentence)
        entry = readers[0]
    model = _model(entry) or ReaderSettings
    return ReadPoint(settings_from(path, {**_NEEDED, **entry}, model))


def _model(entry: dict[str, Any]) -> type[ReaderSettings] | None:
    family = FAMILIES.get(str(entry.get("family", "")))
    if family is not None and issubclass(family.settings, ReaderSettings):
        return family.settings
    return None


def smooth(point: ReadPoint, lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    """Yield what the reads say, and an `error` for each line that says none; the rest goes on.

    After the last read time goes on until every tag has gone.
    """
    now_s: float | None = None
    base_s = 0.0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = _document(line)
            at_ns = _time_ns(document)
            at_s = at_ns / 1e9
            if now_s is None:
                now_s = base_s = at_s
            at_s = _not_before(now_s, at_s)
            yield from _pass(point, now_s, at_s, base_s)
            now_s = at_s
            yield from _take(point, document, now_s - base_s, at_ns)
        except BadLine as error:
            yield {"error": f"line {number}: {error}"}
    if now_s is not None:
        end_s = now_s + _quiet_s_max(point)
        yield from _pass(point, now_s, end_s, base_s)


def _not_before(now_s: float, at_s: float) -> float:
    if at_s < now_s - STEP_S:
        raise BadLine(f"time: {now_s - at_s:.3f} s before the line above: sort the reads")
    return max(at_s, now_s)


def _quiet_s_max(point: ReadPoint) -> float:
    settings = point.settings
    return max(settings.depart_s, settings.smoothing.quiet_s_max) + 2 * STEP_S


def _pass(
    point: ReadPoint, from_s: float, to_s: float, base_s: float
) -> Iterator[dict[str, object]]:
    """Let time go on in steps; a long pause is looked at only as long as tags may still be here."""
    to_look_s = min(to_s, from_s + _quiet_s_max(point))
    steps = math.floor((to_look_s - from_s) / STEP_S)
    for step in range(1, steps + 1):
        for event in point.expire(from_s + step * STEP_S - base_s):
            yield _told(point, event)
    for event in point.expire(to_s - base_s):
        yield _told(point, event)


def _take(
    point: ReadPoint, document: dict[str, Any], now_s: float, at_ns: int
) -> Iterator[dict[str, object]]:
    if "input" in document:
        if document.get("is_on") is True:
            point.eye(str(document["input"]), now_s=now_s)
        return
    epc_hex = document.get("epc_hex", document.get("epc"))
    try:
        if not isinstance(epc_hex, str) or not epc_hex:
            raise ValueError("no text")  # noqa: TRY301 - told with the others below
        epc = bytes.fromhex(epc_hex)
    except ValueError as error:
        raise BadLine(f"epc_hex: {epc_hex!r} is no tag: give its bytes in hex") from error
    antenna = document.get("antenna", 1)
    if type(antenna) is not int or not 0 <= antenna <= 255:  # noqa: PLR2004 - a byte
        raise BadLine(f"antenna: {antenna!r} is none: give 1 to 255")
    rssi = document.get("rssi_dbm", document.get("rssi"))
    is_number = isinstance(rssi, int | float) and not isinstance(rssi, bool)
    if rssi is not None and not (is_number and -200 <= rssi <= 50):  # noqa: PLR2004 - of radio
        raise BadLine(f"rssi_dbm: {rssi!r} is none: give -200 to 50, or leave it out")
    event = point.read(epc, antenna, None if rssi is None else round(rssi), now_s=now_s, t_ns=at_ns)
    if event is not None:
        yield _told(point, event)


def _document(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_BYTES_MAX:
        raise BadLine(f"{len(line)} bytes, at most {LINE_BYTES_MAX}: one read a line")
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadLine(f"{str(document)[:40]!r} is no object: give {{...}} with time and epc_hex")
    return document


def _time_ns(document: dict[str, Any]) -> int:
    t_ns, text = document.get("t_ns"), document.get("time")
    if type(t_ns) is int and 0 <= t_ns <= _FINITE_S_MAX * 1e9:
        return t_ns
    if isinstance(text, int | float) and not isinstance(text, bool):
        if 0 <= text <= _FINITE_S_MAX:
            return round(text * 1e9)
    elif isinstance(text, str):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return round(at.timestamp() * 1e6) * 1_000
    told = text if text is not None else t_ns
    raise BadLine(
        f"time: {told!r} is none: give RFC 3339 with its zone, seconds since 1970, or t_ns"
    )


def _told(point: ReadPoint, event: TagEvent) -> dict[str, object]:
    crossing = event.crossing
    epc_hex = crossing.epc.hex().upper()
    told: dict[str, object] = {
        "t_ns": crossing.last_t_ns,
        "read_point": point.settings.read_point,
        "what": event.what,
        "direction": event.direction,
        "epc_hex": epc_hex,
        "reads_count": crossing.reads_count,
        "first_t_ns": crossing.first_t_ns,
        "last_t_ns": crossing.last_t_ns,
        "antenna": event.antenna,
        "quality": "uncertain" if event.reason else "good",
    }
    if event.reason:
        told["reason"] = event.reason
    if crossing.rssi_dbm is not None:
        told["rssi_dbm"] = crossing.rssi_dbm
    try:
        told["epc_uri"] = uri_from_hex(epc_hex)
    except EpcError as error:
        told |= {"quality": "uncertain", "reason": event.reason or str(error)}
    return told
