"""A gateway's domain without its adapters: events, requests and vehicle states go in by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, select

from gateway.customs.requests import answer
from gateway.dispatch.react import react
from gateway.ledger import floor, schema
from gateway.ledger.store import Ledger
from gateway.live import DeviceLive, EdgeLive, Live, VehicleLive
from gateway.settings import load_site
from gateway.vehicles.state import on_state
from wire.epc import sscc18_from_uri

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[3]
SSCC_URI: Final = "urn:epc:id:sscc:0614141.0123456789"
SSCC: Final = sscc18_from_uri(SSCC_URI)
CARTON_G: Final = 8_000
TARE_G: Final = 3_000_000
PLATE: Final = "豫A12345"
ROUNDS_COUNT_MAX: Final = 40


def carton(number: int) -> str:
    """Return the EPC of a carton of the one pallet."""
    return f"urn:epc:id:sgtin:0614141.812345.{number}"


class House:
    """The demo site with idle vehicles and fresh edges, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._seq = 0
        self._requests_count = 0
        site = load_site(ROOT / "config" / "sites" / "demo")
        self.ledger = Ledger.open("sqlite://", ledger_id="L", site=site, now=self._now)
        self.live = Live()
        for one in site.vehicles:
            self.live.vehicles[one.serial] = VehicleLive(
                serial=one.serial,
                is_online=True,
                is_idle=True,
                x_m=one.home.x_m,
                y_m=one.home.y_m,
                last_node=f"home-{one.serial}",
            )
        for device in ("uhf-2", "bridge-2", "plc-2", "cam-2"):
            self.live.devices["dock-2", device] = DeviceLive(
                edge="dock-2",
                device=device,
                family="x",
                status="ok",
                status_reason="",
                zone="",
                read_point="dock-2",
                last_seen_ns=None,
            )

    def _now(self) -> str:
        minutes, seconds = divmod(int(self.now_s), 60)
        return f"2026-11-24T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.000Z"

    def do(self, work: Callable[..., Any], cause: str = "test:x") -> Any:  # noqa: ANN401
        """Run one transaction."""
        return self.ledger.transact(cause, work)

    def react(self, times: int = 1, step_s: float = 0.1) -> None:
        """Let dispatch look `times`, with every beat fresh."""
        for _ in range(times):
            self.now_s += step_s
            for name in ("dock-1", "dock-2"):
                self.live.edges[name] = EdgeLive(
                    edge=name, boot="b", mono_ms=5000, beat_at_s=self.now_s, is_online=True
                )
            for vehicle in self.live.vehicles.values():
                vehicle.at_s = self.now_s
            self.do(lambda tx: react(tx, self.live, self.now_s), "rule:react")

    def event(self, device: str, event_kind: str, /, **fields: object) -> None:
        """Apply a custody event of a dock's device."""
        self._seq += 1
        seq = self._seq
        body = {"t_ns": seq, "clock": "synced", **fields}
        event = floor.decode(event_kind, json.dumps(body).encode())
        edge = "dock-1" if device.endswith("1") else "dock-2"
        self.do(
            lambda tx: floor.apply(tx, edge, device, event_kind, event, seq),
            f"custody:{edge}/{seq}",
        )

    def passed(self, unit: str, direction: str = "out") -> None:
        """Let a tag pass the portal."""
        self.event(
            "uhf-2",
            "rfid",
            read_point="dock-2",
            what="passed",
            direction=direction,
            epc_hex="30" * 12,
            epc_uri=unit,
            reads_count=5,
            first_t_ns=1,
            last_t_ns=2,
        )

    def weigh(self, mass_g: int) -> None:
        """Let the weighbridge settle."""
        text = f"{mass_g} g"
        fields = {"mass_g": mass_g, "text": text, "kind": "gross", "frame_hex": "00"}
        self.event("bridge-2", "weight", read_point="dock-2", **fields)

    def request(self, request_kind: str, /, **fields: object) -> None:
        """Send a request of the platform that must be accepted."""
        self._requests_count += 1
        sent_at = "2026-11-24T00:00:00.000Z"
        body = {"request_id": f"r{self._requests_count}", "sent_at": sent_at, **fields}
        told = self.do(lambda tx: answer(tx, request_kind, json.dumps(body).encode()))
        assert told.accepted, told

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table."""
        return self.ledger.read(
            lambda connection: [dict(one) for one in connection.execute(select(table)).mappings()]
        )

    def row(self, table: Table, key: str) -> dict[str, Any]:
        """Return the row of a table by its first key column."""
        name = next(iter(table.primary_key.columns)).name
        return next(one for one in self.rows(table) if one[name] == key)

    def drive(self, *, portal: bool = True) -> list[str]:
        """Let every vehicle finish its task; `portal` is whether the reader sees it pass."""
        done = []
        for task in self.rows(schema.task):
            if task["state"] not in {"sent", "picked"}:
                continue
            self.says(task, {"pick": "FINISHED", "drop": "WAITING"})
            if portal and task["what"] in {"load", "unload"}:
                self.passed(task["subject"], "out" if task["what"] == "load" else "in")
            self.says(task, {"pick": "FINISHED", "drop": "FINISHED"})
            done.append(task["what"])
        return done

    def says(self, task: dict[str, Any], actions: dict[str, str]) -> None:
        """Let a task's vehicle tell how its actions stand."""
        name, vehicle = task["task_id"], task["vehicle"]
        told = [
            {"actionId": f"{name}-{action}", "actionStatus": status}
            for action, status in actions.items()
        ]
        self.live.vehicles[vehicle].order_id = name
        self.do(lambda tx: on_state(tx, vehicle, {"orderId": name, "actionStates": told}))

    def until(self, is_so: Callable[[], bool]) -> None:
        """React and drive until something is so."""
        for _ in range(ROUNDS_COUNT_MAX):
            self.react()
            if is_so():
                return
            self.drive()
        raise AssertionError((self.rows(schema.truck), self.rows(schema.task)[-3:]))

    def receive(self, cartons_count: int = 4) -> None:
        """Let the one pallet be told of, arrive and be weighed."""
        size = {"length_mm": 400, "width_mm": 300, "height_mm": 250}
        self.request(
            "goods",
            goods_id="G1",
            gtin="10614141123459",
            name={"en": "Milk", "zh": "奶粉"},
            hs_code="19011010",
            book_line="1",
            carton={"mass_g": CARTON_G, "tolerance_ratio": 0.02, **size},
            zone="ambient",
            duty_ratio=0.1,
        )
        mass_g = 20_000 + CARTON_G * cartons_count
        numbers = range(1, cartons_count + 1)
        cartons = [
            {
                "epc": carton(one),
                "goods_id": "G1",
                "lot": f"L{one}",
                "expires_on": f"2027-0{9 - one}-01",
                "value": 10_000,
            }
            for one in numbers
        ]
        self.request(
            "inbound-notice",
            notice_id="N1",
            owner_id="O1",
            book=self.ledger.site.ledger.book,
            plate="豫B1",
            expected_at="2026-11-24T01:00:00Z",
            pallets=[{"sscc": SSCC, "gross_mass_g": mass_g, "cartons": cartons}],
        )
        epcs = [SSCC_URI, *(carton(one) for one in numbers)]
        fields = {"mass_g": mass_g, "epcs": epcs, "confidence_ratio": 1.0, "parts": [1]}
        self.event("scale-1", "load", read_point="dock-1", **fields)

    def order(self, name: str, cartons_count: int = 2, *, has_papers: bool = True) -> None:
        """Order cartons; its papers are payment and waybill."""
        money = {"amount": 20_000 * cartons_count, "currency": "CNY"}
        self.request(
            "order",
            order_id=name,
            merchant_id="M1",
            buyer_key="b1",
            lines=[{"goods_id": "G1", "cartons_count": cartons_count}],
            ordered_at="2026-11-24T00:00:00Z",
            cutoff_at="2026-11-24T20:00:00Z",
            carrier_id="C1",
            **money,
        )
        if has_papers:
            self.request(
                "payment",
                payment_id=f"p-{name}",
                order_id=name,
                payer_key="b1",
                paid_at="2026-11-24T00:00:00Z",
                **money,
            )
            self.request(
                "waybill",
                waybill_id=f"w-{name}",
                order_id=name,
                carrier_id="C1",
                receiver_key="b1",
                packages_count=cartons_count,
                gross_mass_g=CARTON_G * cartons_count,
            )

    def receipt(self, document: str, name: str, code: int) -> None:
        """Send what customs says of a document."""
        fields = {"document": document, "document_id": name, "code": code}
        number = f"c{self._requests_count}"
        self.request("customs-receipt", receipt_id=number, issued_at=self._now(), **fields)

    def stored(self) -> None:
        """Receive the pallet and put it away."""
        self.receive()
        self.until(lambda: bool(self.row(schema.pallet, SSCC)["state"] == "stored"))

    def bound(self, cartons_count: int = 2) -> None:
        """Bring an order to the approved passport of a truck that stands at the dock."""
        self.stored()
        self.order("A1", cartons_count)
        self.react()
        declaration = self.row(schema.sale, "A1")["declaration_id"]
        for code in (120, 800):
            self.receipt("declaration", declaration, code)
        self.until(lambda: bool(self.row(schema.sale, "A1")["state"] == "staged"))
        self.request(
            "truck",
            truck_id="T1",
            plate=PLATE,
            purpose="outbound",
            dock="dock-2",
            tare_g=TARE_G,
            arrives_at="2026-11-24T02:00:00Z",
            carrier_id="C1",
        )
        self.event("cam-2", "plate", read_point="dock-2", plate=PLATE, confidence_ratio=0.9)
        self.react()
        self.receipt("passport", "P-T1-1", 1)

    def load(self) -> None:
        """Load what is bound to the truck."""
        self.until(
            lambda: all(
                one["place"] == "truck:T1" for one in self.rows(schema.unit) if one["passport_id"]
            )
        )

    def truck(self) -> dict[str, Any]:
        """Return the one truck."""
        return self.row(schema.truck, "T1")

    def failed_rules(self) -> set[str]:
        """Return which conditions of the gate's rule the truck fails."""
        return {one["rule"] for one in json.loads(self.truck()["refusal"] or "[]")}

    def pending_command(self) -> str:
        """Return the id of the command that has no answer yet."""
        pending = [one for one in self.rows(schema.command) if one["outcome"] == "pending"]
        return str(pending[0]["command_id"])

    def actuated(self, command_id: str, outcome: str, **fields: object) -> None:
        """Let the edge answer a gate's command."""
        told = {"command_id": command_id, "verb": "open", "outcome": outcome, **fields}
        self.event("plc-2", "actuation", **told)

    def leave(self) -> None:
        """Open, and let the truck cross the beam."""
        self.actuated(self.pending_command(), "done")
        self.event("plc-2", "input", channel="exit-beam", is_on=True)
        self.react()

    def alarms(self) -> set[str]:
        """Return the definitions of every alarm ever raised."""
        return {str(one["definition"]) for one in self.rows(schema.alarm)}
