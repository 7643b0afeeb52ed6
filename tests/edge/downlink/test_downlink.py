"""Commands: what is refused, what acts once, and that a gate closes by itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edge.downlink import Downlink, DownlinkParts
from edge.outbox.custody import Capture, CustodyStore, OpenCommand
from edge.outbox.worker import Worker
from edge.ports import CommandResult, Outgoing, SafeState
from runtime.clock import ManualClock
from wire.control import Basis, Command, Deadline, DeviceBirth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SHUT = SafeState(output="gate", verb="close")


class Gate:
    """A driver that notes what it was asked."""

    device = "plc-2"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def safe_states(self) -> list[SafeState]:
        """Return the shut gate."""
        return [SHUT]

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow an opening."""
        return SHUT if verb == "open" else None

    def birth(self) -> DeviceBirth:
        """Return a birth."""
        return DeviceBirth(family="dock_plc", status="ok")

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Note it."""
        self.asked.append(verb)
        if self.fails:
            raise RuntimeError("a bug")
        return CommandResult(outcome="done", read_back=True)


class Bench:
    """A downlink with everything around it."""

    def __init__(self, folder: Path) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self.store = CustodyStore.open(folder / "custody.db")
        self.worker = Worker("custody")
        self.clock = ManualClock()
        self.gate = Gate()
        self.told: list[Mapping[str, object]] = []
        self.has_gateway = True
        self.is_stopped = False
        self.downlink = Downlink(
            DownlinkParts(
                boot="boot-1",
                clock=self.clock,
                custody=self.store,
                custody_worker=self.worker,
                drivers={"plc-2": self.gate},
                emit=self.emit,
                has_gateway=lambda: self.has_gateway,
                is_full=lambda: False,
                custodian=self.gate,
                is_stopped=lambda: self.is_stopped,
            )
        )

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Chain the answer, once there is room."""
        await self.room.wait()
        self.told.append(outgoing.body)
        topic = f"wh/v1/e/dock-2/evt/{outgoing.kind}/{outgoing.device}"
        ends = str(outgoing.body.get("command_id", ""))
        event = Capture(topic=topic, body=b"{}", captured_ns=1, ends_command=ends)
        return self.store.append([event])[-1].seq

    def body(
        self,
        number: int,
        *,
        boot: str = "boot-1",
        in_s: float = 5.0,
        seq: int = 0,
        for_s: object = 10.0,
        devices: tuple[str, ...] = ("plc-2",),
    ) -> bytes:
        """Return a command to open."""
        mono_ms = min(2**62, round((self.clock.mono_s() + in_s) * 1000))
        command = Command(
            command_id=f"command-{number}",
            args={"for_s": for_s},
            deadline=Deadline(boot=boot, mono_ms=mono_ms),
            basis=Basis(seq=seq, devices=list(devices)),
        )
        return command.model_dump_json().encode()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end_s
        await asyncio.sleep(0.005)


def play(bench: Bench, story: Callable[[], object]) -> None:
    """Run a story beside the downlink's tasks."""

    async def run() -> None:
        tasks = [
            asyncio.create_task(bench.downlink.run()),
            asyncio.create_task(bench.downlink.keep_leases()),
        ]
        try:
            await story()  # type: ignore[misc]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            bench.worker.close()
            bench.store.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "is_retained", "why"),
    [
        ({}, True, "retained"),
        ({"boot": "boot-0"}, False, "another boot"),
        ({"in_s": -1.0}, False, "late"),
        ({"in_s": 2**62 / 1000}, False, "at most 120000"),
        ({"seq": 2**62}, False, "has not happened here"),
        ({"devices": []}, False, "names no device"),
        ({"for_s": True}, False, "for_s is True"),
        ({"for_s": 1e9}, False, "for_s is 1000000000.0"),
    ],
)
def test_a_command_out_of_its_time_is_refused(
    tmp_path: Path, change: dict[str, object], *, is_retained: bool, why: str
) -> None:
    """A gate must not open on what was decided for another moment."""
    bench = Bench(tmp_path)

    async def story() -> None:
        body = bench.body(1, **change)  # type: ignore[arg-type]
        await bench.downlink.take("plc-2", "open", body, is_retained)
        await until(lambda: bool(bench.told))
        assert bench.told[0]["outcome"] == "refused"
        assert why in str(bench.told[0]["reason"])
        assert bench.gate.asked == []

    play(bench, story)


def test_a_decision_older_than_the_devices_last_event_is_refused(tmp_path: Path) -> None:
    """The world changed after the gateway looked."""
    bench = Bench(tmp_path)
    topic = "wh/v1/e/dock-2/evt/input/plc-2"
    bench.store.append([Capture(topic=topic, body=b"{}", captured_ns=1) for _ in range(3)])

    async def story() -> None:
        await bench.downlink.take("plc-2", "open", bench.body(1, seq=2), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 1)
        assert bench.told[0]["outcome"] == "refused"
        await bench.downlink.take("plc-2", "open", bench.body(2, seq=4), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 2)
        assert bench.told[1]["outcome"] == "done"
        assert bench.gate.asked == ["open"]

    play(bench, story)


def test_one_id_acts_once(tmp_path: Path) -> None:
    """QoS 1 may deliver twice; the gate opens once."""
    bench = Bench(tmp_path)

    async def story() -> None:
        for _ in range(2):
            await bench.downlink.take("plc-2", "open", bench.body(1), False)  # noqa: FBT003
        await bench.downlink.take("plc-2", "light", bench.body(2, seq=1), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 2)
        assert bench.gate.asked == ["open", "light"]

    play(bench, story)


