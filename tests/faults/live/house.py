"""A broker process, one real edge and one real gateway in this process, each behind a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never, Self

from edge.app import Edge
from edge.ports import Outgoing
from edge.uplink.link import Link, LinkParts
from gateway import app
from gateway.core import Core
from gateway.ledger.store import Ledger
from gateway.settings import load_site
from gateway.telemetry.sqlite_store import SqliteStore
from runtime.broker import EmbeddedBroker
from runtime.clock import SystemClock, rfc3339_from_ns
from runtime.mqtt_url import parse_mqtt_url
from runtime.supervise import supervise
from tests.faults.live.proxy import Fault, Proxy
from wire.control import ConfigReport

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine

    import mqtt5

    from gateway.telemetry.ports import TelemetryStore

ROOT: Final = Path(__file__).resolve().parents[3]
EDGE: Final = "dock-1"
LEDGER: Final = "ledger-1"
EDGE_KEEPALIVE_S: Final = 4
GATEWAY_KEEPALIVE_S: Final = 2
READY_S_MAX: Final = 15.0
PLANES: Final = ("custody", "telemetry", "control")


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mosquitto() -> str | None:
    """Return the program of the broker of production, where it is installed."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Broker:
    """A broker that keeps nothing: Mosquitto where it is installed, else the embedded one."""

    def __init__(self, folder: Path, *, is_embedded: bool = False) -> None:
        self.port = free_port()
        self._folder = folder
        self._program = None if is_embedded else mosquitto()
        self._embedded = EmbeddedBroker(self.port, folder)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        if self._program is None:
            self._embedded.start()
            return
        self._folder.mkdir(exist_ok=True)
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_inflight_messages 1000\nmax_queued_messages 0\n",
            encoding="ascii",
        )
        self._child = subprocess.Popen(
            [self._program, "-c", str(config)], stderr=subprocess.DEVNULL
        )
        end_s = time.monotonic() + READY_S_MAX
        while time.monotonic() < end_s:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 0.2),
            ):
                return
            time.sleep(0.02)
        raise TimeoutError(f"no broker within {READY_S_MAX} s")

    def kill(self) -> None:
        """Pull its plug."""
        self._embedded.stop()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


