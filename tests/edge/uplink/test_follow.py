"""The edge's side of the head: what it may send, forget and believe."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from edge.uplink.follow import WINDOW_COUNT, Follower, Mode
from wire.chain import ROOT_HASH
from wire.control import Head


def digest(seq: int, branch: str = "") -> str:
    """Return the hash of a made-up row."""
    return ROOT_HASH if seq == 0 else hashlib.sha256(f"{branch}{seq}".encode()).hexdigest()


class Chain:
    """A chain of numbers."""

    def __init__(self, tip: int, base: int = 0) -> None:
        self.tip = (tip, digest(tip))
        self._base = base

    def hash_at(self, seq: int) -> str | None:
        """Return the hash of a kept row."""
        return digest(seq) if self._base <= seq <= self.tip[0] else None


def follower(tip: int, base: int = 0) -> tuple[Follower, list[int]]:
    """Return a follower and what it archives."""
    archived: list[int] = []
    one = Follower("ledger-1", Chain(tip, base), archived.append)
    return one, archived


def answer(
    seq: int,
    nonce: str | None,
    *,
    ledger: str = "ledger-1",
    branch: str = "",
    common: int | None = 0,
) -> Head:
    """Return a head."""
    position = None if common is None else (common, digest(common))
    return Head(ledger=ledger, nonce=nonce, seq=seq, hash=digest(seq, branch), common=position)


def test_nothing_is_sent_before_an_answer_in_this_run() -> None:
    """A restored disk must learn first where the ledger stands."""
    one, _ = follower(10)
    assert one.room() == 0
    one.hear(answer(4, None), 0.0)
    assert one.room() == 0
    one.ask("a", 0.0)
    one.hear(answer(4, "a"), 0.0)
    assert one.mode is Mode.FOLLOWING
    assert one.room() == WINDOW_COUNT


def test_a_nonce_counts_once_and_only_the_last_one() -> None:
    """An answer that was held up somewhere is about another time."""
    one, archived = follower(10)
    one.ask("a", 0.0)
    one.ask("b", 0.0)
    assert not one.hear(answer(4, "a"), 0.0)
    assert one.hear(answer(4, "b"), 0.0)
    assert not one.hear(answer(9, "b"), 0.0)
    assert archived == [4]


def test_heads_of_another_ledger_are_not_obeyed() -> None:
    """A foreign gateway on the same broker must not make us forget."""
    one, archived = follower(10)
    one.ask("a", 0.0)
    assert not one.hear(answer(4, "a", ledger="ledger-2"), 0.0)
    assert one.mode is Mode.ASKING
    assert archived == []


def test_an_unasked_head_moves_the_window_but_archives_nothing() -> None:
    """Archiving follows answers that were read from the database for us."""
    one, archived = follower(10)
    one.ask("a", 0.0)
    one.hear(answer(4, "a"), 0.0)
    assert one.hear(answer(7, None), 0.0)
    assert one.acked_seq == 7
    assert archived == [4]
    assert not one.hear(answer(6, None), 0.0)
    assert not one.hear(answer(9, None, branch="x"), 0.0)


def test_a_ledger_that_went_back_gets_the_rows_again() -> None:
    """Its database was restored; the archive has what it lacks."""
    one, _ = follower(10)
    one.ask("a", 0.0)
    one.hear(answer(9, "a"), 0.0)
    one.sent(10, 0.0)
    one.ask("b", 0.0)
    one.hear(answer(3, "b"), 0.0)
    assert one.mode is Mode.FOLLOWING
    assert (one.acked_seq, one.sent_seq) == (3, 3)


def test_rows_that_this_disk_lacks_are_a_fork_and_stop_the_sending() -> None:
    """Disk put back, or a clone wrote: a person decides."""
    for head in (answer(20, "a", common=10), answer(8, "a", branch="x", common=5)):
        one, archived = follower(10)
        one.ask("a", 0.0)
        one.hear(head, 0.0)
        assert one.mode is Mode.FORKED
        assert one.room() == 0
        assert archived == []


def test_a_ledger_behind_everything_kept_is_exhausted() -> None:
    """The archive no longer holds what it would need."""
    one, _ = follower(10, base=6)
    one.ask("a", 0.0)
    one.hear(answer(2, "a", common=None), 0.0)
    assert one.mode is Mode.EXHAUSTED


def test_unanswered_rows_are_sent_again_with_longer_waits() -> None:
    """A gateway that is away must not be hammered when it comes back."""
    one, _ = follower(10)
    one.ask("a", 0.0)
    one.hear(answer(0, "a"), 0.0)
    one.sent(10, 0.0)
    assert not one.rewind_if_due(1.9, jitter=0)
    assert one.rewind_if_due(2.0, jitter=0)
    one.sent(10, 2.0)
    assert not one.rewind_if_due(5.9, jitter=0)
    assert one.rewind_if_due(6.0, jitter=0)


def test_a_slow_link_is_given_four_round_trips() -> None:
    """Rows sent again before their answer can be there only slow it further."""
    one, _ = follower(10)
    one.ask("a", 0.0)
    one.hear(answer(0, "a"), 3.0)
    one.sent(10, 3.0)
    assert not one.rewind_if_due(14.9, jitter=0)
    assert one.rewind_if_due(15.0, jitter=0)


@given(heads=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=30))
def test_the_window_never_goes_beyond_the_chain_or_its_bound(
    heads: list[tuple[int, bool]],
) -> None:
    """Whatever heads come, in whatever order."""
    one, _ = follower(10)
    for number, (seq, is_asked) in enumerate(heads):
        nonce = str(number) if is_asked else None
        if nonce:
            one.ask(nonce, 0.0)
        one.hear(answer(seq, nonce), 0.0)
        assert one.acked_seq <= 10
        assert 0 <= one.room() <= WINDOW_COUNT
        assert one.sent_seq >= one.acked_seq


def test_a_ledger_that_answers_slowly_is_heard_in_the_end() -> None:
    """A nonce is void at the next hello: asked every second, a busy gateway would never count."""
    one, _ = follower(3)
    waits_s = []
    for number in range(8):
        one.ask(f"nonce-{number}", float(number))
        waits_s.append(one.ask_again_s())
    assert waits_s == [1, 2, 4, 8, 16, 30, 30, 30]
    one.gateway_back()
    one.ask("fresh", 9.0)
    assert one.ask_again_s() == 1
    one.mode = Mode.FOLLOWING
    assert one.ask_again_s() == 30
