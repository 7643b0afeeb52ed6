"""The real edge and gateway behind broken wires, a forgetful broker, a bad store, and kill -9.

A failure prints its seed: FAULT_SEED=N plays it again here, and
`python -m tests.faults.live --seed N --only wires|broker|store|kills` in its long form.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults.live import kills, store, wires
from tests.faults.live.influx import Mood

if TYPE_CHECKING:
    from pathlib import Path

SEED = int(os.environ.get("FAULT_SEED", "11"))


@pytest.fixture(autouse=True)
def _tell_seed() -> None:
    """Print the seed: pytest shows it with a failure."""
    sys.stdout.write(f"FAULT_SEED={SEED}\n")


def test_every_kind_of_broken_wire_loses_nothing_and_heals_within_5_s(tmp_path: Path) -> None:
    """A mast that fails for a second must not leave the gate waiting for a minute."""
    told = asyncio.run(wires.break_wires(tmp_path, SEED))
    assert told.events_count > 100, told
    assert told.found_s, told


def test_a_broker_that_forgets_what_it_acknowledged_loses_nothing(tmp_path: Path) -> None:
    """PUBACK says that a broker has it in memory; the ledger's head says that it is safe."""
    forgotten_count = asyncio.run(wires.forget(tmp_path, SEED, events_count=2_000, kills_count=2))
    assert forgotten_count >= 200


def test_a_bad_store_is_never_told_to_have_written(tmp_path: Path) -> None:
    """Acknowledged means written or buried; a bad point goes alone; memory stays bounded."""
    answers = asyncio.run(store.write_badly(tmp_path, SEED, readings_count=600))
    assert set(answers) >= {mood.value for mood in Mood}, answers


def test_kill_9_of_broker_gateway_and_edge_loses_nothing(tmp_path: Path) -> None:
    """Each plate that a camera was told is kept is in the ledger, once, whoever died meanwhile."""
    told = kills.kill_rounds(tmp_path, SEED, rounds_count=6)
    assert told.posted > 50, told
    assert told.quantile_s(1.0) < 30, told
