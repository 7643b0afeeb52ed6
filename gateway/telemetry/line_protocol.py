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
    from collections.abc import Iterable, Mapping, Sequence

    from wire.telemetry import Fields

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
    fields: Fields
    """As sent: `t_ns` and `zone` are among them."""


@dataclass(slots=True, kw_only=True)
class StorePoint:
    """One point: measurement = kind, tags, fields, Unix nanoseconds. Not frozen: see `_series`."""

    measurement: str
    tags: Mapping[str, str]
    fields: Fields
    """As sent: what is no value is left out where they are written."""
    t_ns: int
    series: str
    """Measurement and tags as line protocol."""

    def values(self) -> dict[str, float | int | str]:
        """Return the fields that are values."""
        return {
            key: value
            for key, value in self.fields.items()
            if value is not None and key not in _NOT_FIELDS
        }

    def text(self) -> str:
        """Return the point as one line of line protocol."""
        told = []
        for key, value in self.fields.items():
            if value is None or key in _NOT_FIELDS:
                continue
            # Readings are validated strictly: what is declared a float is one, however written.
            if type(value) is float:
                told.append(f"{key}={value!r}")
            elif isinstance(value, str):
                told.append(f'{key}="{value.translate(_TEXT_ESCAPES)}"')
            else:
                told.append(f"{key}={value}i")
        return f"{self.series} {','.join(told)} {self.t_ns}"


@dataclass(frozen=True, slots=True)
class PointList:
    """A few points to be written (`gateway.telemetry.ports.Points`)."""

    held: Sequence[StorePoint]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.held)

    def lines(self) -> Sequence[bytes]:
        """Return each as one line of line protocol."""
        return [one.text().encode() for one in self.held]

    def points(self) -> Iterable[StorePoint]:
        """Return each with its tags and fields apart."""
        return self.held


def line_of(site: str, point: Point) -> StorePoint:
    """Return the point that a telemetry message becomes; a resend becomes the same one."""
    fields = point.fields
    tags, series = _series(site, point.kind, point.edge, point.device, fields.get("zone", ""))
    return StorePoint(
        measurement=point.kind, tags=tags, fields=fields, t_ns=fields["t_ns"], series=series
    )


def series_of(site: str, point: Point) -> str:
    """Return measurement and tags as line protocol, but for the zone, which would be the last."""
    return _series(site, point.kind, point.edge, point.device, "")[1]


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
