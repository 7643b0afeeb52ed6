"""What has to hold when the faults are over, read from ledger and disks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import select

from edge.uplink.follow import Mode
from gateway.ledger import schema
from gateway.ledger.verify import verify_connection

if TYPE_CHECKING:
    from tests.faults.simulation.story import Story


def check(story: Story) -> None:
    """Raise AssertionError for the first rule that does not hold."""
    _drained(story)
    _custody(story)
    _books(story)
    _telemetry(story)
    _commands(story)


def _drained(story: Story) -> None:
    for box in story.boxes:
        told = f"box {box.name}: {box.follower.mode.value}, head {box.follower.acked_seq}"
        assert box.follower.mode is Mode.FOLLOWING, f"{told}: it does not follow"
        assert box.follower.acked_seq == box.custody.tip[0], f"{told} of {box.custody.tip[0]}"
        assert box.telemetry.waiting()[0] == 0, f"box {box.name}: readings never acknowledged"


def _custody(story: Story) -> None:
    """Each captured event ends in exactly one of effect, dead letter, void or recorded fork."""
    outcomes = story.house.outcomes()
    effects = Counter(row_id for _, row_id, outcome in outcomes if outcome in ("applied", "dead"))
    twice = [row_id for row_id, count in effects.items() if count > 1]
    assert not twice, f"{len(twice)} rows had two effects: {twice[:2]}"
    ended = {row_id for _, row_id, _ in outcomes} | story.house.aside()
    for box in story.boxes:
        lost = [row_id for row_id in box.captured if row_id not in ended]
        # A rotten row's own id may be unreadable: its place in the chain is a void.
        voids = sum(1 for edge, _, outcome in outcomes if outcome == "void" and edge == box.edge)
        assert len(lost) <= voids, f"box {box.name}: {len(lost)} captured rows are nowhere"


def _books(story: Story) -> None:
    report = story.house.books.read(verify_connection)
    assert report.ok, f"verify: {report.first}"
    applied = {row_id for _, row_id, outcome in story.house.outcomes() if outcome == "applied"}
    table, row = schema.journal, schema.custody_row
    aboard = story.house.books.read(
        lambda c: c.execute(select(table.c.cause).where(table.c.kind == "tag.aboard")).scalars()
        .all()
    )  # fmt: skip
    assert len(aboard) == len(set(aboard)), "one row put two tags aboard"
    rfid = story.house.books.read(
        lambda c: c.execute(
            select(row.c.id).where(
                row.c.outcome == "applied", row.c.topic == "wh/v1/e/dock-2/evt/rfid/uhf-1"
            )
        ).scalars().all()
    )  # fmt: skip
    assert set(rfid) <= applied
    assert len(aboard) == len(rfid), f"{len(rfid)} passages applied, {len(aboard)} tags aboard"


def _telemetry(story: Story) -> None:
    """Each reading became a point, a gap or a dead letter."""
    house = story.house
    for box in story.boxes:
        missing = [
            one
            for one in box.appended
            if (box.edge, *one) not in house.points and (box.edge, *one) not in house.dead_readings
        ]
        assert len(missing) <= box.evicted_count, (
            f"box {box.name}: {len(missing)} readings are nowhere, {box.evicted_count} told as gaps"
        )


def _commands(story: Story) -> None:
    told = [one for box in story.boxes for one in box.violations]
    assert not told, told[0]
    acts = Counter(
        command_id for box in [*story.boxes, *story.clones] for command_id, _ in box.acts
    )
    twice = [name for name, count in acts.items() if count > 1]
    assert not twice, f"commands acted on twice: {twice}"
