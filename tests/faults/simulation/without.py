"""Each rule of the chain taken out, one at a time, with the seed that shows its absence.

The rules are those that the contract marks: without one of them something breaks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edge.downlink import Downlink
from edge.outbox import custody as edge_custody
from edge.outbox import vouch
from edge.outbox.custody import CustodyStore
from edge.uplink.follow import Follower
from gateway.ledger.custody import _Batch
from tests.faults.simulation.story import Plan
from wire.chain import ROOT_HASH, CustodyRow, Tombstone, next_row

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from wire.control import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule, how to take it out, and where that shows."""

    name: str
    remove: Callable[[pytest.MonkeyPatch], None]
    seed: int = 0
    plan: Plan = field(default_factory=Plan)


def _hash_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CustodyRow, "is_sound", lambda _: True)
    patch.setattr(vouch, "_proves", lambda *_, **__: True)


def _pin(patch: pytest.MonkeyPatch) -> None:
    hear = Follower.hear

    def hear_anybody(self: Follower, head: Head, now_s: float) -> bool:
        return hear(self, head.model_copy(update={"ledger": self.ledger}), now_s)

    patch.setattr(Follower, "hear", hear_anybody)


def _nonce(patch: pytest.MonkeyPatch) -> None:
    hear = Follower.hear

    def hear_old(self: Follower, head: Head, now_s: float) -> bool:
        if head.nonce is not None:
            self._nonce = head.nonce
        return hear(self, head, now_s)

    patch.setattr(Follower, "hear", hear_old)


def _ask_first(patch: pytest.MonkeyPatch) -> None:
    """Let an unasked head be taken for an answer."""
    hear = Follower.hear

    def hear_all(self: Follower, head: Head, now_s: float) -> bool:
        if head.nonce is None:
            self._nonce = "any"
            head = head.model_copy(update={"nonce": "any", "common": (0, ROOT_HASH)})
        return hear(self, head, now_s)

    patch.setattr(Follower, "hear", hear_all)


def _unbroken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Follower, "_is_ours", lambda self, head: head.seq <= self.chain.tip[0])


def _archive(patch: pytest.MonkeyPatch) -> None:
    prune: Any = CustodyStore._prune

    def prune_all(self: CustodyStore, seq: int, **_: object) -> None:
        prune(self, seq, rows_max=0, older_than_ns=0)

    patch.setattr(CustodyStore, "_prune", prune_all)


def _basis(patch: pytest.MonkeyPatch) -> None:
    async def anything(*_: object) -> str:
        return ""

    patch.setattr(Downlink, "_refusal_of_basis", anything)


def _ids(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Batch, "_remember_ids", lambda *_: None)


def _random_ids(patch: pytest.MonkeyPatch) -> None:
    """Name a row by what it says: two alike events on two branches are the same then."""
    append = CustodyStore.append

    def append_named(self: CustodyStore, captures: Any) -> Any:  # noqa: ANN401
        named = [
            type(one)(
                topic=one.topic, body=one.body, captured_ns=one.captured_ns,
                row_id=hashlib.sha256(one.topic.encode()).hexdigest()[:32],
                ends_command=one.ends_command,
            )
            for one in captures
        ]  # fmt: skip
        return append(self, named)

    patch.setattr(CustodyStore, "append", append_named)


def _tip_record(patch: pytest.MonkeyPatch) -> None:
    """Read the tip from the last row instead of its record."""

    def position(self: CustodyStore, name: str) -> tuple[int, str]:
        if name == "tip":
            found = self._db.execute("SELECT seq, hash FROM custody ORDER BY seq DESC LIMIT 1")
            row = found.fetchone()
            if row is not None:
                return row[0], row[1]
        return _position(self, name)

    _position = CustodyStore._position
    patch.setattr(CustodyStore, "_position", position)
    patch.setattr(edge_custody, "ends_fault", lambda *_, **__: "")


def _base_record(patch: pytest.MonkeyPatch) -> None:
    """Forget the position before the oldest row that is kept."""
    hash_at = CustodyStore._hash_at

    def known(self: CustodyStore, seq: int, rows: Any) -> str | None:  # noqa: ANN401
        return None if seq == self._base[0] else hash_at(self, seq, rows)

    patch.setattr(CustodyStore, "_hash_at", known)


def _fork(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Batch, "_fork", lambda *_: None)


def _place(patch: pytest.MonkeyPatch) -> None:
    """Take a row whose number is next, whatever it stands on."""

    def offer(self: _Batch, row: CustodyRow | Tombstone) -> None:
        if row.seq == self.seq + 1:
            self._take(row)
        else:
            known(self, row)

    known = _Batch.offer
    patch.setattr(_Batch, "offer", offer)


