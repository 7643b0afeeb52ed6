"""The gateway, composed: the whole flow from MQTT to ledger, decisions and page reads here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Never

import mqtt5
from pydantic import SecretStr

from gateway import live as live_state
from gateway.core import Core
from gateway.dispatch.react import react
from gateway.errors import StartFailed, StartRefused
from gateway.flood import Flood
from gateway.ingest.admission import admit_telemetry
from gateway.ingest.control import Control, control_topics
from gateway.ingest.custody import serve_custody
from gateway.ingest.telemetry import RECEIVE_MAX, TelemetryParts, serve_telemetry, show
from gateway.ledger import journal
from gateway.ledger.errors import UNFIT, LedgerError
from gateway.ledger.reach import DatabaseAway
from gateway.ledger.store import Ledger
from gateway.ledger.verify import counts
from gateway.planes import TAKING, Planes
from gateway.platform.outward import serve_outward
from gateway.platform.present import present_events
from gateway.platform.requests import request_topic, take_request
from gateway.seat import SEAT_S, NameTaken, Seat, is_shareable, keep_seat, sit_down
from gateway.settings import load_site
from gateway.telemetry.line_protocol import Point
from gateway.telemetry.sqlite_store import SqliteStore
from gateway.vehicles import live as vehicle_live
from gateway.vehicles.state import on_state
from gateway.web.app import build_app
from gateway.web.server import address_file, listen, serve
from runtime import memory
from runtime.addresses import host_and_port
from runtime.clock import SystemClock, rfc3339_from_ns
from runtime.mqtt_url import parse_mqtt_url
from runtime.supervise import supervise
from wire.control import GatewayBeat, GatewayState
from wire.topics import edge_topic, gateway_topic, kind_and_device

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from gateway.settings import Site
    from gateway.telemetry.ports import TelemetryStore
    from runtime.mqtt_session import Session
    from runtime.mqtt_url import BrokerAddress

log = logging.getLogger(__name__)

BEAT_S: Final = 2.0
BEAT_S_MIN: Final = 0.2
"""An edge that says hello hears a beat at once; a hundred of them together hear five a second."""
REACT_S: Final = 1.0
REACT_GATHER_S: Final = 0.05
PRESENT_S: Final = 5.0
PRUNE_S: Final = 600.0
PRUNE_MORE_S: Final = 0.05
"""A prune is bounded: the rest follows soon, between writes."""
READY_S: Final = 0.05
CLIMATE: Final = edge_topic("+", "tlm", "environment", "+")
DAY_NS: Final = 86_400 * 1_000_000_000
GATEWAY: Final = "gateway-1"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Gateway:
    """What the tasks of one gateway share."""

    def __init__(  # noqa: PLR0913 - what a gateway is made of
        self,
        site: Site,
        core: Core,
        store: TelemetryStore,
        address: BrokerAddress,
        data_dir: Path,
        *,
        name: str = GATEWAY,
        is_shared: bool = False,
        seat: Seat | None = None,
    ) -> None:
        self.name, self.is_shared = name, is_shared
        self.seat = seat
        """The gateway's place at a database that several may share."""
        self.site = site
        self.core = core
        self.store = store
        self.address = address
        self.data_dir = data_dir
        self.live = live_state.Live()
        self.flood = Flood()
        self.clock = SystemClock()
        self.control = Control(core, self.live, self.clock)
        self.planes = Planes(name, address, self.live, self.clock)

    def failed(self, name: str, error: Exception) -> None:
        """Note why a task was restarted."""
        before = self.live.failures.get(name)
        self.live.failures[name] = live_state.TaskFailure(
            at_s=self.clock.mono_s(),
            count=1 if before is None else before.count + 1,
            why=f"{type(error).__name__}: {error}"[:300],
        )

    async def serve_control(self, session: Session) -> None:
        """Take control messages, requests and vehicles, in order of arrival."""
        vda = self.site.vda5050
        head = f"{vda.interface}/v2/{vda.manufacturer}/+"
        await session.subscribe(*control_topics())
        await session.subscribe(request_topic(self.site))
        await session.subscribe(f"{head}/state", f"{head}/connection", f"{head}/visualization")
        state = GatewayState(
            online=True, ledger=self.core.ledger.ledger_id, since=self.clock.wall_ns()
        )
        if self.is_shared:  # Its share of the readings is half of what the page and rules need.
            await session.subscribe(CLIMATE)
        topic = gateway_topic(self.name, "state")
        await session.publish(topic, state.model_dump_json().encode(), qos=1, is_retained=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat(session), name="beat")
            tasks.create_task(self._tell_present(session), name="present")
            tasks.create_task(self._take_control(session), name="control")

    async def _take_control(self, session: Session) -> Never:
        while True:
            packets = await session.batch()
            for packet in packets:
                try:
                    await self._take_one(session, packet)
                except UNFIT as error:  # One message must not end the others' session.
                    log.exception("control_unfit", extra={"topic": packet.topic[:200]})
                    await self.control.bury(packet, f"{type(error).__name__}: {error}")
                await session.ack([packet])

    async def _take_one(self, session: Session, packet: mqtt5.PublishPacket) -> None:
        if packet.topic.startswith(f"{self.site.vda5050.interface}/"):
            await self._take_vehicle(packet)
        elif packet.topic.startswith("uns/"):
            await take_request(self.core, packet)
        elif kind_and_device(packet.topic) is not None:
            point = admit_telemetry(packet.topic, packet.payload, packet.user_properties)
            if isinstance(point, Point):  # The gateway whose share it is buries a bad one.
                show(self.live, self.site, point, self.clock)
        else:
            await self.control.take(session, packet)

    async def _take_vehicle(self, packet: mqtt5.PublishPacket) -> None:
        named = vehicle_live.serial_and_subtopic(packet.topic)
        now_s = self.clock.mono_s()
        state = vehicle_live.update(self.live, self.site, packet.topic, packet.payload, now_s)
        if state is None or named is None:
            return
        await self.core.transact(
            f"vehicle:{named[0]}", partial(on_state, serial=named[0], state=state)
        )

    async def _beat(self, session: Session) -> Never:
        while True:
            while any(self.live.sessions.get(plane) != "" for plane in TAKING):  # noqa: ASYNC110
                await asyncio.sleep(READY_S)  # A beat says that somebody listens.
            beat = GatewayBeat(
                ledger=self.core.ledger.ledger_id,
                journal_count=await self.core.read(journal.count),
                t_ns=self.clock.wall_ns(),
                since=self.planes.since_ns,
            )
            topic = gateway_topic(self.name, "beat")
            await session.publish(topic, beat.model_dump_json().encode())
            await asyncio.sleep(BEAT_S_MIN)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S - BEAT_S_MIN):
                    await self.control.was_greeted.wait()
            self.control.was_greeted.clear()

    async def _tell_present(self, session: Session) -> Never:
        while True:
            if not self.live.leads:
                await asyncio.sleep(SEAT_S)
                continue
            kpi: dict[str, Any] = dict(await self.core.read(counts))
            count = await self.core.read(journal.count)
            for topic, body in present_events(self.site, self.live, self.clock, kpi, count):
                await session.publish(topic, body, qos=1, is_retained=True)
            await asyncio.sleep(PRESENT_S)

    async def decide(self) -> Never:
        """React to every change and to time; decisions are transactions of their own."""
        seen = -1
        while True:
            if not self.live.leads:
                await asyncio.sleep(SEAT_S)
                continue
            seen = self.core.changes.count
            self._read_processes()
            now_s = self.clock.mono_s()
            before = await self.core.read(journal.count)
            self.live.withheld = self.flood.withheld(now_s)
            view = self._view()
            work = partial(react, live=view, now_mono_s=now_s)
            await self.core.transact("rule:react", work, is_news=False)
            if await self.core.read(journal.count) != before:
                self.core.changes.notify()
                continue
            await self.core.changes.wait_past(seen, REACT_S)
            await asyncio.sleep(REACT_GATHER_S)

    def _view(self) -> live_state.Live:
        """Return the present as it stands: rules read it on another thread while news come in."""
        live = self.live
        return replace(
            live,
            edges=dict(live.edges),
            devices=dict(live.devices),
            air=dict(live.air),
            vehicles=dict(live.vehicles),
            foreign_ledgers=dict(live.foreign_ledgers),
        )

    def _read_processes(self) -> None:
        path = self.data_dir / "run" / "processes.json"
        with contextlib.suppress(OSError, ValueError):
            rows = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(rows, dict):
                self.live.processes = rows

    async def prune(self) -> Never:
        """Forget telemetry that is older than the site keeps it."""
        while True:
            keep_ns = round(self.site.retention.telemetry_days * DAY_NS)
            pruned = await self.store.prune(max(1, self.clock.wall_ns() - keep_ns))
            await asyncio.sleep(PRUNE_MORE_S if pruned else PRUNE_S)


