"""One seed's story: a busy, faulty while, then a calm in which everything has to drain."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from edge.outbox.errors import OutboxError
from edge.uplink.follow import Mode
from runtime.clock import ManualClock
from tests.faults.simulation import bounds, hall
from tests.faults.simulation.air import GATEWAYS, Air
from tests.faults.simulation.befall import Befall
from tests.faults.simulation.box import ARCHIVE_ROWS, TELEMETRY_BYTES, Box
from tests.faults.simulation.checks import check
from tests.faults.simulation.disks import RigDisk
from tests.faults.simulation.house import House
from tests.faults.simulation.plc import Crash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

STEPS: Final = 100
STEP_S: Final = 0.7
CALM_STEP_S: Final = 2.0
DRAIN_STEPS: Final = 400
RIG_RATIO: Final = 0.25
"""So many boxes run on the disk that loses power; it costs more."""
CYCLES: Final = 4
"""Turns of the event loop until every task of a box waits again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which faults befall a story; all of them, unless told."""

    faults: frozenset[str] = frozenset()
    archive_rows: int = ARCHIVE_ROWS
    telemetry_bytes: int = TELEMETRY_BYTES
    late_ratio: float = 0.05
    """So many messages outlive a restart on their way."""
    rig_ratio: float = RIG_RATIO
    fault_ratio: float = 0.15
    """Chance of a fault a step."""
    is_verified: bool | None = None
    """Whether the ledger is folded anew at the end; every fourth seed when None."""


class Story:
    """Boxes, gateways and what befalls them; `trace` hashes every step."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.seed, self.plan = seed, plan
        self.rng = random.Random(seed)
        self.clock = ManualClock()
        self.air = Air(self.rng, late_ratio=plan.late_ratio)
        self.house = House(self.clock, self.air, self.rng)
        self.boxes = [self._box("a", "dock-1"), self._box("b", "dock-2")]
        self.clones: list[Box] = []
        self.befall = Befall(self)
        self.full_until: dict[str, float] = {}
        """By box when its disk has room again."""
        self.lost_ids: set[str] = set()
        """Captured on a disk that was put back, or on a clone's: nobody can have them."""
        self.lost_readings: set[tuple[str, str, int]] = set()
        """Of those, and (edge, boot, seq) that a power cut lawfully took."""
        self.rotten: set[str] = set()
        """Ids of rows that were made rotten at rest."""
        self.is_deep = False
        """The ledger went back beyond what the edges keep."""
        self.decisions_count = 0
        self.away: set[str] = set()
        """Boxes that no broker can be reached from."""
        self._hash = hashlib.sha256()

    def _box(self, name: str, edge: str) -> Box:
        is_rig = self.rng.random() < self.plan.rig_ratio
        disk = RigDisk(self.rng) if is_rig else None
        box = Box(name, edge, self.clock, self.air, self.rng, disk)
        self.adorn(box)
        return box

    def adorn(self, box: Box) -> None:
        """Give a box the story's bounds and judge."""
        box.archive_rows = self.plan.archive_rows
        box.telemetry_bytes = self.plan.telemetry_bytes
        box.judge_open = self._judge_open
        box.is_away = lambda: box.name in self.away

    @property
    def trace(self) -> str:
        """Return the hash of all that happened."""
        return self._hash.hexdigest()[:16]

    async def play(self) -> None:
        """Live through the faults, drain, and check."""
        for step in range(STEPS):
            for box in self.alive():
                if box.is_up:
                    hall.happen(box, events_count=self.rng.choice((0, 0, 1, 3)))
            if self.rng.random() < 0.15:
                self.rng.choice(self.house.gateways).order_open()
            if self.rng.random() < self.plan.fault_ratio:
                self.befall.one()
            await self.turn(step, STEP_S * self.rng.uniform(0.5, 1.5))
        self._calm()
        for step in range(DRAIN_STEPS):
            await self.turn(step, CALM_STEP_S)
            if step % 2:
                self.decide()
                if self.is_drained():
                    break
        self._note("end", self.house.journal_tip(), sorted(self.house.store.points))
        check(self)

    async def turn(self, step: int, step_s: float) -> None:
        """Let the time go on, and everybody do what is due."""
        self.clock.advance(step_s)
        now_s = self.clock.mono_s()
        for box in self.alive():
            if self.full_until.get(box.name, now_s) < now_s:
                box.disk.relent()
                del self.full_until[box.name]
            if not box.is_up and self.rng.random() < (1.0 if self.air.is_calm else 0.4):
                self._start(box)
        for to, packet in self.air.due(now_s):
            if to == GATEWAYS:
                self.house.hear(packet)
                continue
            for box in self.alive():
                if box.edge == to and box.is_up and box.name not in self.away:
                    await self._guarded(box, box.hear(packet))
        for gateway in self.house.gateways:
            gateway.crash_ratio = 0.0 if self.air.is_calm else 0.004
        await self.house.turn()
        for box in self.alive():
            if box.is_up:
                await self._guarded(box, box.turn())
        for _ in range(CYCLES):
            await asyncio.sleep(0)
        self._look(step)

    def _start(self, box: Box) -> None:
        try:
            box.start()
        except OutboxError:  # No room: the supervisor tries again.
            box.crash()
            return
        box.crash_ratio = box.stick_ratio = 0.0

    def _look(self, step: int) -> None:
        """End what crashed, and hold what must hold at every moment."""
        tips = []
        for box in self.alive():
            error = box.ended()
            if isinstance(error, Crash | OutboxError):
                box.crash()
            elif error is not None:
                raise error
            if isinstance(box.disk, RigDisk) and not box.disk.has_power():
                self.cut(box)
            if box.is_up:
                fault = box.plc.fault(heard_s=box.heard_s)
                if fault and box.has_turned:
                    box.violations.append(f"gate of box {box.name}: {fault}")
                if step % 10 == 0:
                    box.violations += bounds.broken(box)
                tips.append((box.name, box.custody.tip, box.link.follower.mode.value))
        if step % 10 == 0:
            self.house.violations += bounds.broken_in_house(self.house)
        self._note(step, tips, len(self.house.store.points), self.befall.names[-1:])

    def cut(self, box: Box) -> None:
        """Let the power of a box go; the tail of its telemetry may lawfully go with it."""
        disk = box.disk
        assert isinstance(disk, RigDisk)
        had = set(box.readings)
        disk.cut()
        box.crash()
        self._start(box)
        if not box.is_up:
            return
        left = {(one.boot, one.seq) for one in box.telemetry.next_to_send(10**6, newest_count=0)}
        self.lost_readings |= bounds.lawfully_lost(self, box, had, left)

    async def _guarded(self, box: Box, work: Awaitable[None]) -> None:
        try:
            await work
        except Crash:
            box.crash()

    def _calm(self) -> None:
        """End the faults: the copy is found and taken away, everything is started."""
        self.air.is_calm = True
        self.house.store.is_away = False
        for clone in self.clones:
            clone.crash()
            clone.is_dead = True
            self.lost_ids |= clone.captured.keys()
        for box in self.boxes:
            box.crash_ratio = box.stick_ratio = 0.0
            self.full_until[box.name] = 0.0
            if isinstance(box.disk, RigDisk):
                box.disk.faults.relent()

    def alive(self) -> list[Box]:
        """Return the boxes that are there."""
        return [box for box in [*self.boxes, *self.clones] if not box.is_dead]

    def decide(self) -> None:
        """Let a person decide about chains that ask for it; while all is busy, about the clone."""
        gateway = self.rng.choice(self.house.gateways)
        for box in self.alive():
            if not box.is_up:
                continue
            mode = box.link.follower.mode
            if box in self.clones:
                wanted = self.rng.choice(("stop", "stop", "adopt"))
            elif mode in (Mode.FORKED, Mode.EXHAUSTED, Mode.STOPPED):
                wanted = "adopt"
            else:
                continue
            if gateway.decide(box.edge, box.boot, wanted):
                self.decisions_count += 1
                self._note(wanted, box.name)

    def is_drained(self) -> bool:
        """Tell whether nothing is left to do."""
        return all(
            box.is_up
            and box.link.follower.mode is Mode.FOLLOWING
            and box.link.follower.acked_seq == box.custody.tip[0]
            and box.telemetry.waiting()[0] == 0
            and not box.telemetry.gaps()
            and box.gaps._refused is None
            for box in self.boxes
        )

    def _judge_open(self, box: Box, name: str) -> str:
        """Return why a box may not obey this command now."""
        order = self.house.orders.get(name)
        if order is None:
            return "nobody ordered it"
        at_s, boot, basis = order
        if boot != box.boot:
            return f"it was for boot {boot}, this is {box.boot}"
        if self.clock.mono_s() - at_s > 20:
            return f"it is {self.clock.mono_s() - at_s:.1f} s old"
        newest = box.newest_plc_seq()
        if basis < newest:
            return f"it was decided on event {basis}, the gate told {newest}: a stale decision"
        return ""

    def _note(self, *what: object) -> None:
        self._hash.update(repr(what).encode())

    async def lived(self, live: Callable[[Story], Awaitable[None]]) -> None:
        """Live it, and let go of everything."""
        try:
            await live(self)
        finally:
            self._close()
            await asyncio.sleep(0)

    def _close(self) -> None:
        for box in [*self.boxes, *self.clones]:
            box.crash()
            box.disk.close()
        self.house.close()


@contextmanager
def settled(seed: int, plan: Plan) -> Iterator[Story]:
    """Yield a story whose randomness, and all of the product's, comes from its seed."""
    rng = random.Random(seed + 1)

    def token_hex(count: int = 32) -> str:
        return f"{rng.getrandbits(8 * count):0{2 * count}x}"

    with ExitStack() as patches:
        patches.enter_context(patch("secrets.token_hex", token_hex))
        patches.enter_context(patch("edge.app.is_clock_synced", lambda: True))
        patches.enter_context(patch("edge.outbox.vouch.BODY_BYTES_MAX", hall.BODY_BYTES_MAX))
        patches.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)
        yield Story(seed, plan)


def play(seed: int, plan: Plan | None = None) -> Story:
    """Play a seed. Raises AssertionError with what was violated."""
    with settled(seed, plan or Plan()) as story:
        asyncio.run(story.lived(Story.play))
    return story
