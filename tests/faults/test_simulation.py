"""The whole delivery chain, simulated: clean with its rules, never without one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.faults.simulation.day import day_away
from tests.faults.simulation.story import Plan, play
from tests.faults.simulation.without import RULES, Rule

CI_SEEDS = range(1_000, 1_012)
TRIES_COUNT = 25
ROOT = Path(__file__).resolve().parents[2]


def is_violated(seed: int, rule: Rule) -> bool:
    """Tell whether a seed breaks something."""
    try:
        play(seed, rule.plan)
    except (AssertionError, ValidationError):  # Some end a process with what it then reads.
        return True
    return False


def test_every_seed_drains_and_nothing_is_lost_or_doubled() -> None:
    """Play one again with `python -m tests.faults.simulation --first SEED --seeds 1`."""
    openings = events = 0
    for seed in CI_SEEDS:
        try:
            story = play(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        openings += sum(len(box.acts) for box in story.boxes)
        events += sum(len(box.captured) for box in story.boxes)
    # A gate that never opens keeps every rule.
    assert openings >= 3
    assert events > 1_000


def test_the_same_seed_has_the_same_trace() -> None:
    """A failure that can't be played again is no finding; nor on another interpreter's hashes."""
    here = play(7).trace
    assert play(7).trace == here
    assert play(8).trace != here
    code = "from tests.faults.simulation.story import play; print(play(7).trace)"
    there = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_is_missed_when_it_is_gone(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> None:
    """The checkers see it: the plan's seed is clean with the rule, and one soon is not without."""
    play(rule.seed, rule.plan)
    rule.remove(monkeypatch)
    assert any(is_violated(seed, rule) for seed in range(rule.seed, rule.seed + TRIES_COUNT))


@pytest.mark.parametrize("telemetry_bytes", [200_000_000, 40_000])
def test_an_edge_that_was_away_for_hours_loses_nothing(telemetry_bytes: int) -> None:
    """A night without a network: each reading is a point, or a told gap where its bound was met."""
    counted = day_away(edge_hours=4.0, telemetry_bytes=telemetry_bytes)
    assert counted["readings"] == 1_440
    evicted = counted["readings_in_told_gaps"]
    assert (evicted > 0) is (telemetry_bytes == 40_000)
    assert counted["readings_acknowledged"] + evicted == counted["readings"]


def test_the_plan_without_faults_is_short() -> None:
    """With nothing to befall it, the chain drains in a few steps: the rest is faults' doing."""
    story = play(3, Plan(fault_ratio=0.0))
    assert story.befall.names == []
