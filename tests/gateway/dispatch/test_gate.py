"""The gate's rule: each single breach alone keeps it shut, and says who must act."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from gateway.dispatch.gate import judge

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND: dict[str, Any] = {
    "truck": {
        "plate": "YUB1", "seen_plate": "yub-1", "tare_g": 2_800_000,
        "weighed_mass_g": 2_805_000, "weighed_seq": 9, "passed_seq": 8,
    },
    "passport": {
        "passport_id": "P-1", "state": "approved", "plate": "YUB1",
        "total_mass_g": 2_805_000, "units": ["u1"],
    },
    "aboard": [
        {
            "unit": "u1", "is_released": True, "status": "PASSPORT_APPROVED",
            "passport_id": "P-1", "holds_count": 0,
        }
    ],
    "foreign_tags": [],
    "edges": [
        {
            "edge": "dock-2", "beat_age_s": 1.0, "head_seq": 9, "tip_seq": 9,
            "is_forked": False, "is_full": False, "mode": "following", "is_cloned": False,
        }
    ],
    "foreign_ledgers": [], "has_twin": False,
    "weight_tolerance_g": 6_000,
}  # fmt: skip


def put(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    """Return a change of one value."""

    def change(basis: Any) -> None:  # noqa: ANN401 - any shape
        for level in path[:-1]:
            basis = basis[level]
        basis[path[-1]] = value

    return change


def test_a_sound_truck_may_leave() -> None:
    """Everything released, bound, read, weighed."""
    assert judge(SOUND) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("aboard", 0, "is_released", value=False), "released"),
        (put("aboard", 0, "passport_id", value="P-2"), "bound"),
        (put("aboard", 0, "holds_count", value=1), "hold"),
        (put("aboard", value=[]), "tags-missing"),
        (put("foreign_tags", value=["3000"]), "tags-foreign"),
        (put("passport", "units", value=[]), "tags-foreign"),
        (put("passport", "state", value="applied"), "passport"),
        (put("truck", "seen_plate", value="YUB2"), "plate"),
        (put("truck", "seen_plate", value=None), "plate"),
        (put("truck", "weighed_mass_g", value=2_811_001), "weight"),
        (put("truck", "weighed_mass_g", value=2_798_999), "weight"),
        (put("truck", "weighed_seq", value=8), "weight-awaited"),
        (put("edges", 0, "beat_age_s", value=5.1), "edge-fresh"),
        (put("edges", 0, "head_seq", value=8), "edge-head"),
        (put("edges", 0, "is_forked", value=True), "fork"),
        (put("edges", 0, "is_full", value=True), "outbox-full"),
        (put("edges", 0, "mode", value="forked"), "fork"),
        (put("edges", 0, "mode", value="stopped"), "fork"),
        (put("edges", 0, "is_cloned", value=True), "fork"),
        (put("has_twin", value=True), "foreign-ledger"),
        (put("edges", value=[]), "edge-fresh"),
        (put("foreign_ledgers", value=["other"]), "foreign-ledger"),
    ],
)
def test_each_breach_alone_keeps_the_gate_shut(
    change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    """An inspector asks for each of these."""
    basis = copy.deepcopy(SOUND)
    change(basis)
    refusals = judge(basis)
    assert {one.rule for one in refusals} == {rule}
    assert all(one.why and one.who for one in refusals)


def test_the_borders_of_the_tolerance_are_inside() -> None:
    """Within the tolerance means up to it."""
    for mass_g in (2_799_000, 2_811_000):
        basis = copy.deepcopy(SOUND)
        basis["truck"]["weighed_mass_g"] = mass_g
        assert judge(basis) == []
