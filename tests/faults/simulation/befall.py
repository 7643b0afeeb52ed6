"""What befalls a story: each fault by name, drawn by lot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.ledger import schema
from tests.faults.simulation.air import GATEWAYS, Packet
from tests.faults.simulation.box import ARCHIVE_ROWS, Box
from tests.faults.simulation.disks import MemoryDisk, RigDisk
from wire.control import GatewayBeat, Head

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.simulation.box import Captured
    from tests.faults.simulation.story import Story

ROTTEN_COLUMNS: Final = ("body", "topic", "id", "prev", "hash")
STEPS_S: Final = (-3_600.0, -30.0, -2.0, 2.0, 30.0, 3_600.0, 86_400.0, -20 * 86_400.0)
"""By how much a wall clock is set; the last is a clock that lost its battery."""


class Befall:
    """The faults of one story."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._backups: list[tuple[Box, object, dict[str, Captured], set[object]]] = []
        self._ledger_backup: tuple[bytes, dict[str, int]] | None = None
        """A database, and the heads in it."""
        self.names: list[str] = []
        """What befell, in order."""

    def one(self) -> None:
        """Let one fault happen."""
        wanted = self._story.plan.faults
        faults = [one for one in self._faults() if not wanted or one[0] in wanted]
        name, work = self._story.rng.choice(faults)
        self.names.append(name)
        work()

    def _faults(self) -> list[tuple[str, Callable[[], object]]]:
        story, rng = self._story, self._story.rng
        return [
            ("crash", lambda: rng.choice(story.alive()).crash()),
            ("crash", lambda: rng.choice(story.alive()).crash()),
            ("crash in a command", self._crash_in_command),
            ("power cut", self._cut),
            ("power cut", self._cut),
            ("full disk", self._fill),
            ("clock step", self._step),
            ("gateway killed", lambda: rng.choice(story.house.gateways).restart()),
            ("amnesia", story.air.forget),
            ("store away", self._toggle_store),
            ("foreign gateway", self._foreign),
            ("rotten row", self._rot),
            ("lost row", self._lose),
            ("stuck gate", self._stick),
            ("retained command", self._retained),
            ("backup", self._backup),
            ("restored disk", self._restore),
            ("ledger backup", self._backup_ledger),
            ("restored ledger", self._restore_ledger),
            ("clone", self._clone),
            ("person", story.decide),
        ]

    def _crash_in_command(self) -> None:
        self._story.boxes[1].crash_ratio = 0.4

    def _stick(self) -> None:
        self._story.boxes[1].stick_ratio = 0.5

    def _cut(self) -> None:
        """Cut the power of a box that has such a disk: now, or in the middle of a write."""
        found = [one for one in self._story.alive() if isinstance(one.disk, RigDisk) and one.is_up]
        if not found:
            self._story.rng.choice(self._story.alive()).crash()
            return
        box = self._story.rng.choice(found)
        disk = box.disk
        assert isinstance(disk, RigDisk)
        if self._story.rng.random() < 0.5:
            disk.plan_cut()
        else:
            self._story.cut(box)

    def _fill(self) -> None:
        box = self._story.rng.choice(self._story.alive())
        box.disk.fill()
        self._story.full_until[box.name] = self._story.clock.mono_s() + 8.0

    def _step(self) -> None:
        box = self._story.rng.choice(self._story.alive())
        step_ns = round(self._story.rng.choice(STEPS_S) * 1e9)
        box.clock.offset_ns += step_ns  # type: ignore[attr-defined]

    def _toggle_store(self) -> None:
        store = self._story.house.store
        store.is_away = not store.is_away

    def _foreign(self) -> None:
        """Let another gateway beat, claim heads, and acknowledge readings that it never stored."""
        air, now_s = self._story.air, self._story.clock.mono_s()
        for box in self._story.boxes:
            if not box.is_up:
                continue
            tip = box.custody.tip
            nonce = box.link.follower._nonce
            for told in (nonce, None):
                lie = Head(ledger="other", nonce=told, seq=tip[0], hash=tip[1])
                topic = f"wh/v1/e/{box.edge}/head"
                air.send(now_s, box.edge, Packet(topic, lie.model_dump_json().encode()))
            spans = f'{{"{box.boot}":[[1,{box.telemetry_seq + 1}]]}}'
            body = f'{{"ledger":"other","telemetry":{spans}}}'.encode()
            air.send(now_s, box.edge, Packet(f"wh/v1/e/{box.edge}/ack", body))
        beat = GatewayBeat(ledger="other", journal_count=5, t_ns=1)
        packet = Packet("wh/v1/gw/gateway-9/beat", beat.model_dump_json().encode())
        for to in (GATEWAYS, *sorted({box.edge for box in self._story.boxes})):
            air.send(now_s, to, packet)

    def _retained(self) -> None:
        """Keep a command at the broker, which hands it to whoever subscribes anew."""
        orders = self._story.house.orders
        box = self._story.boxes[1]
        if not orders or not box.is_up:
            return
        mono_ms = round(box.clock.mono_s() * 1000) + 9_000
        body = (
            f'{{"command_id":"retained-{len(self.names)}","args":{{"for_s":9}},"deadline":'
            f'{{"boot":"{box.boot}","mono_ms":{mono_ms}}},'
            f'"basis":{{"seq":{box.custody.tip[0]},"devices":["plc-2"]}}}}'
        )
        topic = "wh/v1/e/dock-2/cmd/plc-2/open"
        packet = Packet(topic, body.encode(), retain=True)
        self._story.air.send(self._story.clock.mono_s(), "dock-2", packet)

    def _rot(self) -> None:
        story = self._story
        found = [one for one in story.boxes if isinstance(one.disk, MemoryDisk) and one.is_up]
        if not found:
            return
        box = story.rng.choice(found)
        seq = self._place(box)
        column = story.rng.choice(ROTTEN_COLUMNS)
        row = box.custody._db.execute("SELECT id FROM custody WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            return
        rotten = story.rng.choice(("rotten", f"{row[0][:31]}G"))
        value: object = b"\0" if column == "body" else rotten
        box.custody._db.execute(f"UPDATE custody SET {column} = ? WHERE seq = ?", (value, seq))
        story.rotten.add(row[0])

    def _place(self, box: Box) -> int:
        """Draw a row: any, but often one at the chain's ends."""
        low, high = box.custody.base[0] + 1, max(1, box.custody.tip[0])
        return self._story.rng.choice((low, high, self._story.rng.randint(1, high)))

    def _lose(self) -> None:
        story = self._story
        box = story.rng.choice(story.boxes)
        if not isinstance(box.disk, MemoryDisk) or not box.is_up:
            return
        seq = self._place(box)
        row = box.custody._db.execute("SELECT id FROM custody WHERE seq = ?", (seq,)).fetchone()
        if row is not None:
            box.custody._db.execute("DELETE FROM custody WHERE seq = ?", (seq,))
            story.rotten.add(row[0])

    def _backup(self) -> None:
        box = self._story.rng.choice(self._story.boxes)
        kept = (box, box.disk.image(), dict(box.captured), set(box.readings))
        self._backups.append(kept)  # type: ignore[arg-type]
        del self._backups[:-2]

    def _restore(self) -> None:
        story = self._story
        if not self._backups:
            return
        box, image, captured, readings = story.rng.choice(self._backups)
        story.lost_ids |= box.captured.keys() - captured.keys()
        story.lost_readings |= {(box.edge, *name) for name in box.readings.keys() - readings}
        box.forget_since(captured)
        box.crash()
        box.disk.restore(image)  # type: ignore[arg-type]

    def _backup_ledger(self) -> None:
        self._ledger_backup = (self._story.house.snapshot(), self._story.house.head_seqs())

    def _restore_ledger(self) -> None:
        """Put a backup back; beyond the archives what nobody keeps any more is lost by rule."""
        story, house = self._story, self._story.house
        if self._ledger_backup is None:
            return
        database, then = self._ledger_backup
        now = house.head_seqs()
        is_deep = any(now[edge] - then.get(edge, 0) > ARCHIVE_ROWS // 2 for edge in now)
        if is_deep and story.rng.random() < 0.7:
            return
        self._ledger_backup = None
        query = select(schema.custody_row.c.id)
        before = {row[0] for row in house.rows(query)}
        house.note_unwritten()
        house.restore(database)
        if is_deep:
            story.lost_ids |= before - {row[0] for row in house.rows(query)}
            story.is_deep = True

    def _clone(self) -> None:
        """Copy a box, disk and all: two now speak under one name."""
        story = self._story
        if story.clones:
            return
        origin = story.boxes[1]
        image = origin.disk.image()
        is_rig = isinstance(origin.disk, RigDisk)
        disk = RigDisk(story.rng, image) if is_rig else MemoryDisk(image)
        clone = Box("c", origin.edge, story.clock, story.air, story.rng, disk)
        story.adorn(clone)
        clone.start()
        story.clones.append(clone)
