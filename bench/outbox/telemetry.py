"""Telemetry into the edge's queue and out of it again, as the uplink does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from edge.outbox.telemetry import Queued, TelemetryQueue
from edge.uplink.flight import TELEMETRY_WINDOW
from edge.uplink.link import TELEMETRY_NEWEST
from wire.topics import edge_topic

if TYPE_CHECKING:
    from pathlib import Path

TOPIC: Final = edge_topic("dock-1", "tlm", "environment", "probe-1")
BODY: Final = (
    b'{"t_ns":1764000000000000001,"clock":"synced","quality":"good","zone":"ambient",'
    b'"temperature_c":21.4,"humidity_percent":48.5}'
)
BYTES_MAX: Final = 1_000_000_000
AGE_S_MAX: Final = 1e9
BOOT: Final = "bench"
STEP_NS: Final = 1_000_000


def rates(path: Path, *, rows_count: int, group_count: int) -> tuple[float, float]:
    """Return (readings queued a second, readings drained a second).

    A drain step takes what the uplink's window holds, newest few first, and forgets it by one
    acknowledgement.
    """
    queue = TelemetryQueue(path, bytes_max=BYTES_MAX, age_s_max=AGE_S_MAX)
    start_ns = time.time_ns()
    readings = [
        Queued(boot=BOOT, seq=seq, topic=TOPIC, body=BODY, at_ns=start_ns + seq * STEP_NS)
        for seq in range(1, rows_count + 1)
    ]
    started_s = time.perf_counter()
    for first in range(0, rows_count, group_count):
        queue.append(readings[first : first + group_count])
    queued_s = time.perf_counter() - started_s
    assert queue.waiting()[0] == rows_count

    started_s = time.perf_counter()
    drained = 0
    while batch := queue.next_to_send(TELEMETRY_WINDOW, newest_count=TELEMETRY_NEWEST):
        drained += queue.forget({BOOT: _ranges(sorted(one.seq for one in batch))})
    drained_s = time.perf_counter() - started_s
    assert drained == rows_count
    queue.close()
    return rows_count / queued_s, rows_count / drained_s


def _ranges(seqs: list[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for seq in seqs:
        if ranges and seq == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    return ranges
