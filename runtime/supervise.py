"""Keeps one task of a daemon alive: a bug restarts that task with back-off, not the daemon."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Never

from runtime.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def supervise(
    name: str,
    work: Callable[[], Awaitable[Never]],
    *,
    failed: Callable[[Exception], None] = lambda _: None,
) -> Never:
    """Run `work` for ever; `failed` hears of each failure."""
    backoff = Backoff(first_s=0.2, limit_s=10.0)
    while True:
        started_s = asyncio.get_running_loop().time()
        try:
            await work()
        except Exception as error:  # The one place of a daemon where a bug becomes a restart.
            failed(error)
            log.exception("task_failed", extra={"task": name})
        if asyncio.get_running_loop().time() - started_s > backoff.limit_s:
            backoff.reset()
        await asyncio.sleep(backoff.next_delay_s())
