"""The chain on disk: nothing captured is lost, nothing damaged breaks the rest."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.outbox.custody import Capture, CustodyStore, OpenCommand
from edge.outbox.errors import AdoptRefused, ChainDamaged
from wire.chain import ROOT_HASH, CustodyRow, Tombstone, row_hash

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from pathlib import Path
from edge.outbox.custody import Capture, CustodyStore
store = CustodyStore.open(Path(sys.argv[1]))
while True:
    topic = "wh/v1/e/dock-1/evt/input/plc-1"
    rows = store.append([Capture(topic=topic, body=b"x" * 200, captured_ns=1) for _ in range(7)])
    sys.stdout.write(f"{rows[-1].seq} {rows[-1].hash}\\n")
    sys.stdout.flush()
"""


def capture(number: int, device: str = "plc-1") -> Capture:
    """Return an event."""
    topic = f"wh/v1/e/dock-1/evt/input/{device}"
    return Capture(topic=topic, body=f'{{"n":{number}}}'.encode(), captured_ns=number)


def filled(path: Path, count: int) -> CustodyStore:
    """Return a store with so many rows."""
    store = CustodyStore.open(path)
    store.append([capture(number) for number in range(1, count + 1)])
    return store


def assert_sound(store: CustodyStore) -> None:
    """Check the whole chain with the rule of the contract, not with the store's own words."""
    seq, prev = store.base
    while rows := store.above(seq, 500):
        for row in rows:
            assert isinstance(row, CustodyRow)
            assert (row.seq, row.prev) == (seq + 1, prev)
            assert row.hash == row_hash(row.topic, row.seq, row.prev, row.id, row.body)
            seq, prev = row.seq, row.hash
    assert (seq, prev) == store.tip


def test_a_writer_killed_in_the_middle_loses_no_captured_row(tmp_path: Path) -> None:
    """What a driver was told is on disk stands there after kill -9, and the chain goes on."""
    path = tmp_path / "custody.db"
    told: list[tuple[int, str]] = []
    for round_number in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        end_s = time.monotonic() + 30
        for line in child.stdout:
            number, text = line.split()
            told.append((int(number), text.decode()))
            if len(told) >= 20 * (round_number + 1):
                break
            assert time.monotonic() < end_s
        os.kill(child.pid, signal.SIGKILL)
        told.extend(
            (int(line.split()[0]), line.split()[1].decode())
            for line in child.stdout.read().splitlines(keepends=True)
            if line.endswith(b"\n")
        )
        child.stdout.close()
        child.wait()
    store = CustodyStore.open(path)
    assert store.tip[0] >= told[-1][0]
    for seq, digest in told:
        assert store.hash_at(seq) == digest
    assert_sound(store)
    store.close()


@given(groups=st.lists(st.integers(1, 9), min_size=1, max_size=6), rotten=st.integers(1, 54))
@settings(max_examples=25, deadline=None)
def test_a_rotten_row_travels_as_tombstone(
    tmp_path_factory: pytest.TempPathFactory, groups: list[int], rotten: int
) -> None:
    """One bad sector may cost one event, never those behind it."""
    path = tmp_path_factory.mktemp("rot") / "custody.db"
    store = CustodyStore.open(path)
    for count in groups:
        store.append([capture(number) for number in range(count)])
    total = sum(groups)
    rotten = (rotten - 1) % total + 1
    before = store.above(0, total)
    other = sqlite3.connect(path)
    other.execute("UPDATE custody SET body = ? WHERE seq = ?", (b"rot", rotten))
    other.commit()
    other.close()
    after = store.above(0, total)
    assert [row.seq for row in after] == list(range(1, total + 1))
    for was, row in zip(before, after, strict=True):
        if row.seq == rotten:
            assert isinstance(row, Tombstone)
            assert row.is_sound()
            assert (row.prev, row.id, row.hash) == (was.prev, was.id, was.hash)
        else:
            assert row == was
    store.append([capture(99)])
    assert store.tip[0] == total + 1
    store.close()


@pytest.mark.parametrize("column", ["prev", "id", "hash", "topic", "body"])
def test_rot_in_any_column_leaves_the_chain_as_it_was_told(tmp_path: Path, column: str) -> None:
    """The ledger may have the row already: another hash for it would look like a fork."""
    path = tmp_path / "custody.db"
    store = filled(path, 9)
    before = store.above(0, 9)
    store._db.execute(f"UPDATE custody SET {column} = CAST(X'ff41' AS TEXT) WHERE seq = 5")
    store.close()
    again = CustodyStore.open(path)
    after = again.above(0, 9)
    assert [(row.seq, row.prev, row.hash) for row in after] == [
        (row.seq, row.prev, row.hash) for row in before
    ]
    assert [again.hash_at(row.seq) for row in before] == [row.hash for row in before]
    # Links are written twice, so they are mended; content is not.
    is_void = column in {"id", "topic", "body"}
    assert isinstance(after[4], Tombstone) is is_void
    again.close()


def test_two_lost_neighbours_are_said_not_passed_over(tmp_path: Path) -> None:
    """Nobody knows the hash between them; a chain that stands still in silence helps nobody."""
    store = filled(tmp_path / "custody.db", 9)
    store._db.execute("DELETE FROM custody WHERE seq IN (5, 6)")
    assert [row.seq for row in store.above(0, 9)] == [1, 2, 3, 4]
    with pytest.raises(ChainDamaged):
        store.above(4, 9)
    assert [seq for seq, _ in store.sample()] == [9, 8, 7, 1, 0]
    assert [row.seq for row in store.above(6, 9)] == [7, 8, 9]
    store.close()


