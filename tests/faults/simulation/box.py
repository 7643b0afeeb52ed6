"""A machine that runs as an edge: the real edge, uplink, downlink and outboxes on a disk of ours.

Ours are the clock, the disk, the broker's client and the driver of a gate; the loops' turns are
the real ones, one after the other.
"""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from typing_extensions import override

from edge.app import Edge
from edge.downlink import Downlink, DownlinkParts
from edge.gaps import GapTeller
from edge.outbox.errors import DiskRefuses, OutboxError
from edge.outbox.worker import CustodyWriter
from edge.ports import Outgoing
from edge.stamp import Stamp
from edge.uplink.custodian import Custodian
from edge.uplink.follow import Mode
from edge.uplink.link import Link, LinkParts
from runtime.mqtt_url import parse_mqtt_url
from tests.faults.simulation.air import GATEWAYS, Packet
from tests.faults.simulation.disks import EdgeDisk, MemoryDisk
from tests.faults.simulation.plc import Crash, Plc
from wire.control import ConfigReport

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Coroutine

    from edge.outbox.custody import Capture, CustodyStore
    from edge.outbox.telemetry import Queued
    from edge.ports import Driver
    from runtime.clock import ManualClock
    from tests.faults.simulation.air import Air
    from wire.chain import CustodyRow
    from wire.control import Head

Captured: TypeAlias = tuple[int, bytes, str]
"""An event when it was captured: its number, body and hash."""
log = logging.getLogger(__name__)

LEDGER: Final = "ledger-1"
ARCHIVE_ROWS: Final = 80
TELEMETRY_BYTES: Final = 12_000
HELLO_S: Final = 8.0
BEAT_S: Final = 2.0
GAPS_S: Final = 5.0
DAMAGED_S: Final = 20.0
TASKS_COUNT_MAX: Final = 30
"""Drivers that wait for the disk: beyond it nobody measures."""


class BoxClock:
    """The hall's time as one machine has it: its wall clock may be set, its other one not."""

    def __init__(self, hall: ManualClock) -> None:
        self._hall = hall
        self.offset_ns = 0

    def wall_ns(self) -> int:
        """Return Unix nanoseconds as this machine believes."""
        return self._hall.wall_ns() + self.offset_ns

    def mono_s(self) -> float:
        """Return monotonic seconds."""
        return self._hall.mono_s()


