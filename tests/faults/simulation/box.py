"""An edge: the real outboxes, follower, custodian and downlink; only its network loop is ours."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.downlink import Downlink, DownlinkParts
from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.telemetry import Queued, TelemetryQueue
from edge.ports import CommandResult, Outgoing, SafeState
from edge.uplink.custodian import Custodian
from edge.uplink.follow import Follower, Mode
from wire.control import Ack, DeviceBirth, EdgeBeat, Head, Hello, OutboxFill, Tip

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from runtime.clock import ManualClock
    from tests.faults.simulation.air import Air

LEDGER: Final = "ledger-1"
MEMORY: Final = Path(":memory:")
ARCHIVE_ROWS: Final = 80
BEAT_FRESH_S: Final = 5.0
TELEMETRY_BYTES: Final = 12_000


class Crash(BaseException):
    """The process ends in the middle."""


class NowWorker:
    """Runs a job at once: one thread, no order to choose."""

    async def run(self, job: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the job returns
        """Run it."""
        return job()


class Gate:
    """A gate that notes when it moved, and may take the process with it."""

    device = "plc-2"

    def __init__(self, box: Box) -> None:
        self._box = box

    def birth(self) -> DeviceBirth:
        """Return a birth."""
        return DeviceBirth(family="dock_plc", status="ok", channels={"gate": ""})

    def safe_states(self) -> list[SafeState]:
        """Return the shut gate."""
        return [SafeState(output="gate", verb="close")]

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow an opening."""
        return self.safe_states()[0] if verb == "open" else None

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Move; crash before or after it at times."""
        box = self._box
        if box.rng.random() < box.crash_ratio:
            raise Crash
        box.moved(verb)
        if box.rng.random() < box.crash_ratio:
            raise Crash
        return CommandResult(outcome="done", read_back=verb == "open")


class Box:
    """One machine that runs as an edge; `disk` survives its process."""

    def __init__(
        self, name: str, edge: str, clock: ManualClock, air: Air, rng: random.Random
    ) -> None:
        self.name, self.edge, self.clock, self.air, self.rng = name, edge, clock, air, rng
        self.db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.db.deserialize(_new_disk())
        self.telemetry = TelemetryQueue(MEMORY, bytes_max=TELEMETRY_BYTES, age_s_max=1e9)
        self.crash_ratio = 0.0
        self.is_up = True
        self.is_dead = False
        """Taken away for good: a clone that was found."""
        self.captured: dict[str, int] = {}
        """Row ids that this disk was told to be on it, with their numbers then."""
        self.appended: list[tuple[str, int]] = []
        self.violations: list[str] = []
        self.archive_rows = ARCHIVE_ROWS
        self.evicted_count = 0
        """Readings that were told as gaps."""
        self.acts: list[tuple[str, int]] = []
        self.doing: tuple[str, int] | None = None
        """(command id, basis) of the command that is judged or done now."""
        self.plc_seq = 0
        self._boots = 0
        self.start()

    # ---- the process

    def start(self) -> None:
        """Begin a new life on the disk as it is."""
        self._boots += 1
        self.boot = f"{self.name}-{self._boots}"
        self.custody = CustodyStore(self.db)
        self.follower = Follower(LEDGER, self.custody, self._archive)
        if self.custody.is_stopped:
            self.follower.stop()
        self.seq = 0
        self.flying: dict[tuple[str, int], float] = {}
        self.gateway_s = -1e9
        self.hello_s = -1e9
        self.answer_wanted = False
        worker: Any = NowWorker()
        link: Any = self
        self.downlink = Downlink(
            DownlinkParts(
                boot=self.boot,
                clock=self.clock,
                custody=self.custody,
                custody_worker=worker,
                drivers={"plc-2": Gate(self)},
                emit=self.emit,
                has_gateway=self.has_gateway,
                is_full=lambda: False,
                custodian=Custodian(link, self.custody, worker),
                is_stopped=lambda: self.follower.mode is Mode.STOPPED,
            )
        )
        self.is_up = True
        self.is_owned_up = False

    def crash(self) -> None:
        """End; what SQLite had not committed is gone."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self.is_up = False

    def restore(self, disk: bytes) -> None:
        """Put the disk back from a backup, or from another box."""
        self.crash()
        self.db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.db.deserialize(disk)

    # ---- what drivers and the world do

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Chain an event."""
        return self.capture(outgoing.kind, outgoing.device, dict(outgoing.body))

    def capture(self, kind: str, device: str, fields: dict[str, object]) -> int:
        """Put an event on disk and remember that it was promised."""
        row_id = f"{self.rng.getrandbits(128):032x}"
        body = {"t_ns": self.clock.wall_ns(), "clock": "synced", **fields}
        row = self.custody.append(
            [
                Capture(
                    topic=f"wh/v1/e/{self.edge}/evt/{kind}/{device}",
                    body=json.dumps(body).encode() if fields else b"poison",
                    captured_ns=self.clock.wall_ns(),
                    row_id=row_id,
                    ends_command=str(fields.get("command_id", "")),
                )
            ]
        )[0]
        self.captured[row_id] = row.seq
        if device == "plc-2":
            self.plc_seq = row.seq
        return row.seq

    def measure(self) -> None:
        """Queue a reading."""
        self.seq += 1
        topic = f"wh/v1/e/{self.edge}/tlm/environment/th-1"
        at_ns = self.clock.wall_ns()
        body = {"t_ns": at_ns + self.seq, "clock": "synced", "zone": "cool", "temperature_c": 4.0}
        self.telemetry.append(
            [
                Queued(
                    boot=self.boot,
                    seq=self.seq,
                    topic=topic,
                    body=json.dumps(body).encode(),
                    at_ns=at_ns,
                )
            ]
        )
        self.appended.append((self.boot, self.seq))

    def moved(self, verb: str) -> None:
        """Note that the gate moved for the command being done."""
        if verb == "open":
            assert self.doing is not None
            self.acts.append(self.doing)
            if self.doing[1] < self.plc_seq:
                told = f"acted on {self.doing[1]} after plc-2 told {self.plc_seq}"
                self.violations.append(f"box {self.name} {told}: a stale decision")

    # ---- the link

    def has_gateway(self) -> bool:
        """Tell whether a gateway was heard of late."""
        return self.clock.mono_s() - self.gateway_s <= BEAT_FRESH_S

    async def ask_now(self, within_s: float) -> Head | None:
        """Return the newest answer; the sim asked a moment ago."""
        assert within_s > 0
        return self.follower.answer

    def went_on(self) -> None:
        """Send again at the next turn."""

    def _archive(self, seq: int) -> None:
        self.custody.archive(seq, rows_max=self.archive_rows, older_than_ns=0)

    async def turn(self) -> None:
        """Do what is due: hello, beat, rows, readings, leases."""
        now_s = self.clock.mono_s()
        if not self.is_owned_up:
            await self.downlink.own_up()
            self.is_owned_up = True
        every_s = 1.0 if self.follower.mode is Mode.ASKING else 6.0
        if now_s - self.hello_s >= every_s:
            self.hello()
        self._send("beat", self.beat())
        if self.has_gateway():
            self._send_custody(now_s)
            if self.follower.mode is not Mode.STOPPED:
                self._send_telemetry(now_s)
        await self.downlink.close_ended()

    def hello(self) -> None:
        """Ask where the ledger stands."""
        self.hello_s = self.clock.mono_s()
        nonce = f"{self.boot}/{self.rng.getrandbits(64):016x}"
        self.follower.ask(nonce, self.hello_s)
        tip = self.custody.tip
        hello = Hello(
            ledger=LEDGER, nonce=nonce, boot=self.boot, tip=Tip(seq=tip[0], hash=tip[1]),
            sample=self.custody.sample(),
        )  # fmt: skip
        self._send("hello", hello)

    def beat(self) -> EdgeBeat:
        """Return what it says of itself."""
        tip = self.custody.tip
        return EdgeBeat(
            boot=self.boot, mono_ms=round(self.clock.mono_s() * 1000), t_ns=1, clock="synced",
            tip=Tip(seq=tip[0], hash=tip[1]), mode=self.follower.mode.value,
            outbox=OutboxFill(custody_rows=0, telemetry_rows=0, bytes=0, oldest_s=0.0),
        )  # fmt: skip

    def _send_custody(self, now_s: float) -> None:
        follower = self.follower
        follower.rewind_if_due(now_s, jitter=self.rng.random())
        room = min(follower.room(), 20)
        if room:
            rows = self.custody.above(follower.sent_seq, room)
            for row in rows:
                self._send("row", row)
            if rows:
                follower.sent(rows[-1].seq, now_s)

    def _send_telemetry(self, now_s: float) -> None:
        for name in [one for one, at_s in self.flying.items() if now_s - at_s > 5]:
            del self.flying[name]
        for one in self.telemetry.next_to_send(10, newest_count=3, besides=list(self.flying)):
            self.flying[one.boot, one.seq] = now_s
            self._send("reading", one)
        for gap in self.telemetry.gaps():
            fields: dict[str, object] = {
                "stream": "telemetry", "boot": gap.boot, "first_seq": gap.first_seq,
                "last_seq": gap.last_seq, "count": gap.count, "cause": "evicted",
            }  # fmt: skip
            self.capture("gap", "outbox", fields)
            self.telemetry.told(gap)
            self.evicted_count += gap.count

    def _send(self, kind: str, load: object) -> None:
        self.air.send(self.clock.mono_s(), "gateway", kind, (self.edge, load))

    async def hear(self, kind: str, load: Any) -> None:  # noqa: ANN401 - any message
        """Take a message."""
        if kind == "gateway-beat" and load == LEDGER:
            self.gateway_s = self.clock.mono_s()
        elif kind == "head":
            head: Head = load
            seen = self.follower.answers_count
            if self.follower.hear(head, self.clock.mono_s()):
                self.follower.moved(self.clock.mono_s())
            is_own = (head.nonce or "").startswith(f"{self.boot}/")
            if self.follower.answers_count > seen and not is_own:
                told = f"{self.boot} obeyed an answer to {head.nonce}"
                self.violations.append(f"{told}: a question of another life")
        elif kind == "ack":
            ack: Ack = load
            if ack.ledger == LEDGER:
                self.telemetry.forget(dict(ack.telemetry))
        elif kind == "command":
            device, verb, command = load
            self.doing = (command.command_id, command.basis.seq)
            body = command.model_dump_json().encode()
            await self.downlink.take(device, verb, body, False)  # noqa: FBT003 - a flag of the message
            await self.downlink.do_next()
            self.doing = None


def _new_disk() -> bytes:
    store = CustodyStore.open(MEMORY)
    disk = store._db.serialize()
    store.close()
    return disk
