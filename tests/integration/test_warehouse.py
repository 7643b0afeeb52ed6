"""The main job, end to end: pty to ledger to gate to page, with plugs pulled."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.integration.warehouse import ROOT, Warehouse, assert_sound

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_timed_run_moves_goods_through_the_whole_house(tmp_path: Path) -> None:
    """The README promises it: received, stored, dispatched, planted faults caught, none lost."""
    with Warehouse(tmp_path / "data", "--for", "90", "--speed", "20") as house:
        assert house.wait_exit(330) == 0, house.said()[-3000:]
        told = house.summary()
    assert_sound(told)
    assert told["received"] >= 20, told
    assert told["stored"] >= 15, told
    assert told["dispatched"] >= 8, told
    assert told["gate_refused"] >= 1, told
    assert told["alarms_raised"] >= 3, told
    assert told["telemetry_points"] >= 1_000, told
    verified = subprocess.run(
        [sys.executable, "-m", "entrepot", "verify", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("victims", [("gateway", "edge-dock-1", "edge-dock-2")])
def test_kill_9_of_one_part_after_the_other_loses_nothing(
    tmp_path: Path, victims: tuple[str, ...]
) -> None:
    """Every process may die at any instant; it is brought back and the chain settles the rest."""
    with Warehouse(tmp_path / "data", "--for", "45", "--speed", "20") as house:
        house.until_live()
        for count, victim in enumerate(victims, start=1):
            floor = 10 * count
            house.until(
                partial(has_applied, house, floor),
                limit_s=60,
                what=f"{floor} events applied",
            )
            house.kill(victim)
        assert house.wait_exit(300) == 0, house.said()[-3000:]
        told = house.summary()
    assert_sound(told)
    assert told["received"] > 0


def has_applied(house: Warehouse, floor: int) -> bool:
    """Tell whether the ledger has more events than that."""
    return int(house.call("gateway", "/api/summary")["events_applied"]) > floor


def test_kill_9_of_everything_at_once_resumes_with_its_data(tmp_path: Path) -> None:
    """A power cut in the middle; the second `entrepot up` goes on where the first was."""
    data_dir = tmp_path / "data"
    with Warehouse(data_dir, "--speed", "20") as house:
        house.until_live()
        house.until(
            lambda: house.call("gateway", "/api/summary")["received"] >= 6,
            limit_s=90,
            what="six cartons received",
        )
        before = house.call("gateway", "/api/summary")
        house.kill_everything()
    with Warehouse(data_dir, "--for", "25", "--speed", "20") as house:
        assert house.wait_exit(300) == 0, house.said()[-3000:]
        told = house.summary()
    assert_sound(told)
    assert told["received"] >= before["received"]
    assert told["events_applied"] >= before["events_applied"]