class NowWorker:
    """Runs a job at once: one thread, no order to choose."""

    async def run(self, job: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the job returns
        """Run it."""
        return job()


class NowWriter(CustodyWriter):
    """Commits each event at once; who finds the disk full waits for room, as in the real one."""

    def __init__(self, box: Box, store: CustodyStore) -> None:
        super().__init__(store, NowWorker())  # type: ignore[arg-type]
        self._box = box
        self._room = asyncio.Event()

    @override
    async def capture(self, event: Capture) -> int:
        while True:
            try:
                row = self._store.append([event])[0]
            except DiskRefuses:
                self.is_full = True
                self._room.clear()
                await self._room.wait()
                continue
            self.is_full = False
            self.appended.set()
            self._box.noted(row)
            return row.seq

    def try_again(self) -> None:
        """Let the waiting look whether there is room."""
        self._room.set()


class SteppedLink(Link):
    """The real uplink, whose one wait in the middle of a job looks once a step."""

    def __init__(self, parts: LinkParts) -> None:
        super().__init__(parts)
        self.stepped = asyncio.Event()

    @override
    async def ask_now(self, within_s: float) -> Head | None:
        follower, seen = self.follower, self.follower.answers_count
        self._hello_now.set()
        end_s = self._parts.clock.mono_s() + within_s
        while follower.answers_count == seen:
            if self._parts.clock.mono_s() > end_s:
                return None
            self.stepped.clear()
            await self.stepped.wait()
        return follower.answer

    def is_hello_due(self) -> bool:
        """Tell whether somebody asked for a hello, and take note."""
        is_due = self._hello_now.is_set()
        self._hello_now.clear()
        return is_due


class Box(Edge):
    """One machine; its disk and its gate survive its process."""

    nobody_listens = False

    def __init__(
        self,
        name: str,
        edge: str,
        hall: ManualClock,
        air: Air,
        rng: random.Random,
        disk: EdgeDisk | None = None,
    ) -> None:
        self.name, self.edge, self.air, self.rng = name, edge, air, rng
        self.clock = BoxClock(hall)  # type: ignore[assignment]
        self.disk: EdgeDisk = MemoryDisk() if disk is None else disk
        self.plc = Plc(self)
        drivers: dict[str, Driver] = {"plc-2": self.plc}
        self.fleet = SimpleNamespace(drivers=drivers)  # type: ignore[assignment]
        self.crash_ratio = self.stick_ratio = 0.0
        self.is_up = self.is_dead = self.has_turned = False
        """Dead: taken away for good, a clone that was found."""
        self.archive_rows, self.telemetry_bytes = ARCHIVE_ROWS, TELEMETRY_BYTES
        self.captured: dict[str, Captured] = {}
        """By row id what this disk was told to be on it."""
        self.readings: dict[tuple[str, int], tuple[str, int]] = {}
        """By (boot, seq) what is to be told of: (device, t_ns)."""
        self.unsure: set[tuple[str, int]] = set()
        """Readings that the disk refused: told only if this process lives to tell it."""
        self.acts: list[str] = []
        """Ids of the commands that opened the gate."""
        self.judge_open: Callable[[Box, str], str] = lambda _box, _name: ""
        self.is_away: Callable[[], bool] = lambda: False
        """Whether no broker can be reached from here."""
        self.violations: list[str] = []
        self.lives_count = 0
        self._doing = self._plc_row_id = ""
        self._tasks: list[asyncio.Task[Any]] = []

    # ---- the process

    def start(self) -> None:
        """Begin a new life on the disk as it is; the boot is drawn as a real process does."""
        self.lives_count += 1
        self.boot = f"{self.name}-{self.lives_count}-{self.rng.getrandbits(32):08x}"
        self.custody, self.telemetry = self.disk.open(bytes_max=self.telemetry_bytes)
        self.telemetry.took = self._took
        worker: Any = NowWorker()
        self.custody_worker = self.telemetry_worker = worker
        self.writer: NowWriter = NowWriter(self, self.custody)
        self.gaps = GapTeller(self.boot, self.telemetry, worker, self.clock, self.emit)
        self._stamp = Stamp(self.clock)
        self.telemetry_seq = 0
        self.heard_s = self._hello_s = self._beat_s = self._gaps_s = -1e9
        self._damaged_s: float | None = None
        self.link = SteppedLink(self._link_parts(worker))
        self.acked_seq = lambda: self.link.follower.acked_seq
        self.mode = lambda: self.link.follower.mode
        self.downlink = Downlink(
            DownlinkParts(
                boot=self.boot,
                clock=self.clock,
                custody=self.custody,
                custody_worker=worker,
                drivers=self.fleet.drivers,
                emit=self.emit,
                has_gateway=self.link.has_gateway,
                is_full=lambda: self.writer.is_full,
                custodian=Custodian(self.link, self.custody, worker),
                is_stopped=lambda: self.link.follower.mode is Mode.STOPPED,
            )
        )
        begin = self.custody.begin_command

        def begin_noted(command: Any) -> bool:  # noqa: ANN401 - an OpenCommand
            self._doing = command.command_id
            return begin(command)

        self.custody.begin_command = begin_noted  # type: ignore[method-assign]
        self.is_up, self.has_turned = True, False
        self.run(self.downlink.run())

    def _link_parts(self, worker: Any) -> LinkParts:  # noqa: ANN401 - a NowWorker
        return LinkParts(
            edge=self.edge,
            ledger=LEDGER,
            boot=self.boot,
            version="0",
            config=lambda: ConfigReport(generation=0, hash="0" * 64, outcome="running"),
            config_hash=lambda: "0" * 64,
            address=parse_mqtt_url("mqtt://127.0.0.1:1"),
            clock=self.clock,
            custody=self.custody,
            custody_writer=self.writer,
            custody_worker=worker,
            archive_rows=self.archive_rows,
            archive_days=1e4,
            telemetry=self.telemetry,
            telemetry_worker=worker,
            beat=self.beat,
            births=self.births,
            take_command=self.take_command,
            rng=self.rng,
        )

    async def take_command(self, device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001
        """Hand a command on."""
        await self.downlink.take(device, verb, body, is_retained)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let a task of this process run; it ends with it."""
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def ended(self) -> BaseException | None:
        """Return what ended a task and so the process, None while all is well."""
        done = [one for one in self._tasks if one.done()]
        self._tasks = [one for one in self._tasks if not one.done()]
        errors = [one.exception() for one in done if not one.cancelled()]
        return next((error for error in errors if error is not None), None)

    def is_busy(self) -> bool:
        """Tell whether so many wait for the disk that nobody measures."""
        return len(self._tasks) > TASKS_COUNT_MAX

    def crash(self) -> None:
        """End; what SQLite had not committed is gone, and what memory held."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self.is_up:
            self.disk.stopped()
        for name in self.unsure:
            self.readings.pop(name, None)
        self.unsure.clear()
        self.is_up = False

    # ---- what is noted

    def noted(self, row: CustodyRow) -> None:
        """Note an event that is on disk."""
        self.captured[row.id] = (row.seq, row.body, row.hash)
        if row.topic.endswith("/plc-2"):
            self._plc_row_id = row.id

    def forget_since(self, captured: dict[str, Captured]) -> None:
        """Note that the disk went back to when it had captured only that."""
        self.captured = dict(captured)
        self._plc_row_id = ""

    def _took(self, one: Queued) -> None:
        fields = json.loads(one.body)
        self.readings[one.boot, one.seq] = (one.topic.rsplit("/", 1)[-1], fields["t_ns"])

    def opened(self) -> None:
        """Note that the gate opened, and hold it against its rule."""
        name = self._doing
        self.acts.append(name)
        fault = self.judge_open(self, name)
        if not fault and self.clock.mono_s() - self.heard_s > 5:
            fault = "no gateway was heard for 5 s"
        if not fault and self.writer.is_full:
            fault = "the outbox was full"
        if fault:
            self.violations.append(f"box {self.name} obeyed {name}: {fault}")

    def newest_plc_seq(self) -> int:
        """Return the place in the chain of the gate's last event, 0 where the disk forgot it."""
        found = self.custody._db.execute(
            "SELECT seq FROM custody WHERE id = ?", (self._plc_row_id,)
        ).fetchone()
        return 0 if found is None else int(found[0])

    # ---- what drivers do

    def event(self, kind: str, device: str, /, **body: object) -> None:
        """Let a driver tell an event; it waits while the disk is full."""
        self.run(self.emit(Outgoing(device=device, kind=kind, is_custody=True, body=body)))

    async def measure(self, device: str, /, **body: object) -> None:
        """Let a driver tell a reading; what the disk refuses is a gap, if this process lives."""
        kept = len(self.readings)
        await self.emit(Outgoing(device=device, kind="environment", is_custody=False, body=body))
        if len(self.readings) == kept:
            name = (self.boot, self.telemetry_seq)
            self.readings[name] = (device, -1)
            self.unsure.add(name)

    # ---- the uplink's turns

    async def publish(
        self,
        topic: str,
        payload: bytes | str = b"",
        qos: int = 0,
        retain: bool = False,  # noqa: FBT001, FBT002
        properties: Any = None,  # noqa: ANN401
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        """Stand for the client of the broker."""
        del qos, timeout
        body = payload.encode() if isinstance(payload, str) else payload
        told = [] if properties is None else list(properties.UserProperty)
        if not self.is_away():
            packet = Packet(topic, body, told, retain)
            self.air.send(self.clock.mono_s(), GATEWAYS, packet)

    async def hear(self, packet: Packet) -> None:
        """Take a control message."""
        levels = packet.topic.split("/")
        if levels[2] == "gw" and json.loads(packet.payload).get("ledger") == LEDGER:
            self.heard_s = self.clock.mono_s()
        try:
            await self.link.take(levels, packet.payload, is_retained=packet.retain)
        except OutboxError as error:  # As the real listener does.
            log.debug("control_waits_for_disk", extra={"error": str(error)})

    async def turn(self) -> None:
        """Do what is due: hello, beat, rows, readings, leases, gaps."""
        now_s, link = self.clock.mono_s(), self.link
        client: Any = self
        link.stepped.set()
        self.writer.try_again()
        wait_s = min(link.follower.ask_again_s(), HELLO_S)
        try:
            if link.is_hello_due() or now_s - self._hello_s >= wait_s:
                self._hello_s = now_s
                await link.hello_once(client)
            if now_s - self._beat_s >= BEAT_S:
                self._beat_s = now_s
                beat = await self.beat()
                await self.publish(f"wh/v1/e/{self.edge}/beat", beat.model_dump_json())
            await link.send_custody_once(client)
            await link.send_telemetry_once(client)
        except OutboxError as error:  # The real tasks are started again.
            log.debug("turn_refused", extra={"error": str(error)})
        if not self.is_busy():
            self.run(self.downlink.close_ended())
            if now_s - self._gaps_s >= GAPS_S and link.has_gateway():
                self._gaps_s = now_s
                self.run(self._tell_gaps())
        self.has_turned = True
        self._watch_chain(now_s)

    async def _tell_gaps(self) -> None:
        try:
            await self.gaps._tell_all()
        except OutboxError as error:
            log.debug("gaps_wait", extra={"error": str(error)})

    def _watch_chain(self, now_s: float) -> None:
        if not self.link.is_chain_damaged:
            self._damaged_s = None
        elif self._damaged_s is None:
            self._damaged_s = now_s
        elif now_s - self._damaged_s > DAMAGED_S:
            self.disk.suspect()
            raise Crash