def test_the_gate_closes_when_its_lease_ends_or_the_gateway_falls_silent(tmp_path: Path) -> None:
    """Nobody alive to answer for an open gate means a shut gate."""
    bench = Bench(tmp_path)

    async def story() -> None:
        await bench.downlink.take("plc-2", "open", bench.body(1), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 1)
        assert bench.gate.asked == ["open"]
        bench.clock.advance(10.1)
        await until(lambda: len(bench.told) == 2)
        assert bench.gate.asked == ["open", "close"]
        await bench.downlink.take("plc-2", "open", bench.body(2, seq=bench.store.tip[0]), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 3)
        bench.has_gateway = False
        await until(lambda: len(bench.told) == 4)
        assert bench.gate.asked == ["open", "close", "open", "close"]
        ends = [bench.told[1], bench.told[3]]
        assert [one["verb"] for one in ends] == ["close", "close"]
        assert [one["reason"] for one in ends] == ["the lease ended", "the gateway fell silent"]

    play(bench, story)


def test_after_a_crash_the_outcome_is_unknown_and_nothing_acts_again(tmp_path: Path) -> None:
    """The gateway reads the state back and decides anew."""
    bench = Bench(tmp_path)
    bench.store.begin_command(OpenCommand(command_id="command-1", device="plc-2", verb="open"))

    async def story() -> None:
        await bench.downlink.take("plc-2", "open", bench.body(1), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 1)
        assert bench.told[0]["outcome"] == "unknown"
        await bench.downlink.take("plc-2", "light", bench.body(2, seq=bench.store.tip[0]), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 2)
        assert bench.gate.asked == ["light"]
        assert bench.store.open_commands() == []

    play(bench, story)


def test_poison_is_counted_and_a_bug_in_a_driver_is_an_answer(tmp_path: Path) -> None:
    """No body and no driver may end the edge."""
    bench = Bench(tmp_path)

    async def story() -> None:
        for body in (b"", b"\xff", b"[" * 100_000, b"{}", b'{"command_id": 5}'):
            await bench.downlink.take("plc-2", "open", body, False)  # noqa: FBT003
        assert bench.downlink.unreadable_count == 5
        await bench.downlink.take("nowhere", "open", bench.body(1), False)  # noqa: FBT003
        bench.gate.fails = True
        await bench.downlink.take("plc-2", "open", bench.body(2, seq=bench.store.tip[0]), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 2)
        assert [told["outcome"] for told in bench.told] == ["refused", "failed"]

    play(bench, story)


def test_a_stopped_box_moves_nothing_but_hears_its_custodian(tmp_path: Path) -> None:
    """A copy must not open the true box's gate; a person may take the decision back."""
    bench = Bench(tmp_path)
    bench.is_stopped = True

    async def story() -> None:
        await bench.downlink.take("plc-2", "open", bench.body(1), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 1)
        assert bench.told[0]["reason"] == "a person stopped this box"
        await bench.downlink.take("outbox", "adopt", bench.body(2, seq=1), False)  # noqa: FBT003
        await until(lambda: len(bench.told) == 2)
        assert bench.gate.asked == ["adopt"]  # The bench's gate stands in for the custodian.

    play(bench, story)


class Exit(Gate):
    """A barrier and a diverter on one unit; the barrier's drive does not answer."""

    @override
    def safe_states(self) -> list[SafeState]:
        """Return both."""
        return [
            SafeState(output="barrier", verb="close"),
            SafeState(output="diverter", verb="straight"),
            SafeState(output="green", verb="set", args={"is_on": False}, is_guard=False),
        ]

    @override
    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow."""
        if verb == "set":
            return None if args.get("is_on") is False else self.safe_states()[2]
        return {"open": self.safe_states()[0], "divert": self.safe_states()[1]}.get(verb)

    @override
    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Note it; closing hangs."""
        self.asked.append(verb)
        if verb == "close":
            await asyncio.Event().wait()
        return CommandResult(outcome="done", read_back=True)


def test_an_output_that_hangs_holds_no_other_one_open(tmp_path: Path) -> None:
    """A dead barrier must not keep the diverter out, nor a light on, when the gateway is gone."""
    bench = Bench(tmp_path)
    bench.gate.__class__ = Exit

    async def story() -> None:
        for number, verb in enumerate(("open", "divert", "set")):
            body = bench.body(number, seq=bench.store.tip[0], for_s=None if verb == "set" else 10.0)
            await bench.downlink.take("plc-2", verb, body, False)  # noqa: FBT003
            await until(lambda count=number: len(bench.told) > count)  # type: ignore[misc]
        assert [one["outcome"] for one in bench.told] == ["done"] * 3
        bench.has_gateway = False
        await until(lambda: {"straight", "close"} <= set(bench.gate.asked))
        await until(lambda: bench.gate.asked.count("set") == 2)

    play(bench, story)


def test_a_full_disk_keeps_no_gate_open(tmp_path: Path) -> None:
    """To tell of a gate takes room on the disk and may wait; to shut it may not."""
    bench = Bench(tmp_path)
    bench.store.begin_command(OpenCommand(command_id="command-1", device="plc-2", verb="open"))

    async def story() -> None:
        bench.room.clear()
        await until(lambda: bench.gate.asked == ["close"])  # Though nobody was told anything yet.
        assert bench.told == []
        bench.room.set()
        await until(lambda: len(bench.told) == 2)
        assert {str(one["outcome"]) for one in bench.told} == {"unknown", "done"}

    play(bench, story)
