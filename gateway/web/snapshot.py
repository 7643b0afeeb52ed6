"""One picture of everything, made at most twice a second for all tabs together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import StreamingResponse
from typing_extensions import override

from gateway.web import present, reads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from starlette.types import Receive, Scope, Send

    from gateway.core import Core
    from gateway.live import Live
    from gateway.settings import Site

MAKE_S_MIN: Final = 0.5
LEDGER_S_MAX: Final = 1.0
"""A ledger that tells of no change is read again after so long, if somebody looks."""
WAKE_S_MIN: Final = 0.02
TABS_COUNT_MAX: Final = 100


class Snapshots:
    """Makes the picture when somebody looks; tabs share it, and its text."""

    def __init__(self, core: Core, live: Live, site: Site) -> None:
        self._core = core
        self._live = live
        self._site = site
        self._made_s = -1e9
        self._picture: dict[str, Any] = {}
        self._event: bytes | None = None
        """The picture as the tabs get it; made when the first of them asks."""
        self._ledger: dict[str, Any] = {}
        self._ledger_read_s = -1e9
        self._ledger_count = -1
        """How many changes there had been when the ledger was read."""
        self._turn = asyncio.Lock()
        self.tabs_count = 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream soon: a server that stops waits for them."""
        self._closing.set()

    async def now(self) -> dict[str, Any]:
        """Return a picture that is at most half a second old."""
        async with self._turn:
            if time.monotonic() - self._made_s >= MAKE_S_MIN:
                await self._read_ledger()
                self._made_s = time.monotonic()
                self._picture, self._event = self._with_present(), None
            return self._picture

    async def _read_ledger(self) -> None:
        count, now_s = self._core.changes.count, time.monotonic()
        if count != self._ledger_count or now_s - self._ledger_read_s >= LEDGER_S_MAX:
            self._ledger = await self._core.read(_read)
            self._ledger_count, self._ledger_read_s = count, now_s

    def _with_present(self) -> dict[str, Any]:
        ledger = {name: told for name, told in self._ledger.items() if name != "heads"}
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "at": stamp,
            **ledger,
            "climate": present.climate(self._site, self._live),
            **present.edges(self._live, self._ledger["heads"]),
            **present.devices(self._live),
            "buses": present.buses(self._live),
            "vehicles": present.vehicles(self._live),
            "processes": present.processes(self._live),
            "is_simulated": "hall" in self._live.processes,
        }

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield server-sent events: each picture, twice a second while anybody looks."""
        sent_s = -1e9
        while not self._closing.is_set():
            picture = await self.now()
            if self._made_s != sent_s:
                sent_s = self._made_s
                if self._event is None:
                    self._event = _event(picture)
                yield self._event
            # All tabs wake together when the next picture is due: none shows an old one longer.
            due_s = max(WAKE_S_MIN, self._made_s + MAKE_S_MIN - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due_s):
                    await self._closing.wait()


def _event(picture: dict[str, Any]) -> bytes:
    body = json.dumps(picture, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"event: snapshot\ndata: {body}\n\n".encode()


class TabStream(StreamingResponse):
    """A tab's stream; it counts from its admission until its connection ends, begun or not."""

    def __init__(self, snapshots: Snapshots) -> None:
        super().__init__(snapshots.stream(), media_type="text/event-stream")
        self._snapshots = snapshots
        snapshots.tabs_count += 1

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._snapshots.tabs_count -= 1


def _read(connection: Connection) -> dict[str, Any]:
    return {
        "figures": reads.figures(connection),
        "alarms": reads.alarms(connection),
        "held": reads.held(connection),
        "goods": reads.goods(connection),
        "trucks": reads.trucks(connection),
        "orders": reads.orders(connection),
        "stock": reads.stock(connection),
        "places": reads.places(connection),
        "tasks": reads.tasks(connection),
        "decisions": reads.decisions(connection)[:5],
        "events": reads.events(connection)[:30],
        "heads": reads.heads(connection),
    }
