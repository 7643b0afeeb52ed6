"""What goes wrong in every run, by plan: a carton that was not released, bad air, bad requests."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from firmware_sims.vehicle import now
from firmware_sims.world import NotThere

if TYPE_CHECKING:
    from firmware_sims.commerce import Commerce
    from firmware_sims.hall import Hall

log = logging.getLogger(__name__)

EXCURSION_AFTER_S: Final = 20.0
EXCURSION_S: Final = 14.0
EXCURSION_C: Final = 6.5


class Mischief:
    """Each fault happens once a world; `told` says what has been done."""

    def __init__(self, hall: Hall, commerce: Commerce) -> None:
        self.hall = hall
        self.world = hall.world
        self.commerce = commerce
        self.told: dict[str, Any] = hall.world.books.setdefault("mischief", {})

    async def run_sample(self) -> None:
        """Somebody puts a show sample, never released, on the second truck while it is loaded."""
        while "sample_loaded" not in self.told:
            await asyncio.sleep(0.3)
            epc = self.world.books.get("planted", {}).get("sample")
            truck = self.world.truck_at("dock-2")
            carton = self.world.cartons.get(epc or "")
            if truck is None or carton is None or not carton.place.startswith("location:"):
                continue
            if self.world.dispatched_count == 0:
                continue  # The first truck shows how it should be.
            target = f"truck:{truck.truck_id}"
            if not self.world.at(target):
                continue
            try:
                await self.hall.pass_portal(carton, "dock-2", carton.place, target)
            except NotThere:
                continue
            if carton.place == target:
                self.told["sample_loaded"] = truck.truck_id
                self.hall.saved()
                log.info("planted", extra={"fault": "unreleased carton", "truck": truck.truck_id})

    async def run_climate(self) -> None:
        """The cold store's door stands open for a while."""
        if "climate" in self.told:
            return
        await asyncio.sleep(EXCURSION_AFTER_S)
        self.told["climate"] = now()
        self.hall.saved()
        self.hall.air_shift_c["cool"] = EXCURSION_C
        await asyncio.sleep(EXCURSION_S)
        self.hall.air_shift_c["cool"] = 0.0

    def relabel(self, sscc: str) -> int:
        """Stick new tags, same number, on what can't be read; return how many."""
        dead = [one for one in self.world.on_pallet(sscc) if not one.tag_works]
        for carton in dead:
            carton.tag_works = True
        if dead:
            self.told["relabelled"] = [one.epc for one in dead]
            self.hall.saved()
        return len(dead)

    async def run_bad_requests(self) -> None:
        """Ask for what must be refused, and note every answer that does not say why."""
        if "bad_requests" in self.told:
            return
        await asyncio.sleep(6.0)
        answers: dict[str, str] = {}
        cutoff = now()
        order = {
            "request_id": "bad-order", "sent_at": now(), "order_id": "O-none",
            "merchant_id": "merchant-1", "buyer_key": "nobody",
            "lines": [{"goods_id": "unicorn", "cartons_count": 1}], "amount": 100,
            "currency": "CNY", "ordered_at": now(), "cutoff_at": cutoff,
            "carrier_id": "carrier-air",
        }  # fmt: skip
        receipt = {
            "request_id": "bad-receipt", "sent_at": now(), "receipt_id": "R-none",
            "document": "declaration", "document_id": "D-none", "code": 800,
            "issued_at": now(), "note": "",
        }  # fmt: skip
        cases = (
            ("order", json.dumps(order).encode(), "unknown_goods"),
            ("customs-receipt", json.dumps(receipt).encode(), "unknown_document"),
            ("order", b'{"request_id": "half', "malformed"),
            ("weather", b"{}", "unknown_kind"),
            ("order", b'{"request_id": "big", "x": "' + b"x" * 900_000 + b'"}', "too_large"),
        )
        for kind, body, wanted in cases:
            answer = await self.commerce.broker.ask_raw(kind, body)
            codes = [one["code"] for one in answer.get("problems", [])]
            answers[wanted] = ",".join(codes)
            if answer.get("accepted") or wanted not in codes:
                self.commerce.surprises.append(f"{kind}: wanted {wanted}, got {answer}"[:300])
        again = await self.commerce.broker.ask_raw(*cases[0][:2])
        if [one["code"] for one in again["problems"]] != ["unknown_goods"]:
            self.commerce.surprises.append(f"the same request twice: {again}"[:300])
        self.told["bad_requests"] = answers
        self.hall.saved()