async def run_gateway(  # noqa: PLR0913 - what a daemon is started with
    *,
    site_dir: Path,
    data_dir: Path,
    mqtt_url: str,
    influx_url: str | None,
    ledger: str,
    http_listen: str | None,
    database_url: str | None,
    name: str = GATEWAY,
    is_shared: bool = False,
) -> None:
    """Run the gateway until cancelled.

    Raises SettingsRefused or StartRefused, or StartFailed where a later start may succeed.
    """
    site = load_site(site_dir)
    host, port = host_and_port(http_listen or site.http.listen)
    clock = SystemClock()
    (data_dir / "gateway").mkdir(parents=True, exist_ok=True)
    url = database_url or f"sqlite:///{data_dir / 'gateway' / 'ledger.db'}"
    try:
        address = parse_mqtt_url(mqtt_url)
        store = open_store(influx_url, data_dir)
        books = Ledger.open(
            url, ledger_id=ledger, site=site, now=lambda: rfc3339_from_ns(clock.wall_ns())
        )
    except DatabaseAway as error:
        raise StartFailed(str(error)) from error
    except (ValueError, LedgerError) as error:
        raise StartRefused(str(error)) from error
    core = Core(books)
    seat = Seat(url, name) if is_shareable(url) else None
    gateway = Gateway(
        site, core, store, address, data_dir, name=name, is_shared=is_shared, seat=seat
    )
    try:
        await sit_down(seat, gateway.live, clock)
    except NameTaken as error:
        raise StartFailed(str(error)) from error
    app = build_app(
        core,
        gateway.live,
        site,
        store,
        flood=gateway.flood,
        is_writable=host in LOOPBACK,
        data_dir=data_dir,
    )
    server = await listen(app, host, port, data_dir)
    dead = GatewayState(online=False, ledger=ledger)
    will = mqtt5.Will(
        gateway_topic(name, "state"),
        payload=dead.model_dump_json().encode(),
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        retain=True,
    )
    memory.settle()
    try:
        async with asyncio.TaskGroup() as tasks:
            for task, work in _works(gateway, will).items():
                failed = partial(gateway.failed, task)
                tasks.create_task(supervise(task, work, failed=failed), name=task)
            tasks.create_task(serve(server), name="web")
    finally:
        if seat is not None:
            seat.close()
        await store.close()
        core.close()
        address_file(data_dir).unlink(missing_ok=True)