def _pending(patch: pytest.MonkeyPatch) -> None:
    """Take what waits without asking whether it still fits."""

    def take_pending(self: _Batch) -> None:
        while waiting := self.pending.pop(self.seq + 1):
            self._take(waiting[0])

    patch.setattr(_Batch, "_take_pending", take_pending)


def _one_transaction(patch: pytest.MonkeyPatch) -> None:
    """Chain adopted rows anew in two steps, with the process dying between them."""
    adopt = CustodyStore.adopt

    def adopt_half(self: CustodyStore, *, head: Any, common: Any) -> int:  # noqa: ANN401
        count = adopt(self, head=head, common=common)
        self._db.execute("DELETE FROM custody WHERE seq > ?", (head[0],))
        self._set_position("tip", head)
        self._tip = head
        return count

    patch.setattr(CustodyStore, "adopt", adopt_half)


def _adopted_ids(patch: pytest.MonkeyPatch) -> None:
    """Give adopted rows ids of their own: those that the ledger has come twice."""

    def renamed(old: Any, number: int, *, seq: int, prev: str) -> CustodyRow:  # noqa: ANN401
        row = chained(old, number, seq=seq, prev=prev)
        new_id = hashlib.sha256(row.id.encode()).hexdigest()[:32]
        return next_row(seq=seq, prev=prev, row_id=new_id, topic=row.topic, body=row.body)

    chained = vouch.chained_anew
    patch.setattr(edge_custody, "chained_anew", renamed)


def _tombstones(patch: pytest.MonkeyPatch) -> None:
    """Send a damaged row as it lies there."""

    def as_it_is(row: CustodyRow | None, **_: object) -> CustodyRow | Tombstone:
        if row is None:
            return sound_or_void(None, **_)  # type: ignore[arg-type]
        return row

    sound_or_void = vouch.sound_or_void
    patch.setattr(edge_custody, "sound_or_void", as_it_is)


def _checksum(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(vouch, "tombstone_checksum", lambda *_: "0" * 64)


def _plan(*faults: str, **more: Any) -> Plan:  # noqa: ANN401
    return Plan(faults=frozenset(faults), rig_ratio=0.0, fault_ratio=0.3, **more)


ROTTEN: Final = _plan("rotten row", "lost row", "crash")
RESTORED: Final = _plan("backup", "restored disk", "person")
LEDGER_BACK: Final = _plan("ledger backup", "restored ledger", "crash")
CLONED: Final = _plan("clone", "backup", "restored disk", "person")

LATE: Final = _plan("crash", "restored ledger", "ledger backup", late_ratio=0.5, archive_rows=3)
LATE_BACK: Final = _plan("ledger backup", "restored ledger", late_ratio=0.5, archive_rows=3)

RULES: Final = (
    Rule(name="hash-check", seed=1, remove=_hash_check, plan=ROTTEN),
    Rule(name="ledger-pin", remove=_pin, plan=_plan("foreign gateway", archive_rows=3)),
    Rule(name="nonce", seed=5, remove=_nonce, plan=LATE),
    Rule(name="answers-only", seed=6, remove=_ask_first, plan=LATE_BACK),
    Rule(name="unbroken-stretch", remove=_unbroken, plan=RESTORED),
    Rule(name="archive", remove=_archive, plan=LEDGER_BACK),
    Rule(name="basis", seed=4, remove=_basis, plan=_plan("crash")),
    Rule(name="seen-ids", remove=_ids, plan=RESTORED),
    Rule(name="random-ids", remove=_random_ids, plan=RESTORED),
    Rule(name="tip-record", seed=11, remove=_tip_record, plan=_plan("lost row", "crash")),
    Rule(name="base-record", remove=_base_record, plan=_plan("rotten row", archive_rows=3)),
    Rule(name="fork-aside", remove=_fork, plan=CLONED),
    Rule(name="place-in-the-chain", remove=_place, plan=CLONED),
    Rule(name="pending-fits", remove=_pending, plan=CLONED),
    Rule(name="adoption-in-one", remove=_one_transaction, plan=RESTORED),
    Rule(name="adopted-ids", remove=_adopted_ids, plan=RESTORED),
    Rule(name="tombstones", remove=_tombstones, plan=ROTTEN),
    Rule(name="tombstone-checksum", remove=_checksum, plan=ROTTEN),
)  # fmt: skip
