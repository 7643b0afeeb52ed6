"""A small believable house, written straight into the ledger's tables."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert

from gateway.core import Core
from gateway.ledger import schema
from gateway.ledger.store import Ledger
from gateway.live import AirLive, DeviceLive, EdgeLive, Live, VehicleLive
from gateway.telemetry.ports import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

    from gateway.ledger.store import Tx
    from gateway.settings import Site
    from gateway.telemetry.ports import Points

AT: Final = "2026-11-24T04:00:00.000Z"
SSCC: Final = "106141412345678908"
PLATE: Final = "YUB01068"
UNITS: Final = tuple(f"urn:epc:id:sgtin:0614141.812345.{6000 + n}" for n in range(6))
WHY: Final = "carton 6005 is not released: no receipt 800"


class FakeStore:
    """A telemetry store with one straight line."""

    is_away = False

    async def write(self, points: Points) -> list[tuple[int, str]]:
        """Take nothing."""
        return []

    async def count(self) -> int:
        """Return a count that no other figure has."""
        return 12_345

    async def series(
        self, *, zone: str, field: str, since_ns: int, until_ns: int, samples_count: int
    ) -> list[Sample]:
        """Return three samples."""
        step_ns = (until_ns - since_ns) // 3
        return [
            Sample(t_ns=since_ns + n * step_ns, mean=4.0 + n, low=3.5 + n, high=4.5 + n)
            for n in range(3)
        ]

    async def times(
        self, *, since_ns: int, until_ns: int, count_max: int
    ) -> dict[tuple[str, str], list[int]]:
        """Return a device that missed one of ten."""
        step_ns = (until_ns - since_ns) // 10
        return {("dock-1", "th-1"): [since_ns + n * step_ns for n in range(10) if n != 4]}

    async def prune(self, before_ns: int) -> int:
        """Forget nothing."""
        return 0

    async def close(self) -> None:
        """Hold nothing."""


def open_core(data_dir: Path, site: Site) -> Core:
    """Return a seeded ledger behind its thread."""
    data_dir.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{data_dir / 'ledger.db'}"
    ledger = Ledger.open(url, ledger_id="0123456789abcdef", site=site, now=lambda: AT)
    ledger.transact("rule:seed", seed)
    return Core(ledger)


def seed(tx: Tx) -> None:
    """Write goods, a pallet in a rack, a held carton, an order and a refused truck."""

    def put(table: Table, **values: object) -> None:
        tx.connection.execute(insert(table), values)

    put(
        schema.goods,
        goods_id="coffee",
        gtin="00614141123452",
        name_en="Coffee <beans>",
        name_zh="咖啡豆",
        hs_code="0901210000",
        book_line="1",
        carton_mass_g=5000,
        mass_tolerance_ratio=0.02,
        length_mm=400,
        width_mm=300,
        height_mm=300,
        zone="ambient",
        duty_ratio=0.2,
    )
    put(
        schema.pallet,
        sscc=SSCC,
        notice_id="N-1",
        gross_mass_g=30_000,
        place="location:a-01-1",
        state="stored",
        changed_at=AT,
    )
    for n, unit in enumerate(UNITS):
        put(
            schema.unit,
            unit=unit,
            epc_hex=f"3034257BF7194E400000{0x1770 + n:04X}",
            goods_id="coffee",
            sscc=SSCC,
            owner_id="owner-1",
            lot="L1",
            value=10_000,
            duty=2_000,
            status="BOOKED",
            place="truck:T-1" if n == len(UNITS) - 1 else "location:a-01-1",
            place_at=AT,
            place_evidence="custody:dock-2/17",
            holds_count=1 if n == 0 else 0,
            was_stored=True,
        )
    put(
        schema.hold,
        hold_id="H-1",
        unit=UNITS[0],
        kind="quality",
        reason="cool zone at 9.1 °C for 6 min",
        evidence="rule:climate",
        since=AT,
        placed_by="rule:climate",
    )
    put(
        schema.sale,
        order_id="O-77",
        merchant_id="M",
        buyer_key="B",
        lines=json.dumps([{"goods_id": "coffee", "cartons_count": 2}]),
        amount=100,
        currency="CNY",
        ordered_at=AT,
        cutoff_at="2026-11-24T08:00:00.000Z",
        carrier_id="carrier-air",
        state="open",
        blocked_by=json.dumps([{"what": "no payment record", "who": "the platform"}]),
        changed_at=AT,
    )
    put(
        schema.sale,
        order_id="O-78",
        merchant_id="M",
        buyer_key="B",
        lines=json.dumps([{"goods_id": "coffee", "cartons_count": 1}]),
        amount=100,
        currency="CNY",
        ordered_at=AT,
        cutoff_at="2026-11-24T09:00:00.000Z",
        carrier_id="carrier-air",
        state="loaded",
        truck_id="T-1",
        changed_at=AT,
    )
    refusal = [
        {"rule": "released", "unit": UNITS[-1], "why": WHY, "who": "the shift lead: take it off"}
    ]
    put(
        schema.truck,
        truck_id="T-1",
        plate=PLATE,
        purpose="outbound",
        dock="dock-2",
        tare_g=9_000_000,
        arrives_at=AT,
        carrier_id="carrier-air",
        state="refused",
        refusal=json.dumps(refusal),
        changed_at=AT,
    )
    put(
        schema.alarm,
        alarm_id="gate-refused--dock-2",
        definition="gate-refused",
        severity="high",
        subject="dock-2",
        what="1 of 1 tags is not released",
        cause="c",
        consequence="c",
        remedy="r",
        since=AT,
    )


def live_now() -> Live:
    """Return a present with a fresh zone, a stale zone, a lost device and a vehicle."""
    now_s, live = time.monotonic(), Live()
    live.edges["dock-1"] = EdgeLive(edge="dock-1", beat_at_s=now_s, tip_seq=9, is_online=True)
    for zone, device, age_s, degrees in (
        ("ambient", "th-11", 0.0, 21.4),
        ("cool", "th-13", 60.0, 4.1),
    ):
        live.air[zone, "dock-1", device] = AirLive(
            zone=zone,
            device=device,
            at_s=now_s - age_s,
            t_ns=1,
            quality="good",
            values={"temperature_c": degrees, "humidity_percent": 48.0},
        )
    live.devices["dock-1", "scale-1"] = DeviceLive(
        edge="dock-1",
        device="scale-1",
        family="mt_sics",
        status="lost",
        status_reason="no answer",
        zone="",
        read_point="dock-1",
        last_seen_ns=None,
    )
    live.vehicles["mover-1"] = VehicleLive(
        serial="mover-1", at_s=now_s, is_online=True, x_m=5.0, y_m=10.0
    )
    return live
