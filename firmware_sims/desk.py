"""The customs desk that asks again: documents that were published while the hall was away.

The broker keeps nothing for a client that is not there, so a document may pass unheard. Whoever
waits for an answer is asked over the page's HTTP API, and the document is taken from there.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from firmware_sims.lead import NoPage

if TYPE_CHECKING:
    from firmware_sims.customs import Customs
    from firmware_sims.lead import ShiftLead

log = logging.getLogger(__name__)

LOOK_S: Final = 4.0
WAITS_ROUNDS: Final = 2
"""A document that was heard is answered sooner than so many looks."""


class CustomsDesk:
    """Looks for declarations and passports that nobody answers."""

    def __init__(self, page: ShiftLead, customs: Customs) -> None:
        self._page = page
        self._customs = customs
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Work for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except (NoPage, KeyError, TypeError, AttributeError) as error:
                log.debug("desk_waits", extra={"error": str(error)})

    async def _look(self) -> None:
        orders = (await self._page.get("/api/orders"))["orders"]
        units = (await self._page.get("/api/units"))["units"]
        waiting: dict[str, tuple[str, dict[str, Any]]] = {}
        for order in orders:
            mine = [one for one in units if one["order_id"] == order["order_id"]]
            names = [{"unit": one["unit"]} for one in mine]
            name = order["declaration_id"]
            if order["state"] == "declared" and name:
                data = {"what": "declared", "declaration_id": name, "order_id": order["order_id"]}
                waiting[f"declaration/{name}"] = ("declaration", {**data, "units": names})
        for one in units:
            if one["status"] == "PASSPORT_BOUND":
                name = await self._passport_of(one["unit"])
                data = waiting.setdefault(
                    f"passport/{name}",
                    ("passport", {"what": "applied", "passport_id": name, "units": []}),
                )[1]
                data["units"].append(one["unit"])
        self._seen = {key: self._seen.get(key, 0) + 1 for key in waiting}
        for key, (kind, data) in waiting.items():
            if self._seen[key] > WAITS_ROUNDS:
                # A document that was heard before is known, and taken only once.
                self._customs.take_document(kind, data)

    async def _passport_of(self, unit: str) -> str:
        story = await self._page.get(f"/api/units/{quote(unit, safe='')}")
        return str(story["passport_id"])
