"""The whole delivery chain, simulated: clean with its rules, never without one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edge.downlink import Downlink
from edge.outbox import vouch
from edge.outbox.custody import CustodyStore
from edge.uplink.follow import Follower
from gateway.ledger.custody import _Batch
from tests.faults.simulation.story import Plan, play
from wire.chain import CustodyRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.control import Head

CI_SEEDS = range(1_000, 1_012)


@pytest.mark.parametrize("seed", CI_SEEDS)
def test_every_seed_drains_and_nothing_is_lost_or_doubled(seed: int) -> None:
    """Play it again with `python -m tests.faults.simulation --first SEED --seeds 1`."""
    play(seed)


def test_the_same_seed_has_the_same_trace() -> None:
    """A failure that can't be played again is no finding."""
    assert play(7).trace == play(7).trace
    assert play(7).trace != play(8).trace


def _without_hash_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CustodyRow, "is_sound", lambda _: True)
    patch.setattr(vouch, "_proves", lambda *_, **__: True)


def _without_pin(patch: pytest.MonkeyPatch) -> None:
    hear = Follower.hear

    def hear_anybody(self: Follower, head: Head, now_s: float) -> bool:
        return hear(self, head.model_copy(update={"ledger": self.ledger}), now_s)

    patch.setattr(Follower, "hear", hear_anybody)


def _without_nonce(patch: pytest.MonkeyPatch) -> None:
    hear = Follower.hear

    def hear_old(self: Follower, head: Head, now_s: float) -> bool:
        nonce = None if head.nonce is None else self._nonce or "none"
        if nonce == "none":
            self._nonce = "none"
        return hear(self, head.model_copy(update={"nonce": nonce}), now_s)

    patch.setattr(Follower, "hear", hear_old)


def _without_archive(patch: pytest.MonkeyPatch) -> None:
    prune: Any = CustodyStore._prune

    def prune_all(self: CustodyStore, seq: int, **_: object) -> None:
        prune(self, seq, rows_max=0, older_than_ns=0)

    patch.setattr(CustodyStore, "_prune", prune_all)


def _without_basis(patch: pytest.MonkeyPatch) -> None:
    async def anything(*_: object) -> str:
        return ""

    patch.setattr(Downlink, "_refusal_of_basis", anything)


def _without_ids(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Batch, "_remember_ids", lambda *_: None)


@pytest.mark.parametrize(
    ("remove", "plan"),
    [
        (_without_hash_check, Plan(faults=frozenset({"rotten row"}))),
        (_without_pin, Plan(faults=frozenset({"foreign gateway"}), archive_rows=3)),
        (
            _without_nonce,
            Plan(faults=frozenset({"crash"}), late_ratio=0.5),
        ),
        (_without_archive, Plan(faults=frozenset({"ledger backup", "restored ledger"}))),
        (_without_basis, Plan(faults=frozenset({"crash"}))),
        (_without_ids, Plan(faults=frozenset({"backup", "restored disk"}))),
    ],
)
def test_each_rule_is_missed_when_it_is_gone(
    monkeypatch: pytest.MonkeyPatch, remove: Callable[[pytest.MonkeyPatch], None], plan: Plan
) -> None:
    """The checkers see it: the same plan is clean with the rule and violated without it."""
    for seed in range(3):
        play(seed, plan)
    remove(monkeypatch)
    violations = 0
    for seed in range(25):
        try:
            play(seed, plan)
        except AssertionError:
            violations += 1
            break
    assert violations
