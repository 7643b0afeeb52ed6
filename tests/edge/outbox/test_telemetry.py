"""The telemetry queue: bounded, thinned from its oldest end, and honest about what went."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.outbox.errors import DiskRefuses
from edge.outbox.telemetry import KEYS_BYTES, THIN_SPAN_ROWS, Queued, TelemetryQueue

TOPIC = "wh/v1/e/dock-1/tlm/environment/th-11"
BODY = b"x" * 100
ROW_BYTES = len(BODY) + len(TOPIC) + KEYS_BYTES
DAY_S = 86_400.0


def reading(seq: int, *, boot: str = "b", at_ns: int | None = None) -> Queued:
    """Return a reading of its second."""
    at = seq * 10**9 if at_ns is None else at_ns
    return Queued(boot=boot, seq=seq, topic=TOPIC, body=BODY, at_ns=at)


def open_queue(folder: Path, *, rows: int, age_s: float = DAY_S) -> TelemetryQueue:
    """Return a queue that holds `rows` of our readings."""
    return TelemetryQueue(folder / "telemetry.db", bytes_max=rows * ROW_BYTES, age_s_max=age_s)


def kept(queue: TelemetryQueue) -> list[int]:
    """Return the seqs that are still there."""
    return sorted(one.seq for one in queue.next_to_send(100_000, newest_count=0))


def test_when_full_every_second_reading_of_the_oldest_span_goes(tmp_path: Path) -> None:
    """The newest readings stay whole, the oldest stay readable."""
    count = 3 * THIN_SPAN_ROWS
    queue = open_queue(tmp_path, rows=count)
    queue.append([reading(seq) for seq in range(1, count + 2)])
    left = kept(queue)
    assert left[: THIN_SPAN_ROWS // 2] == list(range(2, THIN_SPAN_ROWS + 1, 2))
    assert left[THIN_SPAN_ROWS // 2 :] == list(range(THIN_SPAN_ROWS + 1, count + 2))
    (gap,) = queue.gaps()
    assert (gap.first_seq, gap.last_seq, gap.count) == (1, THIN_SPAN_ROWS - 1, THIN_SPAN_ROWS // 2)


def test_a_gap_grows_until_it_is_told_and_survives_a_restart(tmp_path: Path) -> None:
    """Readings go while nobody listens; a crash must not forget how many."""
    queue = open_queue(tmp_path, rows=10)
    queue.append([reading(seq) for seq in range(1, 31)])
    first = queue.gaps()[0].count
    queue.close()
    queue = open_queue(tmp_path, rows=10)
    queue.append([reading(seq) for seq in range(31, 61)])
    (gap,) = queue.gaps()
    assert gap.count > first
    queue.append([reading(seq) for seq in range(61, 91)])
    queue.told(gap)
    (later,) = queue.gaps()
    assert gap.count + later.count + len(kept(queue)) == 90
    queue.told(later)
    assert queue.gaps() == []


def test_what_is_too_old_goes_and_is_told(tmp_path: Path) -> None:
    """The bound of age, apart from that of bytes."""
    queue = open_queue(tmp_path, rows=1_000, age_s=60.0)
    queue.append([reading(seq) for seq in range(1, 11)])
    queue.append([reading(100)])
    assert kept(queue) == [100]
    assert [(one.first_seq, one.last_seq, one.count) for one in queue.gaps()] == [(1, 10, 10)]


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 60), st.integers(0, 60), st.booleans()),
        max_size=12,
    )
)
def test_each_reading_is_kept_acknowledged_or_in_a_gap(
    tmp_path: Path, steps: list[tuple[int, int, int, bool]]
) -> None:
    """Whatever comes, is acknowledged, repeated or evicted, the count is exact."""
    folder = Path(mkdtemp(dir=tmp_path))  # Steps that are tried again meet no older file.
    queue = open_queue(folder, rows=25)
    seq = acknowledged = told = 0
    for count, first, last, is_told in steps:
        fresh = [reading(one) for one in range(seq + 1, seq + count + 1)]
        queue.append([*fresh, fresh[-1]])
        seq += count
        acknowledged += queue.forget({"b": [(first, last)]})
        if is_told:
            for gap in queue.gaps():
                told += gap.count
                queue.told(gap)
        gone = sum(one.count for one in queue.gaps())
        left = kept(queue)
        assert len(left) + acknowledged + told + gone == seq
        assert queue.waiting()[:2] == (len(left), len(left) * ROW_BYTES)
        assert len(left) <= 25
    queue.close()


def test_a_full_disk_leaves_no_transaction_open(tmp_path: Path) -> None:
    """With room again the next reading is queued, and the counts are those of the file."""
    queue = open_queue(tmp_path, rows=100)
    queue.append([reading(1)])
    (pages,) = queue._db.execute("PRAGMA page_count").fetchone()
    queue._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskRefuses):
        queue.append([reading(seq) for seq in range(2, 90)])
    queue._db.execute("PRAGMA max_page_count=10000")
    assert queue.waiting()[:2] == (1, ROW_BYTES)
    queue.append([reading(2)])
    assert kept(queue) == [1, 2]
    queue.close()
