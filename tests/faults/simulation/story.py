"""One seed's story: a busy, faulty hour, then a calm in which everything has to drain."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from edge.uplink.follow import Mode
from runtime.clock import ManualClock
from tests.faults.simulation.air import Air
from tests.faults.simulation.box import ARCHIVE_ROWS, Box, Crash
from tests.faults.simulation.checks import check
from tests.faults.simulation.house import House
from wire.control import Head

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS: Final = 180
DRAIN_STEPS: Final = 900
STEP_S: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which faults befall a story; all of them, unless told."""

    faults: frozenset[str] = frozenset()
    archive_rows: int = ARCHIVE_ROWS
    late_ratio: float = 0.05
    """So many messages outlive a restart on their way."""


class Story:
    """Boxes, gateways and what befalls them; `trace` hashes every step."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(seed)
        self.clock = ManualClock()
        self.air = Air(self.rng, late_ratio=plan.late_ratio)
        self.house = House(self.clock, self.air, self.rng)
        self.boxes = [
            Box("a", "dock-1", self.clock, self.air, self.rng),
            Box("b", "dock-2", self.clock, self.air, self.rng),
        ]
        self.lost_ids: set[str] = set()
        """Captured on a disk that was put back, or on a clone's: nobody can have them."""
        self.lost_readings: set[tuple[str, str, int]] = set()
        self.clones: list[Box] = []
        self.backups: list[tuple[Box, bytes, dict[str, int]]] = []
        self.ledger_backup: tuple[bytes, dict[str, int]] | None = None
        """A database, and the heads in it."""
        for box in self.boxes:
            box.archive_rows = plan.archive_rows
        self.faults: list[str] = []
        self._hash = hashlib.sha256()

    @property
    def trace(self) -> str:
        """Return the hash of all that happened."""
        return self._hash.hexdigest()[:16]

    async def play(self) -> None:
        """Live through the faults, drain, and check."""
        for step in range(STEPS):
            self._world()
            if self.rng.random() < 0.08:
                self._fault()
            await self._turn(step)
        self._calm()
        for step in range(DRAIN_STEPS):
            await self._turn(step)
            if step % 25 == 24:
                self._decide()
                if self._is_drained():
                    break
        check(self)

    def _world(self) -> None:
        for box in self._alive():
            if not box.is_up:
                continue
            for _ in range(self.rng.choice((0, 0, 1, 3))):
                self._event(box)
            if self.rng.random() < 0.5:
                box.measure()
        self.house.crash_ratio = 0.02
        if self.rng.random() < 0.05:
            self.house.order("dock-2", "plc-2", "open", is_plain=False)

    def _event(self, box: Box) -> None:
        tag = f"{self.rng.getrandbits(96):024X}"
        passed = {
            "read_point": box.edge, "what": "passed", "direction": "out", "epc_hex": tag,
            "reads_count": 1, "first_t_ns": 1, "last_t_ns": 1,
        }  # fmt: skip
        odds = self.rng.random()
        if odds < 0.02:
            box.capture("rfid", "uhf-1", {})  # Poison: a body that nobody can read.
        elif odds < 0.03:
            box.capture("input", "plc-1", {"channel": "x" * 1_000_001, "is_on": True})
        elif odds < 0.25:
            box.capture("input", "plc-2", {"channel": "exit-eye", "is_on": odds < 0.1})
        else:
            box.capture("rfid", "uhf-1", passed)

    def _fault(self) -> None:
        wanted = self.plan.faults
        name, work = self.rng.choice(
            [one for one in self._faults() if not wanted or one[0] in wanted]
        )
        self.faults.append(name)
        self._note("fault", name)
        work()

    def _faults(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("crash", lambda: self.rng.choice(self._alive()).crash()),
            ("crash", lambda: self.rng.choice(self._alive()).crash()),
            ("crash in a command", self._crash_in_command),
            ("amnesia", lambda: self._note("forgot", self.air.forget())),
            ("store away", self._toggle_store),
            ("foreign gateway", self._foreign),
            ("rotten row", self._rot),
            ("backup", self._backup),
            ("restored disk", self._restore),
            ("ledger backup", self._backup_ledger),
            ("restored ledger", self._restore_ledger),
            ("clone", self._clone),
        ]

    def _crash_in_command(self) -> None:
        self.boxes[1].crash_ratio = 0.4
        self.house.order("dock-2", "plc-2", "open", is_plain=False)

    def _toggle_store(self) -> None:
        self.house.is_store_away = not self.house.is_store_away

    def _foreign(self) -> None:
        """Another gateway claims heads and acknowledges readings."""
        for box in self.boxes:
            tip = box.custody.tip
            lie = Head(ledger="other", nonce=box.follower._nonce, seq=tip[0], hash=tip[1])
            self.air.send(self.clock.mono_s(), box.edge, "head", lie)
            unasked = lie.model_copy(update={"nonce": None})
            self.air.send(self.clock.mono_s(), box.edge, "head", unasked)

    def _rot(self) -> None:
        box = self.rng.choice(self.boxes)
        seq = self.rng.randint(1, max(1, box.custody.tip[0]))
        box.db.execute("UPDATE custody SET body = X'00' WHERE seq = ?", (seq,))

    def _backup(self) -> None:
        box = self.rng.choice(self.boxes)
        self.backups.append((box, box.db.serialize(), dict(box.captured)))
        del self.backups[:-2]

    def _restore(self) -> None:
        if self.backups:
            box, disk, captured = self.rng.choice(self.backups)
            self.lost_ids |= box.captured.keys() - captured.keys()
            box.captured = dict(captured)
            box.restore(disk)

    def _backup_ledger(self) -> None:
        self.ledger_backup = (self.house.snapshot(), self.house.head_seqs())

    def _restore_ledger(self) -> None:
        """Put back a backup that lies within the archives: older ones are `exhausted` by rule."""
        if self.ledger_backup is None:
            return
        database, then = self.ledger_backup
        self.ledger_backup = None
        now = self.house.head_seqs()
        if all(now[edge] - then.get(edge, 0) <= ARCHIVE_ROWS // 2 for edge in now):
            self.house.restore(database)

    def _clone(self) -> None:
        if self.clones:
            return
        origin = self.boxes[1]
        clone = Box("c", origin.edge, self.clock, self.air, self.rng)
        clone.restore(origin.db.serialize())
        clone.start()
        self.clones.append(clone)

    def _alive(self) -> list[Box]:
        return [box for box in [*self.boxes, *self.clones] if not box.is_dead]

    async def _turn(self, step: int) -> None:
        self.clock.advance(STEP_S * self.rng.uniform(0.5, 1.5))
        for box in self._alive():
            if not box.is_up and self.rng.random() < (1.0 if self.air.is_calm else 0.3):
                box.start()
                box.crash_ratio = 0.0
        for to, kind, load in self.air.due(self.clock.mono_s()):
            if to == "gateway":
                self.house.hear(kind, load)
                continue
            for box in self._alive():
                if box.edge == to and box.is_up:
                    await self._guarded(box, box.hear(kind, load))
        self.house.turn()
        for box in self._alive():
            if box.is_up:
                await self._guarded(box, box.turn())
        tips = [(box.name, box.custody.tip[0], box.follower.mode.value) for box in self._alive()]
        self._note(step, tips, len(self.house.points))

    async def _guarded(self, box: Box, work: object) -> None:
        try:
            await work  # type: ignore[misc]
        except Crash:
            box.crash()

    def _calm(self) -> None:
        """End the faults: the copy is found and taken away, everything is started."""
        self.air.is_calm = True
        self.house.is_store_away = False
        self.house.crash_ratio = 0.0
        for clone in self.clones:
            clone.is_dead = True
            self.lost_ids |= clone.captured.keys()
            self.lost_readings |= {(clone.edge, *one) for one in clone.appended}
        for box in self.boxes:
            box.crash_ratio = 0.0

    def _decide(self) -> None:
        """Do what a person does about chains that ask for it."""
        for box in self.boxes:
            if box.is_up and box.follower.mode in (Mode.FORKED, Mode.EXHAUSTED):
                self._note("adopt", box.name)
                box.hello()
                self.house.order(box.edge, "outbox", "adopt", is_plain=True)

    def _is_drained(self) -> bool:
        return all(
            box.is_up
            and box.follower.mode is Mode.FOLLOWING
            and box.follower.acked_seq == box.custody.tip[0]
            and box.telemetry.waiting()[0] == 0
            and not box.telemetry.gaps()
            for box in self.boxes
        )

    def _note(self, *what: object) -> None:
        self._hash.update(json.dumps(what, default=str).encode())


def play(seed: int, plan: Plan | None = None) -> Story:
    """Play a seed. Raises AssertionError with what was violated."""
    story = Story(seed, plan or Plan())
    rng = random.Random(seed + 1)

    def token_hex(count: int = 32) -> str:
        return f"{rng.getrandbits(8 * count):0{2 * count}x}"

    with patch("secrets.token_hex", token_hex):
        asyncio.run(story.play())
    return story
