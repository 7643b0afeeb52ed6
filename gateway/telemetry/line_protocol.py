"""Points as InfluxDB line protocol (pure).

Source: InfluxDB 2 documentation, line protocol: commas, spaces and equals signs are escaped in
tags; integers end in `i`; time is nanoseconds. A field keeps one type: numbers are floats, except
for `_count` fields, which are integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wire.base import Reading

_TAG_ESCAPES: Final = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_TEXT_ESCAPES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})
_NOT_FIELDS: Final = frozenset({"t_ns", "zone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A readable telemetry message."""

    edge: str
    device: str
    kind: str
    boot: str
    seq: int
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePoint:
    """One point: measurement = kind, tags, fields, Unix nanoseconds."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, float | int | str]
    t_ns: int

    def text(self) -> str:
        """Return the point as one line of line protocol."""
        tags = "".join(
            f",{key}={value.translate(_TAG_ESCAPES)}"
            for key, value in sorted(self.tags.items())
            if value
        )
        fields = ",".join(f"{key}={_field(value)}" for key, value in self.fields.items())
        return f"{self.measurement}{tags} {fields} {self.t_ns}"


def line_of(site: str, point: Point) -> StorePoint:
    """Return the point that a telemetry message becomes; a resend becomes the same one."""
    body = point.reading.model_dump(exclude_none=True)
    tags = {"site": site, "edge": point.edge, "device": point.device}
    if body.get("zone"):
        tags["zone"] = str(body["zone"])
    fields = {
        key: value if key.endswith("_count") or isinstance(value, str) else float(value)
        for key, value in body.items()
        if key not in _NOT_FIELDS
    }
    return StorePoint(measurement=point.kind, tags=tags, fields=fields, t_ns=point.reading.t_ns)


def _field(value: float | str) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_TEXT_ESCAPES)}"'
    if isinstance(value, int):
        return f"{value}i"
    return repr(value)
