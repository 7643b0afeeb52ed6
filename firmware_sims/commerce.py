"""What the logistics platform does all day: goods in, orders, papers, customs, trucks out."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from firmware_sims.catalogue import (
    BY_ID,
    CARRIERS,
    COMPANY,
    EMPTY_PALLET_G,
    GOODS,
    OWNER,
    TRUCK_TARE_G,
)
from firmware_sims.customs import Customs
from firmware_sims.epc import sgtin96, sgtin_uri, sscc18, sscc96
from firmware_sims.vehicle import now
from firmware_sims.world import GONE, Carton, Pallet, Truck

if TYPE_CHECKING:
    import random

    from firmware_sims.hall import Hall
    from firmware_sims.platform import Broker

log = logging.getLogger(__name__)

STOCK_CARTONS_MAX: Final = 150
PALLETS_A_TRUCK: Final = 3
CARTONS_A_PALLET: Final = 7
ORDERS_OPEN_MAX: Final = 9
AMOUNT_MAX: Final = 500_000
_BOOKS: Final[dict[str, Any]] = {
    "orders": {},
    "done_docs": [],
    "goods_told": [],
    "receipts": [],
    "declared": {},
    "passports": {},
}


class Commerce:
    """The platform's day. What must survive a restart lies in `world.books`."""

    def __init__(self, hall: Hall, broker: Broker, rng: random.Random) -> None:
        self.hall = hall
        self.world = hall.world
        self.broker = broker
        self.rng = rng
        self.books: dict[str, Any] = hall.world.books
        for key, empty in _BOOKS.items():
            self.books.setdefault(key, empty.copy())
        self.is_draining = False
        self.surprises: list[str] = []
        self.customs = Customs(self)
        broker.on_document = self.customs.take_document

    async def ask(self, kind: str, request_id: str, **fields: Any) -> bool:  # noqa: ANN401 - JSON
        """Send a request that must be accepted; note it when it was not."""
        answer = await self.broker.ask(kind, request_id, **fields)
        if not answer["accepted"]:
            self.surprises.append(f"{kind} {request_id}: {answer['problems']}"[:300])
            del self.surprises[:-50]
            log.warning("request_refused", extra={"kind": kind, "answer": str(answer)[:500]})
        return bool(answer["accepted"])

    async def tell_goods(self) -> None:
        """Make the goods known, once a world."""
        for goods in GOODS:
            if goods.goods_id not in self.books["goods_told"]:
                await self.ask("goods", f"goods-{goods.goods_id}", **goods.request())
                self.books["goods_told"].append(goods.goods_id)
        self.hall.saved()

    # ---- inbound -----------------------------------------------------------------------------

    async def run_inbound(self) -> None:
        """One truck after the other at dock-1, one pallet at a time on the scale."""
        await self.tell_goods()
        while True:
            truck = self.world.truck_at("dock-1")
            if truck is None:
                stock = sum(1 for one in self.world.cartons.values() if one.place != GONE)
                if self.is_draining or stock > STOCK_CARTONS_MAX:
                    await asyncio.sleep(0.2)
                    continue
                truck = self._coming("inbound") or self._make_inbound()
                await self._notify(truck)
                self.hall.dock_truck(truck)
                await asyncio.sleep(0.5)
            await self._unload(truck)
            truck.state = "gone"
            self.world.trucks_gone_count += 1
            self.world.forget_gone(300)
            self.hall.saved()
            await asyncio.sleep(5.0 / self.hall.speed)

    def _coming(self, purpose: str) -> Truck | None:
        found = (
            one
            for one in self.world.trucks.values()
            if one.state == "coming" and one.purpose == purpose
        )
        return next(found, None)

    def _make_inbound(self) -> Truck:
        number = self.world.next_serial()
        truck = Truck(
            truck_id=f"IN-{number}",
            plate=f"YUA{number:05d}",
            purpose="inbound",
            dock="dock-1",
            tare_g=8_000_000,
            carrier_id="carrier-sea",
        )
        self.world.trucks[truck.truck_id] = truck
        sold = [one for one in GOODS if one.is_sold]
        for _ in range(PALLETS_A_TRUCK):
            kind = sold[self.world.next_serial() % len(sold)]
            self._make_pallet(truck, kind.goods_id)
        self._plant(truck)
        self.hall.saved()
        return truck

    def _make_pallet(self, truck: Truck, goods_id: str) -> Pallet:
        number = self.world.next_serial()
        reference = f"{number:010d}"
        pallet = Pallet(
            sscc=sscc18(COMPANY, reference),
            epc=sscc96(COMPANY, reference).hex().upper(),
            truck_id=truck.truck_id,
            wood_g=EMPTY_PALLET_G,
        )
        self.world.pallets[pallet.sscc] = pallet
        for _ in range(CARTONS_A_PALLET):
            self._make_carton(pallet, goods_id)
        return pallet

    def _make_carton(self, pallet: Pallet, goods_id: str) -> Carton:
        kind = BY_ID[goods_id]
        serial = self.world.next_serial()
        carton = Carton(
            epc=sgtin96(COMPANY, kind.item, serial).hex().upper(),
            uri=sgtin_uri(COMPANY, kind.item, serial),
            goods_id=goods_id,
            sscc=pallet.sscc,
            mass_g=kind.mass_g + self.rng.randint(-20, 20),
            value=kind.value,
        )
        self.world.cartons[carton.epc] = carton
        return carton

    def _plant(self, truck: Truck) -> None:
        """Put the faults of this run into the first trucks: samples, a light pallet, a dead tag."""
        planted = self.books.setdefault("planted", {})
        pallets = [one for one in self.world.pallets.values() if one.truck_id == truck.truck_id]
        if "sample" not in planted:
            sample = self._make_carton(pallets[0], "show-sample")
            planted["sample"] = sample.epc
            wrong = pallets[1]
            wrong.surplus_g = -3_600
            planted["weight"] = wrong.sscc
        elif "dead_tag" not in planted:
            dead = self.world.on_pallet(pallets[0].sscc)[2]
            dead.tag_works = False
            planted["dead_tag"] = dead.epc

    async def _notify(self, truck: Truck) -> None:
        pallets = [one for one in self.world.pallets.values() if one.truck_id == truck.truck_id]
        notice_id = f"N-{truck.truck_id}"
        await self.ask(
            "inbound-notice",
            f"notice-{notice_id}",
            notice_id=notice_id,
            owner_id=OWNER,
            book="T4601W000123",
            plate=truck.plate,
            expected_at=now(),
            pallets=[self._noticed(pallet) for pallet in pallets],
        )
        await self._tell_truck(truck)

    def _noticed(self, pallet: Pallet) -> dict[str, Any]:
        cartons = self.world.on_pallet(pallet.sscc)
        return {
            "sscc": pallet.sscc,
            "gross_mass_g": pallet.wood_g + sum(BY_ID[one.goods_id].mass_g for one in cartons),
            "cartons": [
                {
                    "epc": one.epc,
                    "goods_id": one.goods_id,
                    "lot": f"lot-{pallet.sscc[-4:]}",
                    "expires_on": "2027-12-31",
                    "value": one.value,
                }
                for one in cartons
            ],
        }

    async def _tell_truck(self, truck: Truck) -> None:
        await self.ask(
            "truck",
            f"truck-{truck.truck_id}",
            truck_id=truck.truck_id,
            plate=truck.plate,
            purpose=truck.purpose,
            dock=truck.dock,
            tare_g=truck.tare_g,
            arrives_at=now(),
            carrier_id=truck.carrier_id,
        )

    async def _unload(self, truck: Truck) -> None:
        for pallet in list(self.world.pallets.values()):
            if pallet.truck_id != truck.truck_id:
                continue
            if pallet.place == "expected":
                while self.world.pallet_at("dock:dock-1") is not None:
                    await asyncio.sleep(0.1)
                await asyncio.sleep(1.2)  # The scale comes to rest at zero in between.
                self.hall.put_on_scale(pallet.sscc, "dock-1")
            while pallet.place == "dock:dock-1":
                await asyncio.sleep(0.1)

    # ---- orders ------------------------------------------------------------------------------

    async def run_orders(self) -> None:
        """Sell what stands in the racks."""
        while True:
            await asyncio.sleep(max(0.3, 12.0 / self.hall.speed))
            if self.is_draining:
                continue
            orders = self.books["orders"]
            open_count = sum(1 for one in orders.values() if one["state"] == "open")
            if open_count >= ORDERS_OPEN_MAX:
                self._close_orders()
                continue
            goods_id = self._sellable()
            if goods_id is not None:
                await self._sell(goods_id)

    def _sellable(self) -> str | None:
        promised: dict[str, int] = {}
        for one in self.books["orders"].values():
            if one["state"] == "open":
                promised[one["goods_id"]] = promised.get(one["goods_id"], 0) + one["count"]
        stored: dict[str, int] = {}
        for carton in self.world.cartons.values():
            if carton.place.startswith("location:") and BY_ID[carton.goods_id].is_sold:
                stored[carton.goods_id] = stored.get(carton.goods_id, 0) + 1
        free = sorted(one for one, count in stored.items() if count - promised.get(one, 0) >= 2)
        return self.rng.choice(free) if free else None

    def _close_orders(self) -> None:
        """Forget orders whose cartons have left."""
        gone = {one.uri for one in self.world.cartons.values() if one.place == GONE}
        orders = self.books["orders"]
        for order_id in list(orders):
            units = orders[order_id].get("units")
            if units and all(unit in gone or not self._exists(unit) for unit in units):
                del orders[order_id]

    def _exists(self, uri: str) -> bool:
        return any(one.uri == uri for one in self.world.cartons.values())

    async def _sell(self, goods_id: str) -> None:
        kind = BY_ID[goods_id]
        number = self.world.next_serial()
        order_id = f"O-{number}"
        count = 2 if 2 * kind.value <= AMOUNT_MAX and number % 3 == 0 else 1
        amount = count * kind.value
        carrier = CARRIERS[0]
        cutoff = datetime.now(UTC) + timedelta(minutes=30)
        self.books["orders"][order_id] = {"state": "open", "goods_id": goods_id, "count": count}
        self.hall.saved()
        buyer = f"buyer-{number}"
        papers = [
            self.ask(
                "order",
                f"order-{order_id}",
                order_id=order_id,
                merchant_id=OWNER,
                buyer_key=buyer,
                lines=[{"goods_id": goods_id, "cartons_count": count}],
                amount=amount,
                currency="CNY",
                ordered_at=now(),
                cutoff_at=cutoff.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                carrier_id=carrier,
            ),
            self.ask(
                "payment",
                f"payment-{order_id}",
                payment_id=f"PAY-{number}",
                order_id=order_id,
                payer_key=buyer,
                amount=amount,
                currency="CNY",
                paid_at=now(),
            ),
            self.ask(
                "waybill",
                f"waybill-{order_id}",
                waybill_id=f"W-{number}",
                order_id=order_id,
                carrier_id=carrier,
                receiver_key=buyer,
                packages_count=count,
                gross_mass_g=count * kind.mass_g,
            ),
        ]
        if number % 2:  # Papers come in any order.
            papers.reverse()
        answers = [await paper for paper in papers]
        if not all(answers):
            del self.books["orders"][order_id]

    # ---- outbound ----------------------------------------------------------------------------

    async def run_outbound(self) -> None:
        """Send a truck whenever cartons wait in staging."""
        waiting_since_s: float | None = None
        while True:
            await asyncio.sleep(0.3)
            if self.world.truck_at("dock-2") is not None:
                waiting_since_s = None
                continue
            truck = self._coming("outbound")
            if truck is None:
                staged = [one for one in self.world.at("staging:staging-1") if self._is_sold(one)]
                if not staged:
                    waiting_since_s = None
                    continue
                if waiting_since_s is None:
                    waiting_since_s = self.hall.clock()
                waited_s = self.hall.clock() - waiting_since_s
                if len(staged) < 4 and waited_s < 6.0:
                    continue
                truck = self._make_outbound()
            await self._tell_truck(truck)
            await asyncio.sleep(2.0 / self.hall.speed)
            self.hall.dock_truck(truck)

    def _is_sold(self, carton: Carton) -> bool:
        return BY_ID[carton.goods_id].is_sold

    def _make_outbound(self) -> Truck:
        number = self.world.next_serial()
        truck = Truck(
            truck_id=f"OUT-{number}",
            plate=f"YUB{number:05d}",
            purpose="outbound",
            dock="dock-2",
            tare_g=TRUCK_TARE_G + (number % 10) * 4_000,
            carrier_id=CARRIERS[0],
        )
        self.world.trucks[truck.truck_id] = truck
        self.hall.saved()
        return truck

    def is_idle(self) -> bool:
        """Tell whether nothing is under way any more: docks free, hands empty, staging sold out."""
        places = [one.place for one in self.world.cartons.values()]
        moving = ("vehicle:", "truck:", "dock:")
        is_still = not any(place.startswith(moving) for place in places)
        staged = [one for one in self.world.at("staging:staging-1") if self._is_sold(one)]
        no_trucks = all(self.world.truck_at(dock) is None for dock in ("dock-1", "dock-2"))
        return is_still and not staged and no_trucks and not self.books["receipts"]
