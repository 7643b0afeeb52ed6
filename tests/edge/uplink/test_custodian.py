"""A person's decision about a chain: rows adopted on the ledger's head, or a stopped box."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.worker import Worker
from edge.uplink.custodian import Custodian
from edge.uplink.follow import Follower, Mode
from wire.chain import ROOT_HASH, CustodyRow
from wire.control import Head

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "a" * 64


def capture(number: int) -> Capture:
    """Return an event."""
    topic = "wh/v1/e/dock-1/evt/input/plc-1"
    return Capture(topic=topic, body=str(number).encode(), captured_ns=number)


class FakeLink:
    """A link whose ledger answers at once, or not at all."""

    def __init__(self, store: CustodyStore, answer: Head | None) -> None:
        self.follower = Follower("l1", store, lambda _: None)
        self._answer = answer
        self.woken_count = 0

    async def ask_now(self, within_s: float) -> Head | None:
        """Let the follower hear the answer."""
        assert within_s > 0
        if self._answer is not None:
            self.follower.ask("n", 0.0)
            self.follower.hear(self._answer.model_copy(update={"nonce": "n"}), 0.1)
        return self._answer

    def went_on(self) -> None:
        """Note it."""
        self.woken_count += 1


def command(store: CustodyStore, link: FakeLink, verb: str) -> tuple[str, str]:
    """Give one command; return (outcome, reason)."""
    worker = Worker("custody")
    custodian = Custodian(link, store, worker)  # type: ignore[arg-type]
    result = asyncio.run(custodian.command(verb, {}))
    worker.close()
    return result.outcome, result.reason


def filled(path: Path, count: int) -> CustodyStore:
    """Return a store with so many rows."""
    store = CustodyStore.open(path)
    store.append([capture(number) for number in range(1, count + 1)])
    return store


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_restored_disk_is_adopted_and_goes_on(tmp_path: Path, *, is_restarted: bool) -> None:
    """The ledger is at 9 of another branch; the rows after 2 are chained anew behind it."""
    path = tmp_path / "c.db"
    store = filled(path, 5)
    common = (2, str(store.hash_at(2)))
    ids = [row.id for row in store.above(2, 10)]
    link = FakeLink(store, Head(ledger="l1", seq=9, hash=OTHER, common=common))
    assert command(store, link, "adopt")[0] == "done"
    assert link.follower.mode is Mode.FOLLOWING
    assert link.woken_count == 1
    if is_restarted:
        store.close()
        store = CustodyStore.open(path)
    rows = [row for row in store.above(9, 10) if isinstance(row, CustodyRow)]
    assert [row.id for row in rows] == ids
    assert (rows[0].seq, rows[0].prev) == (10, OTHER)
    assert all(row.is_sound() for row in rows)
    assert store.tip[0] == 12


def test_without_anything_in_common_all_that_is_kept_is_adopted(tmp_path: Path) -> None:
    """The ledger was put back to before everything that the archive holds."""
    store = filled(tmp_path / "c.db", 5)
    link = FakeLink(store, Head(ledger="l1", seq=3, hash=OTHER, common=None))
    assert command(store, link, "adopt")[0] == "done"
    assert store.base == (3, OTHER)
    assert store.tip[0] == 8


def test_a_chain_that_follows_has_nothing_to_adopt(tmp_path: Path) -> None:
    """A wrong click must not chain anything anew."""
    store = filled(tmp_path / "c.db", 3)
    head = Head(ledger="l1", seq=3, hash=store.tip[1], common=store.tip)
    before = store.tip
    outcome, reason = command(store, FakeLink(store, head), "adopt")
    assert (outcome, store.tip) == ("refused", before)
    assert "nothing to adopt" in reason
    outcome, reason = command(store, FakeLink(store, None), "adopt")
    assert outcome == "refused"
    assert "did not answer" in reason


def test_a_stopped_box_stays_stopped_until_it_is_adopted(tmp_path: Path) -> None:
    """Over restarts, whatever the ledger answers."""
    path = tmp_path / "c.db"
    store = filled(path, 3)
    answer = Head(ledger="l1", seq=0, hash=ROOT_HASH, common=(0, ROOT_HASH))
    link = FakeLink(store, answer)
    assert command(store, link, "stop")[0] == "done"
    store.close()
    store = CustodyStore.open(path)
    was_stopped = store.is_stopped
    link = FakeLink(store, answer)
    link.follower.stop()
    asyncio.run(link.ask_now(1))
    assert link.follower.mode is Mode.STOPPED
    assert link.follower.room() == 0
    assert command(store, link, "adopt")[0] == "done"
    assert (was_stopped, store.is_stopped) == (True, False)
    assert link.follower.room() > 0
    assert command(store, link, "dance")[0] == "refused"
