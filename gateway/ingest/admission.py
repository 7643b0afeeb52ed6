"""What a publish on the device plane is: a custody row, a telemetry point, or unusable (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from gateway.telemetry.line_protocol import Point
from wire.chain import CustodyRow, Tombstone
from wire.telemetry import TELEMETRY_KINDS
from wire.topics import WORD, edge_of, kind_and_device

if TYPE_CHECKING:
    from collections.abc import Sequence


TELEMETRY_BYTES_MAX: Final = 65_536
SEQ_MAX: Final = 2**62
DIGITS_MAX: Final = 19
TOPICS_KEPT: Final = 20_000
"""Twice the devices that a gateway knows at most."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ROW_ID: Final = re.compile(r"[0-9a-f]{32}")
_BOOT: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """A row of an edge's chain as it came."""

    edge: str
    ledger: str
    row: CustodyRow | Tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A message that nothing can be made of; `name` lets its sender forget it."""

    reason: str
    """A topic word."""
    detail: str
    topic: str
    body: bytes
    name: tuple[str, str, int] | None = None
    """(edge, boot, seq) of telemetry whose properties were readable."""


def admit_custody(
    topic: str, body: bytes, properties: Sequence[tuple[str, str]]
) -> Custody | Unusable:
    """Return the row that a publish bears; its hash is judged by the ledger."""
    told = dict(properties)
    edge = edge_of(topic)
    if edge is None or WORD.fullmatch(edge) is None:
        return Unusable(reason="topic", detail="no edge in the topic", topic=topic, body=body)
    seq = _number(told.get("seq", ""))
    if seq is None or seq < 1:
        detail = f"user property seq is {told.get('seq', '')[:40]!r}, not a number from 1"
        return Unusable(reason="properties", detail=detail, topic=topic, body=body)
    for key, form in (("prev", _HASH), ("hash", _HASH), ("id", _ROW_ID)):
        if form.fullmatch(told.get(key, "")) is None:
            detail = f"user property {key} is {told.get(key, '')[:80]!r}, not hex digits"
            return Unusable(reason="properties", detail=detail, topic=topic, body=body)
    row: CustodyRow | Tombstone
    if "void" in told:
        row = Tombstone(
            seq=seq, prev=told["prev"], id=told["id"], hash=told["hash"], checksum=told["void"]
        )
    else:
        row = CustodyRow(
            seq=seq, prev=told["prev"], id=told["id"], hash=told["hash"], topic=topic, body=body
        )
    return Custody(edge=edge, ledger=told.get("ledger", ""), row=row)


def admit_telemetry(
    topic: str, body: bytes, properties: Sequence[tuple[str, str]]
) -> Point | Unusable:
    """Return the reading that a publish bears."""
    told = dict(properties)
    place = _place(topic)
    if place is None:
        return Unusable(reason="topic", detail="no telemetry topic", topic=topic, body=body)
    edge, kind, device, is_word = place
    boot, seq = told.get("boot", ""), _number(told.get("seq", ""))
    if seq is None or not _is_boot(boot):
        detail = f"user properties boot {boot[:40]!r}, seq {told.get('seq', '')[:40]!r}"
        return Unusable(reason="properties", detail=detail, topic=topic, body=body)
    name = (edge, boot, seq)
    model = TELEMETRY_KINDS.get(kind)
    problem = None
    if model is None:
        problem = ("kind", f"unknown kind {kind!r}: one of {sorted(TELEMETRY_KINDS)}")
    elif not is_word:
        problem = ("topic", f"device {device!r} is no topic word")
    elif len(body) > TELEMETRY_BYTES_MAX:
        problem = ("size", f"{len(body)} bytes, at most {TELEMETRY_BYTES_MAX}")
    if model is None or problem is not None:
        reason, detail = problem or ("kind", kind)
        return Unusable(reason=reason, detail=detail, topic=topic, body=body, name=name)
    try:
        # What model_validate_json calls, without its own overhead: this is the hot path.
        reading = model.__pydantic_validator__.validate_json(body)
    except (ValidationError, RecursionError) as error:
        return Unusable(reason="body", detail=why(error), topic=topic, body=body, name=name)
    return Point(edge=edge, device=device, kind=kind, boot=boot, seq=seq, reading=reading)


@lru_cache(maxsize=TOPICS_KEPT)
def _place(topic: str) -> tuple[str, str, str, bool] | None:
    """Return (edge, kind, device, whether the device is a topic word); topics come again."""
    edge, named = edge_of(topic), kind_and_device(topic)
    if edge is None or named is None or WORD.fullmatch(edge) is None:
        return None
    return edge, named[0], named[1], WORD.fullmatch(named[1]) is not None


@lru_cache(maxsize=1_000)
def _is_boot(boot: str) -> bool:
    return _BOOT.fullmatch(boot) is not None


def why(error: Exception) -> str:
    """Return the first fault of a refused body: field, value and what was wanted."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = "/".join(str(level) for level in first["loc"])
        return f"/{where}: {first['msg']} (got {str(first.get('input'))[:80]!r})"
    return str(error)[:200] or type(error).__name__


def _number(text: str) -> int | None:
    if not (text.isdecimal() and text.isascii() and len(text) <= DIGITS_MAX):
        return None
    number = int(text)
    return number if number <= SEQ_MAX else None
