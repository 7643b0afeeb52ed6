"""Rotten bits in a closed custody file: what comes out is true, a tombstone, or a named error.

The chain proves its rows, so these must never lie. The other tables (commands, last events, times
of capture) have no proof: of them only the kind of error is checked.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING, Final

from edge.outbox.custody import CustodyStore, OpenCommand
from edge.outbox.errors import AdoptRefused, ChainDamaged, DiskRefuses
from tests.faults.storage.custody_state import State
from tests.faults.storage.custody_work import Work, Wrong
from wire.chain import CustodyRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.faults.storage.tally import Tally
    from wire.chain import Tombstone
    from wire.control import Position

NAMED: Final = (ChainDamaged, DiskRefuses)
COLUMNS: Final = ("prev", "id", "hash", "topic", "body")


def run_seed(seed: int, tally: Tally, folder: Path) -> None:
    """Work, close, flip, and ask everything that can be asked."""
    rng = random.Random(f"flips {seed}")
    path = folder / "custody.db"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    state = filled(path, rng)
    count = rng.randint(1, 8)
    tally.flips += count
    if rng.random() < 0.5:
        flip_file(path, rng, count)
    else:
        flip_columns(path, rng, count)
    try:
        tally.flips_found += ask_all(path, state, rng, tally)
    except Exception as error:  # noqa: BLE001 - any other kind is what we look for
        tally.fail("flips", seed, f"{type(error).__name__}: {error}")


def filled(path: Path, rng: random.Random) -> State:
    """Return what a file holds after some work."""
    work = Work(rng, lambda: CustodyStore.open(path), State())
    for _ in range(rng.randint(3, 40)):
        work.step()
    if work.store is not None:
        work.store.close()
    return work.lawful[0]


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with one bit turned."""
    image = bytearray(data)
    image[rng.randrange(len(image))] ^= 1 << rng.randrange(8)
    return bytes(image)


def flip_file(path: Path, rng: random.Random, count: int) -> None:
    """Turn bits anywhere in the file."""
    data = path.read_bytes()
    for _ in range(count):
        data = flipped(data, rng)
    path.write_bytes(data)


def flip_columns(path: Path, rng: random.Random, count: int) -> None:
    """Turn bits of the rows' own values."""
    db = sqlite3.connect(path)
    seqs = [row[0] for row in db.execute("SELECT seq FROM custody")]
    for _ in range(count if seqs else 0):
        column, seq = rng.choice(COLUMNS), rng.choice(seqs)
        kind = "BLOB" if column == "body" else "TEXT"
        (value,) = db.execute(
            f"SELECT CAST({column} AS BLOB) FROM custody WHERE seq = ?", (seq,)
        ).fetchone()
        if value:
            db.execute(
                f"UPDATE custody SET {column} = CAST(? AS {kind}) WHERE seq = ?",
                (flipped(value, rng), seq),
            )
    db.commit()
    db.close()


def ask_all(path: Path, state: State, rng: random.Random, tally: Tally) -> bool:
    """Ask every public method; tell whether anything showed. Raises Wrong where one lies."""
    try:
        store = CustodyStore.open(path)
    except NAMED:
        return True
    try:
        is_found = rows_lie_or_show(store, state, tally)
        head = (state.tip[0] + 3, "a" * 64)
        common = (state.base[0], state.base[1])
        asked: list[Callable[[], object]] = [
            store.last_seqs,
            store.open_commands,
            store.size_bytes,
            lambda: store.head_seq,
            lambda: store.is_stopped,
            store.stop,
            lambda: store.captured_ns_above(state.base[0]),
            lambda: store.begin_command(OpenCommand(command_id="c", device="d", verb="open")),
            lambda: store.append(Work(rng, lambda: store, state).captures(3)),
            lambda: store.archive(state.tip[0], rows_max=5, older_than_ns=0),
            lambda: store.append(Work(rng, lambda: store, state).captures(3)),
            lambda: store.adopt(head=head, common=common),
        ]
        for ask in asked:
            try:
                ask()
            except AdoptRefused:
                continue
            except NAMED:
                is_found = True
    finally:
        store.close()
    with contextlib.suppress(*NAMED):
        CustodyStore.open(path).close()
    return is_found


def rows_lie_or_show(store: CustodyStore, state: State, tally: Tally) -> bool:
    """Hold every word about the chain against the truth; tell whether damage showed."""
    truth = {state.base[0]: state.base[1]} | {seq: row.hash for seq, row in state.rows.items()}
    must_be_true([store.tip, store.base], truth)
    if store.tip != state.tip or store.base != state.base:
        raise Wrong(f"tip {store.tip[0]} of {state.tip[0]}, base {store.base[0]}")
    is_found = False
    try:
        must_be_true(store.sample(), truth)
    except NAMED:
        is_found = True
    for seq in truth:
        try:
            digest = store.hash_at(seq)
        except NAMED:
            is_found = True
            continue
        is_found |= digest is None
        must_be_true([(seq, digest)] if digest else [], truth)
    seq = state.base[0]
    while seq < state.tip[0]:
        try:
            rows = store.above(seq, 7)
        except NAMED:
            is_found = True
            seq += 1
            continue
        if not rows:
            raise Wrong(f"nothing above {seq}, and nobody says why")
        is_found |= any(not isinstance(row, CustodyRow) for row in rows)
        rows_must_be_true(rows, seq, state)
        tally.rows_checked += len(rows)
        seq = rows[-1].seq
    return is_found


def must_be_true(positions: Sequence[Position], truth: dict[int, str]) -> None:
    """Raise Wrong where a position was never on the chain."""
    for seq, digest in positions:
        if truth.get(seq) != digest:
            raise Wrong(f"position {seq} was never {digest}")


def rows_must_be_true(rows: Sequence[CustodyRow | Tombstone], seq: int, state: State) -> None:
    """Raise Wrong where a row is not the captured one, or a tombstone not in its place."""
    for number, row in enumerate(rows, start=seq + 1):
        was = state.rows[number]
        if not row.is_sound():
            raise Wrong(f"row {number} is not sound")
        if isinstance(row, CustodyRow) and row != was:
            raise Wrong(f"row {number} passes for sound and is another")
        if (row.seq, row.prev, row.hash) != (was.seq, was.prev, was.hash):
            raise Wrong(f"the tombstone of row {number} stands in another place")
