"""The edge's files under power cuts, rotten bits, full and failing disks; and that the rig sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edge.outbox.telemetry import TelemetryQueue
from tests.faults.storage import custody_cuts, custody_refusals, flips, telemetry_cuts
from tests.faults.storage.connection import Tuning
from tests.faults.storage.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path


def test_a_power_cut_takes_no_captured_row(tmp_path: Path) -> None:
    """A driver was told that its event is on disk; the hall's lights going out changes nothing."""
    tally = Tally()
    for seed in range(20):
        custody_cuts.run_seed(seed, tally, tmp_path)
    assert tally.failures == []
    assert tally.cuts >= 20
    assert tally.rows_checked > 500


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
def test_without_full_syncs_the_rig_finds_a_loss(tmp_path: Path, level: str) -> None:
    """A checker that never cries is none: with the rule broken the same seeds lose rows."""
    tally = Tally()
    broken = Tuning(replaced=(("PRAGMA synchronous=FULL", f"PRAGMA synchronous={level}"),))
    for seed in range(10):
        custody_cuts.run_seed(seed, tally, tmp_path, tuning=broken)
    assert tally.violations >= 3


def test_a_refusing_disk_leaves_nothing_half(tmp_path: Path) -> None:
    """A full disk stops the driver; with room again the chain goes on where it stood."""
    tally = Tally()
    for seed in range(12):
        custody_refusals.run_seed(seed, tally, tmp_path)
    assert tally.failures == []
    assert tally.refusals >= 12


def test_a_sync_that_failed_before_a_restart_takes_nothing_after_it(tmp_path: Path) -> None:
    """Linux shows what it failed to write as if it stood there; the next process builds on it."""
    tally, careless = Tally(), Tally()
    for calls_count in range(1, 60, 2):
        custody_refusals.run_restart(calls_count, tally, tmp_path, Tuning())
        unrenewed = Tuning(is_log_renewed=False)
        custody_refusals.run_restart(calls_count, careless, tmp_path, unrenewed)
    assert tally.failures == []
    assert careless.violations > 0


def test_rotten_bits_never_pass_for_an_event(tmp_path: Path) -> None:
    """An inspector may trust every row that is sent, and no rot ends the edge with a surprise."""
    tally = Tally()
    for seed in range(20):
        flips.run_seed(seed, tally, tmp_path)
    assert tally.failures == []
    assert tally.flips_found > 5


def test_a_power_cut_leaves_telemetry_counted_once(tmp_path: Path) -> None:
    """Its tail may go; what was evicted before must be in the gap, and not twice."""
    tally = Tally()
    for seed in range(10):
        telemetry_cuts.run_seed(seed, tally, tmp_path)
    assert tally.failures == []
    assert tally.lost > 0


class Parted(TelemetryQueue):
    """Breaks the rule that a reading and its gap change in one commit."""

    @override
    def _drop(self, names: list[tuple[str, int, int, int]]) -> None:
        with self._transaction():
            self._db.executemany(
                "DELETE FROM reading WHERE boot = ? AND seq = ?", [name[:2] for name in names]
            )
        super()._drop(names)


def test_a_gap_that_is_parted_from_its_readings_is_found(tmp_path: Path) -> None:
    """The rig's accounts must close at every moment, not only at the end."""
    tally = Tally()
    for seed in range(20):
        telemetry_cuts.run_seed(seed, tally, tmp_path, make=Parted)
    assert any("the gap says" in line for line in tally.failures), tally.failures
