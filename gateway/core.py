"""The ledger's worker thread, and the news that something changed.

Every transaction and every read goes through one thread, so that the event loop never waits on a
disk and SQLite has one writer.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from gateway.ledger.store import Ledger, Tx

T = TypeVar("T")


class Changes:
    """A counter that many tasks may wait on; a waiter never misses a change."""

    def __init__(self) -> None:
        self._count = 0
        self._event = asyncio.Event()

    @property
    def count(self) -> int:
        """Return how often something changed."""
        return self._count

    def notify(self) -> None:
        """Wake every waiter."""
        self._count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def wait_past(self, seen: int, limit_s: float) -> int:
        """Return the count once it exceeds `seen`, or when the time is over."""
        if self._count > seen:
            return self._count
        try:
            async with asyncio.timeout(limit_s):
                await self._event.wait()
        except TimeoutError:
            pass
        return self._count


class Core:
    """The ledger, reachable from the event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.changes = Changes()
        self.busy_s = 0.0
        """Seconds that the ledger's thread has worked."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def transact(self, cause: str, work: Callable[[Tx], T], *, is_news: bool = True) -> T:
        """Run `work` in one transaction on the ledger's thread, then tell the news."""
        done = await self._run(lambda: self.ledger.transact(cause, work))
        if is_news:
            self.changes.notify()
        return done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a consistent state of the ledger."""
        return await self._run(lambda: self.ledger.read(work))

    def close(self) -> None:
        """Finish what the thread has begun and close the database."""
        self._thread.shutdown(wait=True)
        self.ledger.close()

    async def _run(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._timed, job)

    def _timed(self, job: Callable[[], T]) -> T:
        started_s = time.perf_counter()
        try:
            return job()
        finally:
            self.busy_s += time.perf_counter() - started_s