def open_store(influx_url: str | None, data_dir: Path) -> TelemetryStore:
    """Return the store of the readings. Raises ValueError for an address that can't be."""
    if not influx_url:
        return SqliteStore(data_dir / "gateway" / "telemetry.db")
    from gateway.telemetry.influx import InfluxStore  # noqa: PLC0415 - a fifth of a start's time

    return InfluxStore(influx_url, SecretStr(os.environ.get("INFLUX_TOKEN", "")))


def _works(gateway: Gateway, will: mqtt5.Will) -> dict[str, Callable[[], Awaitable[Never]]]:
    """Return the gateway's tasks by name: the flow."""
    core, flood, clock = gateway.core, gateway.flood, gateway.clock
    telemetry = TelemetryParts(
        core=core,
        store=gateway.store,
        live=gateway.live,
        clock=clock,
        flood=flood,
        is_shared=gateway.is_shared,
    )
    take_custody = partial(
        serve_custody,
        core=core,
        live=gateway.live,
        flood=flood,
        clock=clock,
        is_shared=gateway.is_shared,
    )
    hold = gateway.planes.hold
    publish = partial(serve_outward, core=core, gateway=gateway.name, live=gateway.live)
    return {
        "custody": lambda: hold("custody", take_custody),
        "telemetry": lambda: hold(
            "telemetry", lambda s: serve_telemetry(s, telemetry), receive_max=RECEIVE_MAX
        ),
        "control": lambda: hold("control", gateway.serve_control, will),
        "outward": lambda: hold("outward", publish),
        "seat": lambda: keep_seat(gateway.seat, gateway.live, clock),
        "decide": gateway.decide,
        "prune": gateway.prune,
    }
