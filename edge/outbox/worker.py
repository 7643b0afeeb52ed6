"""One thread a store: group commit for custody, an asyncio face for both."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Never, TypeVar

from edge.outbox.errors import DiskRefuses
from runtime.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.outbox.custody import Capture, CustodyStore

T = TypeVar("T")
log = logging.getLogger(__name__)

GROUP_COUNT_MAX: Final = 500
QUEUE_COUNT_MAX: Final = 2_000
"""Drivers wait beyond it."""


class Worker:
    """Runs jobs of one store on one thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def close(self) -> None:
        """Finish what was begun."""
        self._thread.shutdown(wait=True)


class CustodyWriter:
    """Gathers events and commits them together: one FULL sync for all that came meanwhile."""

    def __init__(self, store: CustodyStore, worker: Worker) -> None:
        self._store = store
        self._worker = worker
        self._queue: asyncio.Queue[tuple[Capture, asyncio.Future[int]]]
        self._queue = asyncio.Queue(QUEUE_COUNT_MAX)
        self.appended = asyncio.Event()
        self.is_full = False
        """The disk takes no more: drivers wait, the local gate stays shut."""

    async def capture(self, event: Capture) -> int:
        """Return the event's number once it is on disk."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self._queue.put((event, future))
        return await future

    async def run(self) -> Never:
        """Commit groups for ever; a full disk is tried again until it has room."""
        while True:
            group = [await self._queue.get()]
            while len(group) < GROUP_COUNT_MAX and not self._queue.empty():
                group.append(self._queue.get_nowait())
            seqs = await self._commit([event for event, _ in group])
            for (_, future), seq in zip(group, seqs, strict=True):
                if not future.done():
                    future.set_result(seq)
            self.appended.set()

    async def _commit(self, events: list[Capture]) -> list[int]:
        backoff = Backoff(first_s=0.2, limit_s=5.0)
        while True:
            try:
                rows = await self._worker.run(lambda: self._store.append(events))
            except (DiskRefuses, OSError) as error:
                if not self.is_full:
                    log.error("custody_full", extra={"error": str(error)})  # noqa: TRY400
                self.is_full = True
                await asyncio.sleep(backoff.next_delay_s())
                continue
            if self.is_full:
                log.warning("custody_room_again")
            self.is_full = False
            return [row.seq for row in rows]
