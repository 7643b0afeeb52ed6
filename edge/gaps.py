"""Tells what telemetry will never come: thinned, refused, rotten; and steps of the clock."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Never

from edge.outbox.errors import OutboxError
from edge.outbox.telemetry import Evicted
from edge.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.outbox.telemetry import TelemetryQueue
    from edge.outbox.worker import Worker
    from edge.ports import Emit
    from runtime.clock import Clock

log = logging.getLogger(__name__)

GAPS_S: Final = 5.0


class GapTeller:
    """What one process of an edge has to say about missing readings."""

    def __init__(
        self, boot: str, queue: TelemetryQueue, worker: Worker, clock: Clock, emit: Emit
    ) -> None:
        self._boot = boot
        self._queue = queue
        self._worker = worker
        self._clock = clock
        self._emit = emit
        self._refused: Evicted | None = None
        """Readings that the disk did not take; in memory, for there is no disk to keep it."""
        self._is_corrupt = False

    def corrupt(self) -> None:
        """Note that the file was rotten: nobody knows what was in it."""
        self._is_corrupt = True

    def refuse(self, seq: int, at_ns: int, reason: str) -> None:
        """Note a reading that the disk did not take."""
        held = self._refused
        if held is None:
            log.error("telemetry_refused", extra={"reason": reason[:300]})
            held = Evicted(self._boot, seq, seq, 0, at_ns, at_ns)
        self._refused = replace(held, last_seq=seq, count=held.count + 1, last_ns=at_ns)

    async def run(self, has_gateway: Callable[[], bool]) -> Never:
        """Tell gaps when somebody listens; till then each of them grows."""
        while True:
            await asyncio.sleep(GAPS_S)
            if has_gateway():
                try:
                    await self._tell_all()
                except OutboxError as error:
                    log.warning("gaps_wait_for_disk", extra={"reason": str(error)[:300]})

    async def _tell_all(self) -> None:
        if self._is_corrupt:
            now_ns = self._clock.wall_ns()
            await self._tell(Evicted(self._boot, 0, 0, 0, now_ns, now_ns), "corrupt")
            self._is_corrupt = False
        for gap in await self._worker.run(self._queue.gaps):
            await self._tell(gap, "evicted")
            await self._worker.run(lambda gap=gap: self._queue.told(gap))  # type: ignore[misc]
        refused, self._refused = self._refused, None
        if refused is not None:
            log.warning("telemetry_taken_again", extra={"refused_count": refused.count})
            await self._tell(refused, "disk_full")

    async def tell_step(self, seq: int, step_s: float) -> None:
        """Tell that the wall clock jumped: times on both sides of it don't compare."""
        log.warning("clock_stepped", extra={"step_s": round(step_s, 3)})
        now_ns = self._clock.wall_ns()
        ends = sorted((max(0, now_ns - round(step_s * 1e9)), now_ns))
        await self._tell(Evicted(self._boot, seq, seq, 0, ends[0], ends[1]), "clock_step")

    async def _tell(self, gap: Evicted, cause: str) -> None:
        body: dict[str, object] = {
            "stream": "telemetry",
            "boot": gap.boot,
            "first_seq": gap.first_seq,
            "last_seq": gap.last_seq,
            "count": gap.count,
            "cause": cause,
            "first_t_ns": gap.first_ns,
            "last_t_ns": gap.last_ns,
        }
        await self._emit(Outgoing(device="outbox", kind="gap", is_custody=True, body=body))