@pytest.mark.parametrize(("name", "seq"), [("tip", 8), ("tip", 10), ("base", 1), ("base", 9)])
def test_a_rotten_record_of_an_end_is_refused(tmp_path: Path, name: str, seq: int) -> None:
    """An event chained on a wrong tip would fork the chain for good."""
    store = filled(tmp_path / "custody.db", 9)
    store._db.execute("UPDATE position SET seq = ? WHERE name = ?", (seq, name))
    store.close()
    with pytest.raises(ChainDamaged):
        CustodyStore.open(tmp_path / "custody.db")


def test_a_lost_last_row_does_not_lose_the_tip(tmp_path: Path) -> None:
    """The next event must not take a number that the ledger may already have."""
    store = filled(tmp_path / "custody.db", 5)
    tip = store.tip
    store._db.execute("DELETE FROM custody WHERE seq = 5")
    store.close()
    again = CustodyStore.open(tmp_path / "custody.db")
    assert again.tip == tip
    void = again.above(4, 10)[0]
    assert isinstance(void, Tombstone)
    assert (void.seq, void.hash) == tip
    assert again.above(4, 10)[0] == void  # The same at every sending.
    assert again.append([capture(6)])[0].prev == tip[1]
    again.close()


def test_the_archive_keeps_its_bounds_and_the_base(tmp_path: Path) -> None:
    """The ledger may be restored to any position that is still kept, and not below."""
    store = filled(tmp_path / "custody.db", 50)
    kept = store.hash_at(30)
    store.archive(40, rows_max=10, older_than_ns=0)
    assert store.base == (30, kept)
    assert store.head_seq == 40
    assert store.hash_at(29) is None
    assert_sound(store)
    store.archive(40, rows_max=1_000, older_than_ns=35)  # Captured before 35 goes: rows to 34.
    assert store.base[0] == 34
    assert store.sample()[0] == store.tip
    assert store.sample()[-1] == store.base
    store.archive(50, rows_max=0, older_than_ns=10**18)
    assert store.tip[0] == 50
    assert store.above(49, 5)[0].seq == 50
    store.close()


def test_adopted_rows_keep_their_ids_on_the_ledgers_head(tmp_path: Path) -> None:
    """After a restored disk the events above the fork must not be lost nor counted twice."""
    store = filled(tmp_path / "custody.db", 10)
    ids = [row.id for row in store.above(6, 10)]
    common = store.sample()
    position = (6, str(store.hash_at(6)))
    assert position in [(seq, digest) for seq, digest in [*common, position]]
    with pytest.raises(AdoptRefused):
        store.adopt(head=(20, "a" * 64), common=(6, "b" * 64))
    assert store.adopt(head=(20, "a" * 64), common=position) == 4
    rows = store.above(20, 10)
    assert [row.id for row in rows] == ids
    assert rows[0].prev == "a" * 64
    assert store.tip[0] == 24
    assert_sound(store)
    store.close()


def test_a_command_is_recorded_once_and_ends_with_its_event(tmp_path: Path) -> None:
    """A gate that was asked twice with one id opens once, also after a restart."""
    store = filled(tmp_path / "custody.db", 1)
    command = OpenCommand(command_id="c" * 16, device="plc-1", verb="open")
    assert store.begin_command(command)
    assert not store.begin_command(command)
    store.close()
    again = CustodyStore.open(tmp_path / "custody.db")
    assert not again.begin_command(command)
    assert again.open_commands() == [command]
    topic = "wh/v1/e/dock-1/evt/actuation/plc-1"
    again.append([Capture(topic=topic, body=b"{}", captured_ns=1, ends_command="c" * 16)])
    assert again.open_commands() == []
    assert again.last_seqs()["plc-1"] == 2
    again.close()


def test_an_empty_chain_stands_at_the_root(tmp_path: Path) -> None:
    """A new box says hello with the position that every ledger has."""
    store = CustodyStore.open(tmp_path / "custody.db")
    assert store.sample() == [(0, ROOT_HASH)]
    assert store.above(0, 5) == []
    store.close()


@pytest.mark.parametrize("rot", ["UPDATE custody SET body = X'00' WHERE seq = 4",
                                 "DELETE FROM custody WHERE seq = 4"])  # fmt: skip
def test_an_adopted_row_that_rotted_stays_in_its_place_as_a_void(tmp_path: Path, rot: str) -> None:
    """An inspector sees that an event is missing; an adoption must not close the row's gap."""
    store = filled(tmp_path / "custody.db", 6)
    common = (2, store.hash_at(2) or "")
    ids = [row.id for row in store.above(2, 9)]
    store._db.execute(rot)
    assert store.adopt(head=(20, "a" * 64), common=common) == 4
    rows = store.above(20, 9)
    assert [type(row) for row in rows] == [CustodyRow, Tombstone, CustodyRow, CustodyRow]
    assert all(row.is_sound() for row in rows)
    assert [row.id for row in rows if isinstance(row, CustodyRow)] == [ids[0], *ids[2:]]
    assert (rows[1].id == ids[1]) is rot.startswith("UPDATE")
    store.close()
    store = CustodyStore.open(tmp_path / "custody.db")
    assert store.above(20, 9) == rows
    store.close()


def test_an_id_that_rotted_is_none_that_a_gateway_refuses(tmp_path: Path) -> None:
    """The gateway buries a row with such an id, and its head would never come past it."""
    store = filled(tmp_path / "custody.db", 3)
    store._db.execute("UPDATE custody SET id = ? WHERE seq = 2", ("G" * 32,))
    row = store.above(0, 9)[1]
    assert isinstance(row, Tombstone)
    assert re.fullmatch("[0-9a-f]{32}", row.id)
    assert store.above(0, 9)[1] == row  # The same at every sending.
    store.close()
