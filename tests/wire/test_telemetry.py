"""The quick reader of readings takes and refuses exactly what their models do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wire.telemetry import TELEMETRY_KINDS, read_fields

NUMBERS = st.one_of(
    st.integers(-5, 5), st.sampled_from([2**62, 2**62 + 1, 2**70]), st.floats(-1e6, 1e6)
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    NUMBERS,
    st.none(),
    st.booleans(),
    st.sampled_from(["synced", "unsynced", "good", "bad", "cool", "Cool!", "", "1"]),
    st.just([]),
)
KEYS = sorted({name for model in TELEMETRY_KINDS.values() for name in model.model_fields})
SOUND: dict[str, dict[str, Any]] = {
    "environment": {"t_ns": 1, "clock": "synced", "zone": "cool", "temperature_c": 4},
    "power": {"t_ns": 1, "clock": "synced", "power_w": 4.5},
    "bus": {
        "t_ns": 1, "clock": "synced", "requests_count": 1, "timeouts_count": 0, "errors_count": 0,
        "cycle_ms": 1.0, "utilisation_ratio": 0.5,
    },
    "signals": {"t_ns": 1, "clock": "synced", "values": {"relay_1": 1, "level_mm": 4.5}},
}  # fmt: skip


def by_model(kind: str, body: bytes) -> dict[str, Any] | None:
    """Return what the model makes of it, None when it refuses."""
    try:
        fields = TELEMETRY_KINDS[kind].model_validate_json(body).model_dump(exclude_unset=True)
    except ValidationError:
        return None
    if kind == "signals":  # In the store each signal is a field of its own.
        fields.update(fields.pop("values"))
    return fields


def by_reader(kind: str, body: bytes) -> dict[str, Any] | None:
    """Return what the reader makes of it, None when it refuses."""
    try:
        return read_fields(kind, body)
    except ValidationError:
        return None


@settings(max_examples=400)
@given(
    kind=st.sampled_from(sorted(SOUND)),
    changes=st.dictionaries(st.sampled_from([*KEYS, "unknown"]), VALUES, max_size=3),
    gone=st.sets(st.sampled_from(KEYS), max_size=1),
)
def test_reader_and_model_agree(kind: str, changes: dict[str, Any], gone: set[str]) -> None:
    """Values, types and what is left out."""
    fields = {key: one for key, one in (SOUND[kind] | changes).items() if key not in gone}
    body = json.dumps(fields).encode()
    told = by_reader(kind, body)
    assert told == by_model(kind, body)
    if told is not None:
        assert [type(one) for one in told.values()] == [
            type(one) for one in (by_model(kind, body) or {}).values()
        ]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 10_000, b'{"t_ns":NaN}']
)
def test_what_is_no_object_is_refused_by_both(body: bytes) -> None:
    """No body ends the session."""
    for kind in TELEMETRY_KINDS:
        assert by_reader(kind, body) is by_model(kind, body) is None


@pytest.mark.parametrize("name", ["t_ns", "quality", "zone", "Level", "1st", "a b", ""])
def test_a_signal_never_takes_the_place_of_a_field_that_every_reading_has(name: str) -> None:
    """A device's own word `t_ns` would move a point in time."""
    body = json.dumps({"t_ns": 1, "clock": "synced", "values": {name: 1.0}}).encode()
    assert by_reader("signals", body) is None
    assert by_model("signals", body) is None
