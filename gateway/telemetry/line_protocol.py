"""Points as InfluxDB line protocol (pure).

Source: InfluxDB 2 documentation, line protocol: commas, spaces and equals signs are escaped in
tags; integers end in `i`; time is nanoseconds. A field keeps one type: numbers are floats, except
for `_count` fields, which are integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wire.base import Reading

_TAG_ESCAPES: Final = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_TEXT_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})
_NOT_FIELDS: Final = frozenset({"t_ns", "zone"})


@dataclass(slots=True, kw_only=True)
class Point:
    """A readable telemetry message."""

    edge: str
    device: str
    kind: str
    boot: str
    seq: int
    reading: Reading


@dataclass(slots=True, kw_only=True)
class StorePoint:
    """One point: measurement = kind, tags, fields, Unix nanoseconds. Not frozen: see `_series`."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, float | int | str]
    t_ns: int
    series: str
    """Measurement and tags as line protocol."""

    def text(self) -> str:
        """Return the point as one line of line protocol."""
        fields = ",".join([f"{key}={_field(value)}" for key, value in self.fields.items()])
        return f"{self.series} {fields} {self.t_ns}"


def line_of(site: str, point: Point) -> StorePoint:
    """Return the point that a telemetry message becomes; a resend becomes the same one."""
    body = point.reading.__dict__  # Its fields as they are: a dump of a flat model costs 4 µs more.
    tags, series = _series(site, point.kind, point.edge, point.device, body.get("zone") or "")
    fields = {
        key: value for key, value in body.items() if value is not None and key not in _NOT_FIELDS
    }
    return StorePoint(
        measurement=point.kind, tags=tags, fields=fields, t_ns=body["t_ns"], series=series
    )


@lru_cache(maxsize=20_000)
def _series(
    site: str, kind: str, edge: str, device: str, zone: str
) -> tuple[Mapping[str, str], str]:
    """Return (tags, measurement and tags as text); a device's are the same each time."""
    tags = {"site": site, "edge": edge, "device": device}
    if zone:
        tags["zone"] = zone
    told = "".join(
        f",{key}={value.translate(_TAG_ESCAPES)}" for key, value in sorted(tags.items()) if value
    )
    return tags, kind + told


def _field(value: float | str) -> str:
    # Readings are validated strictly: what is declared a float is one, however it was written.
    if type(value) is float:
        return repr(value)
    if isinstance(value, str):
        return f'"{value.translate(_TEXT_ESCAPES)}"'
    return f"{value}i" if isinstance(value, int) else repr(value)
