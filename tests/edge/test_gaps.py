"""Gaps are told with their cause, once, and a disk that refuses ends nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edge import gaps
from edge.gaps import GapTeller
from edge.outbox.errors import DiskRefuses
from edge.outbox.telemetry import Queued, TelemetryQueue
from edge.outbox.worker import Worker
from runtime.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from edge.ports import Outgoing


def test_each_cause_is_told_once_and_a_full_disk_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thinned, refused, rotten; while custody's disk refuses too nothing is forgotten."""
    monkeypatch.setattr(gaps, "GAPS_S", 0.01)
    queue = TelemetryQueue(tmp_path / "t.db", bytes_max=300, age_s_max=60)
    queue.append([Queued(boot="b", seq=n, topic="t", body=b"x" * 60, at_ns=n) for n in range(1, 9)])
    told: list[Mapping[str, object]] = []
    refusals = [DiskRefuses("full"), DiskRefuses("full")]

    async def emit(outgoing: Outgoing) -> int | None:
        if refusals:
            raise refusals.pop()
        told.append(outgoing.body)
        return 1

    async def run() -> None:
        worker = Worker("telemetry")
        teller = GapTeller("b", queue, worker, ManualClock(), emit)
        teller.corrupt()
        for seq in (10, 11, 12):
            teller.refuse(seq, seq, "full")
        task = asyncio.create_task(teller.run(lambda: True))
        async with asyncio.timeout(5):
            while len(told) < 3:  # noqa: ASYNC110 - the list is all there is
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        worker.close()

    asyncio.run(run())
    assert [one["cause"] for one in told] == ["corrupt", "evicted", "disk_full"]
    last = told[2]
    assert (last["first_seq"], last["last_seq"], last["count"]) == (10, 12, 3)
    assert queue.gaps() == []
    queue.close()
