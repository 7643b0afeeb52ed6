"""What a custody file must say: a model of its own, and the comparison with a store (no faults)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wire.chain import ROOT_HASH, CustodyRow, next_row
from wire.topics import kind_and_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.outbox.custody import Capture, CustodyStore, OpenCommand
    from wire.control import Position

ROOT = (0, ROOT_HASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One lawful content of the file."""

    base: Position = ROOT
    base_seq_max: int = 0
    """Above the base's while a clean-up is under way: how far it goes is the store's affair."""
    tip: Position = ROOT
    head_seq: int = 0
    rows: dict[int, CustodyRow] = field(default_factory=dict)
    begun: dict[str, OpenCommand] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    last_seqs: dict[str, int] = field(default_factory=dict)
    is_stopped: bool = False
    """A person stopped this box."""

    def hash_at(self, seq: int) -> str:
        """Return the chain's hash at a kept position."""
        return self.base[1] if seq == self.base[0] else self.rows[seq].hash

    def appended(self, captures: Sequence[Capture]) -> State:
        """Return what stands there after a group."""
        rows, last_seqs = dict(self.rows), dict(self.last_seqs)
        seq, prev = self.tip
        for one in captures:
            seq += 1
            rows[seq] = row = next_row(
                seq=seq, prev=prev, row_id=one.row_id, topic=one.topic, body=one.body
            )
            prev = row.hash
            named = kind_and_device(one.topic)
            assert named is not None
            last_seqs[named[1]] = seq
        ended = self.ended | {one.ends_command for one in captures if one.ends_command}
        return replace(self, rows=rows, tip=(seq, prev), last_seqs=last_seqs, ended=ended)

    def adopted(self, *, head: Position, common: Position) -> State:
        """Return what stands there after the rows above `common` were chained on `head`."""
        rows: dict[int, CustodyRow] = {}
        last_seqs: dict[str, int] = {}
        seq, prev = head
        for old in [self.rows[one] for one in sorted(self.rows) if one > common[0]]:
            seq += 1
            rows[seq] = row = next_row(
                seq=seq, prev=prev, row_id=old.id, topic=old.topic, body=old.body
            )
            prev = row.hash
            named = kind_and_device(old.topic)
            assert named is not None
            last_seqs[named[1]] = seq
        return replace(
            self,
            base=head,
            base_seq_max=head[0],
            tip=(seq, prev),
            head_seq=head[0],
            rows=rows,
            last_seqs=last_seqs,
            is_stopped=False,
        )

    def pruned_to(self, seq: int) -> State:
        """Return the same with a new base; what lies below is forgotten."""
        return replace(
            self,
            base=(seq, self.hash_at(seq)),
            base_seq_max=seq,
            rows={number: row for number, row in self.rows.items() if number > seq},
        )

    def open_commands(self) -> list[OpenCommand]:
        """Return the commands that never ended, oldest first."""
        return [one for name, one in self.begun.items() if name not in self.ended]


def problems_of(store: CustodyStore, state: State) -> list[str]:
    """Return in what the store's words differ from the state; empty when in nothing."""
    problems: list[str] = []

    def must_equal(what: str, got: object, wanted: object) -> None:
        if got != wanted:
            problems.append(f"{what} is {str(got)[:120]}, must be {str(wanted)[:120]}")

    must_equal("tip", store.tip, state.tip)
    if not state.base[0] <= store.base[0] <= state.base_seq_max:
        problems.append(f"base {store.base[0]} not in {state.base[0]}..{state.base_seq_max}")
    if problems:
        return problems
    state = state.pruned_to(store.base[0])
    must_equal("base", store.base, state.base)
    must_equal("head", store.head_seq, state.head_seq)
    seq, count = state.base[0], 1
    while rows := store.above(seq, count):
        for row in rows:
            seq += 1
            must_equal(f"row {seq}", row, state.rows.get(seq))
            must_equal(f"hash {seq}", store.hash_at(seq), row.hash)
            if not row.is_sound():
                problems.append(f"row {seq} is not sound")
        count = 1 + count * 2 % 61  # Batches of many sizes meet every border.
    must_equal("end of the rows", seq, state.tip[0])
    for number, digest in store.sample():
        must_equal(f"sample {number}", digest, state.hash_at(number))
    must_equal("stopped", store.is_stopped, state.is_stopped)
    must_equal("last seqs", store.last_seqs(), state.last_seqs)
    must_equal("open commands", store.open_commands(), state.open_commands())
    return problems