class House:
    """`async with House(folder, rng)`; afterwards `check` compares both ends' files."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        *,
        store: TelemetryStore | None = None,
        is_embedded: bool = False,
    ) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.broker = Broker(folder / "broker", is_embedded=is_embedded)
        self.edge_wire = Proxy(self.broker.port, rng)
        self.gateway_wire = Proxy(self.broker.port, rng)
        self.edge = Edge(EDGE, folder)
        self.site = load_site(ROOT / "config" / "sites" / "demo")
        self.store = store or SqliteStore(folder / "gateway" / "telemetry.db")
        (folder / "gateway").mkdir(exist_ok=True)
        self.ledger_file = folder / "gateway" / "ledger.db"
        books = Ledger.open(
            f"sqlite:///{self.ledger_file}",
            ledger_id=LEDGER,
            site=self.site,
            now=lambda: rfc3339_from_ns(self.clock.wall_ns()),
        )
        self.core = Core(books)
        self.events_count = 0
        self.readings_count = 0
        self._tasks: list[asyncio.Task[Never]] = []
        self.link: Link
        self.gateway: app.Gateway

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.broker.start)
        await self.edge_wire.__aenter__()
        await self.gateway_wire.__aenter__()
        self.link = Link(self._link_parts())
        self.edge.acked_seq = lambda: self.link.follower.acked_seq
        address = parse_mqtt_url(f"mqtt://127.0.0.1:{self.gateway_wire.port}")
        self.gateway = app.Gateway(self.site, self.core, self.store, address, self.folder)
        self.gateway.planes.keepalive_s = GATEWAY_KEEPALIVE_S
        self._begin("outbox", self.edge.writer.run())
        self._begin("uplink", self.link.run())
        self._begin("gaps", self.edge.gaps.run(self.link.has_gateway))
        works = app._works(self.gateway, _no_will())
        for name in PLANES:
            failed = partial(self.gateway.failed, name)
            self._begin(name, supervise(name, works[name], failed=failed))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.edge_wire.__aexit__()
        await self.gateway_wire.__aexit__()
        self.edge.close()
        await self.store.close()
        self.core.close()
        await asyncio.to_thread(self.broker.kill)

    def _begin(self, name: str, work: Coroutine[None, None, Never]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _link_parts(self) -> LinkParts:
        edge = self.edge
        return LinkParts(
            edge=EDGE,
            ledger=LEDGER,
            boot=edge.boot,
            version="0",
            config=lambda: ConfigReport(generation=0, hash="c" * 64, outcome="running"),
            config_hash=lambda: "c" * 64,
            address=parse_mqtt_url(f"mqtt://127.0.0.1:{self.edge_wire.port}"),
            clock=self.clock,
            custody=edge.custody,
            custody_writer=edge.writer,
            custody_worker=edge.custody_worker,
            archive_rows=1_000_000,
            archive_days=7,
            telemetry=edge.telemetry,
            telemetry_worker=edge.telemetry_worker,
            beat=edge.beat,
            births=edge.births,
            take_command=_no_command,
            keepalive_s=EDGE_KEEPALIVE_S,
        )

    def set(self, fault: Fault, sides: str) -> None:
        """Begin a fault on the wires of `sides` (edge, gateway or both); PASS ends it."""
        if sides in {"edge", "both"}:
            self.edge_wire.set(fault)
        if sides in {"gateway", "both"}:
            self.gateway_wire.set(fault)

    async def event(self) -> int:
        """Capture a custody event; return its number once it is on disk."""
        self.events_count += 1
        body: dict[str, object] = {"channel": "spare", "is_on": self.events_count % 2 == 0}
        seq = await self.edge.emit(
            Outgoing(device="plc-1", kind="input", is_custody=True, body=body)
        )
        assert seq is not None
        return seq

    async def reading(self, **odd: float) -> int:
        """Queue a reading; return its number, which `energy_kwh` also tells."""
        self.readings_count += 1
        body: dict[str, object] = {"energy_kwh": float(self.readings_count), **odd}
        await self.edge.emit(Outgoing(device="meter-1", kind="power", is_custody=False, body=body))
        return self.readings_count

    async def feed(self, pause_s: float) -> Never:
        """Capture and queue for ever."""
        while True:
            await asyncio.gather(self.event(), self.reading())
            await asyncio.sleep(pause_s)

    async def has_acked(self, seq: int, reading: int) -> bool:
        """Tell whether the ledger has the event and the store the reading."""
        if self.link.follower.acked_seq < seq:
            return False
        edge = self.edge

        def waits() -> bool:
            asked = "SELECT 1 FROM reading WHERE boot = ? AND seq = ?"
            return edge.telemetry._db.execute(asked, (edge.boot, reading)).fetchone() is not None

        return not await edge.telemetry_worker.run(waits)

    async def live_again_s(self, limit_s: float) -> float:
        """Return how long a new event and a new reading take to be acknowledged."""
        began_s = time.monotonic()
        seq, reading = await self.event(), await self.reading()
        while not await self.has_acked(seq, reading):
            assert time.monotonic() < began_s + limit_s, self.state()
            await asyncio.sleep(0.02)
        return time.monotonic() - began_s

    async def drained(self, limit_s: float) -> None:
        """Wait until nothing is under way any more."""
        end_s = time.monotonic() + limit_s
        while (
            self.link.follower.acked_seq < self.edge.custody.tip[0]
            or (await self.edge.telemetry_worker.run(self.edge.telemetry.waiting))[0]
        ):
            assert time.monotonic() < end_s, self.state()
            await asyncio.sleep(0.05)

    def state(self) -> str:
        """Return in words how both ends fare, for a failure."""
        follower = self.link.follower
        return (
            f"edge connected {self.link.is_connected}, {follower.mode}, sent {follower.sent_seq},"
            f" acked {follower.acked_seq} of {self.edge.custody.tip[0]},"
            f" gateway fresh {self.link.has_gateway()}, sessions {self.gateway.live.sessions},"
            f" failures {self.gateway.live.failures}"
        )


class Verdict:
    """What the files of both ends say once everything is closed."""

    def __init__(self, custody_file: Path, ledger_file: Path, edge: str) -> None:
        captured = _rows(custody_file, "SELECT id FROM custody")
        tip = _rows(custody_file, "SELECT seq, hash FROM position WHERE name = 'tip'")
        taken = _rows(
            ledger_file, f"SELECT id, outcome, body FROM custody_row WHERE edge = '{edge}'"
        )
        head = _rows(ledger_file, f"SELECT seq, hash FROM edge_head WHERE edge = '{edge}'")
        ids = {str(row[0]) for row in captured}
        applied = Counter(str(row[0]) for row in taken if row[1] == "applied")
        self.plates = {str(json.loads(row[2]).get("plate")) for row in taken}  # type: ignore[arg-type]
        self.captured_count = len(captured)
        self.lost_count = sum(one not in applied for one in ids)
        self.twice_count = sum(count > 1 for count in applied.values())
        self.strange_count = sum(one not in ids for one in applied)
        self.is_head_at_tip = head == tip

    def check(self) -> None:
        """Raise AssertionError where something is lost, doubled or made up."""
        found = {name: value for name, value in vars(self).items() if name != "plates"}
        assert self.lost_count == 0, found
        assert self.twice_count == 0, found
        assert self.strange_count == 0, found
        assert self.is_head_at_tip, found


def verdict(house: House) -> Verdict:
    """Compare a closed house's outbox with its ledger."""
    custody_file = house.folder / "edge" / EDGE / "custody.db"
    return Verdict(custody_file, house.ledger_file, EDGE)


def unstored(house: House) -> set[int]:
    """Return the readings that the embedded store of a closed house lacks."""
    rows = _rows(house.folder / "gateway" / "telemetry.db", "SELECT fields FROM point")
    stored = {round(json.loads(str(row[0]))["energy_kwh"]) for row in rows}
    return set(range(1, house.readings_count + 1)) - stored


def _rows(file: Path, asked: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(file)) as db:
        return db.execute(asked).fetchall()


def _no_will() -> mqtt5.Will:
    import mqtt5  # noqa: PLC0415 - the only use

    return mqtt5.Will("wh/v1/gw/gateway-1/state", payload=b"", qos=mqtt5.QoS.AT_LEAST_ONCE)


async def _no_command(device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001
    """Take no command: none is sent."""


async def until(holds: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Wait until something holds; return how long it took."""
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() < began_s + within_s, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s
