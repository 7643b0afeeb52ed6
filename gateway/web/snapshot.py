"""One picture of everything, made at most twice a second for all tabs together."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from gateway.web import present, reads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection

    from gateway.core import Core
    from gateway.live import Live
    from gateway.settings import Site

MAKE_S_MIN: Final = 0.5
HEARTBEAT_S: Final = 1.0
TABS_COUNT_MAX: Final = 100


class Snapshots:
    """Makes the picture when somebody looks; tabs share it."""

    def __init__(self, core: Core, live: Live, site: Site) -> None:
        self._core = core
        self._live = live
        self._site = site
        self._made_s = -1e9
        self._picture: dict[str, Any] = {}
        self._turn = asyncio.Lock()
        self.tabs_count = 0
        self.is_closing = False

    async def now(self) -> dict[str, Any]:
        """Return a picture that is at most half a second old."""
        async with self._turn:
            if time.monotonic() - self._made_s >= MAKE_S_MIN:
                ledger = await self._core.read(_read)
                self._picture = self._with_present(ledger)
                self._made_s = time.monotonic()
            return self._picture

    def _with_present(self, ledger: dict[str, Any]) -> dict[str, Any]:
        heads = ledger.pop("heads")
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "at": stamp,
            **ledger,
            "climate": present.climate(self._site, self._live),
            "edges": present.edges(self._live, heads),
            "devices": present.devices(self._live),
            "vehicles": present.vehicles(self._live),
            "processes": present.processes(self._live),
            "is_simulated": "hall" in self._live.processes,
        }

    async def stream(self) -> AsyncIterator[str]:
        """Yield server-sent events: the newest picture after each change, or each second."""
        self.tabs_count += 1
        try:
            sent = ""
            while not self.is_closing:
                picture = await self.now()
                if picture["at"] != sent:
                    sent = picture["at"]
                    body = json.dumps(picture, ensure_ascii=False, separators=(",", ":"))
                    yield f"event: snapshot\ndata: {body}\n\n"
                await asyncio.sleep(MAKE_S_MIN)
                await self._core.wait_changed(HEARTBEAT_S - MAKE_S_MIN)
        finally:
            self.tabs_count -= 1


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
