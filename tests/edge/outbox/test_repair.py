"""A rotten file costs what is rotten, and never the edge."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.errors import ChainDamaged
from edge.outbox.repair import open_custody, open_telemetry, suspect
from edge.outbox.telemetry import Queued, TelemetryQueue
from wire.chain import CustodyRow

if TYPE_CHECKING:
    from pathlib import Path

TOPIC = "wh/v1/e/dock-1/evt/input/plc-1"


def filled(path: Path, count: int) -> list[str]:
    """Make a chain; return its ids."""
    store = CustodyStore.open(path)
    events = [
        Capture(topic=TOPIC, body=b"x" * 300 + str(n).encode(), captured_ns=n) for n in range(count)
    ]
    ids = [row.id for row in store.append(events)]
    store.close()
    return ids


def kept(store: CustodyStore) -> list[str]:
    """Return the ids of the rows above the base, all of them sound."""
    rows = store.above(0, 10_000)
    assert all(isinstance(row, CustodyRow) and row.is_sound() for row in rows)
    return [row.id for row in rows]


def test_a_sound_file_is_opened_as_it_is(tmp_path: Path) -> None:
    """No repair without damage."""
    ids = filled(tmp_path / "c.db", 5)
    store = open_custody(tmp_path / "c.db")
    assert kept(store) == ids
    assert [one.name for one in tmp_path.glob("*damaged*")] == []


def test_a_record_that_rotted_costs_no_row(tmp_path: Path) -> None:
    """The rows keep their ids: adopted, none has its effect twice."""
    path = tmp_path / "c.db"
    ids = filled(path, 700)
    store = CustodyStore.open(path)
    store._db.execute("UPDATE position SET seq = 3 WHERE name = 'tip'")
    store.close()
    for number in (1, 2):
        store = open_custody(path)
        assert kept(store) == ids
        store._db.execute("UPDATE position SET seq = 3 WHERE name = 'tip'")
        store.close()
        assert (tmp_path / f"c.db.damaged-{number}").exists()


def test_rotten_pages_cost_their_rows_and_a_file_of_rubbish_all(tmp_path: Path) -> None:
    """Whatever is overwritten, the edge starts, and what it keeps was there before."""
    counts = []
    for seed in range(8):
        rng = random.Random(seed)
        path = tmp_path / f"{seed}.db"
        ids = filled(path, 400)
        data = bytearray(path.read_bytes())
        assert len(data) > 100_000
        for _ in range(3):
            at = 0 if seed == 0 else rng.randrange(8_192, len(data) - 4_096)
            data[at : at + 4_096] = rng.randbytes(4_096)
        path.write_bytes(data)
        store = open_custody(path)
        found = kept(store)
        assert (tmp_path / f"{seed}.db.damaged-1").exists()
        assert found == [one for one in ids if one in set(found)]
        counts.append(len(found))
        store.append([Capture(topic=TOPIC, body=b"after", captured_ns=1)])
    assert counts[0] == 0
    # Where the tree's root was spared, only the overwritten pages' own rows are gone.
    assert sum(count > 330 for count in counts) >= 4, counts


def test_a_suspect_file_is_repaired_at_the_next_start(tmp_path: Path) -> None:
    """Lost rows that no page check finds: the process ends, and the next one begins anew."""
    path = tmp_path / "c.db"
    ids = filled(path, 20)
    store = CustodyStore.open(path)
    store._db.execute("DELETE FROM custody WHERE seq IN (9, 10, 11)")
    with pytest.raises(ChainDamaged):
        store.above(9, 10)
    store.close()
    suspect(path)
    store = open_custody(path)
    assert kept(store) == ids[:8] + ids[11:]
    store.close()
    assert kept(open_custody(path)) == ids[:8] + ids[11:]


def test_a_rotten_queue_is_moved_aside(tmp_path: Path) -> None:
    """Telemetry begins anew, and the edge is told to say so."""
    path = tmp_path / "t.db"
    path.write_bytes(b"rubbish" * 1_000)
    queue, was_rotten = open_telemetry(path, bytes_max=10_000, age_s_max=60)
    assert was_rotten
    queue.append([Queued(boot="b", seq=1, topic="t", body=b"x", at_ns=1)])
    queue.close()
    queue, was_rotten = open_telemetry(path, bytes_max=10_000, age_s_max=60)
    assert isinstance(queue, TelemetryQueue)
    assert not was_rotten
    assert queue.waiting()[0] == 1
