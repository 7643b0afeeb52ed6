"""What has to hold when the faults are over, read from ledger, store and disks."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from edge.uplink.follow import Mode
from gateway.ledger import schema
from gateway.ledger.verify import verify_connection

if TYPE_CHECKING:
    from tests.faults.simulation.box import Box
    from tests.faults.simulation.story import Story

VERIFY_EVERY: Final = 4
"""Folding the ledger anew costs as much as the rest of a story."""


def check(story: Story) -> None:
    """Raise AssertionError for the first rule that does not hold."""
    told = [*story.house.violations, *(one for box in _all(story) for one in box.violations)]
    assert not told, f"{len(told)} violations, the first: {told[0]}"
    _drained(story)
    rows = story.house.rows(select(schema.custody_row))
    _custody(story, rows)
    _chains(story)
    _telemetry(story, rows)
    _commands(story)
    wanted = story.plan.is_verified
    if wanted or (wanted is None and story.seed % VERIFY_EVERY == 0):
        report = story.house.books.read(verify_connection)
        assert report.ok, f"verify: {report.first}"


def _all(story: Story) -> list[Box]:
    return [*story.boxes, *story.clones]


def _drained(story: Story) -> None:
    """Faults over, everything drains: no row, reading or gap waits, and the gate is shut."""
    for box in story.boxes:
        assert box.is_up, f"box {box.name} does not start"
        follower = box.link.follower
        told = f"box {box.name}: {follower.mode.value}, head {follower.acked_seq}"
        assert follower.mode is Mode.FOLLOWING, f"{told}: it does not follow"
        assert follower.acked_seq == box.custody.tip[0], f"{told} of {box.custody.tip[0]}"
        assert box.telemetry.waiting()[0] == 0, f"box {box.name}: readings never acknowledged"
        assert not box.telemetry.gaps(), f"box {box.name}: gaps never told"
        assert not box.custody.open_commands() or box.plc.is_open, (
            f"box {box.name}: a command never answered"
        )


def _custody(story: Story, rows: list[Any]) -> None:
    """Each captured event ends in exactly one of effect, dead letter, void or recorded fork."""
    seen: dict[str, Any] = {}
    for row in rows:
        if row.outcome in ("applied", "dead"):
            assert row.id not in seen, f"row {row.id} had two effects"
            seen[row.id] = row
    voids = {row.id for row in rows if row.outcome == "void"}
    repeated = {row.id for row in rows if row.outcome == "repeated"}
    assert repeated <= seen.keys(), "a row counts as repeated and was never seen"
    hashes = {row.hash for row in rows}
    # What was chained anew has another hash, and a file that was repaired another chain.
    repairs = sum(getattr(box.disk, "repairs_count", 0) for box in story.boxes)
    is_plain = not repairs and not story.decisions_count and not story.is_deep
    aside = {row.id: row for row in story.house.rows(select(schema.fork_row))}
    for box in story.boxes:
        for row_id, (seq, body, digest) in box.captured.items():
            name = f"box {box.name}: row {row_id}, captured as {seq},"
            if row_id in seen:
                assert bytes(seen[row_id].body) == body, f"{name} was changed on the way"
            elif row_id in voids:
                is_large = len(body) > 4_000
                assert row_id in story.rotten or is_large, f"{name} is a void and was sound"
            elif row_id in story.rotten and is_plain:
                assert digest in hashes, f"{name} rotted, and its place in the chain is no void"
            else:
                is_lawful = row_id in aside or row_id in story.lost_ids or row_id in story.rotten
                assert is_lawful, f"{name} is nowhere"


def _chains(story: Story) -> None:
    """Effects follow the chain: each edge's rows once, in order; an effect behind its own row."""
    table = schema.journal
    last: dict[str, int] = {}
    current = ""
    edge_rows: list[tuple[str, int]] = []
    aboard = Counter[str]()
    query = select(table.c.kind, table.c.cause, table.c.body).order_by(table.c.n)
    for kind, cause, body in story.house.rows(query):
        if kind == "custody":
            fields = json.loads(body)
            edge, seq = fields["edge"], fields["seq"]
            assert seq == last.get(edge, 0) + 1, f"{edge}: row {seq} follows {last.get(edge, 0)}"
            last[edge] = seq
            current = f"custody:{edge}/{seq}"
            edge_rows.append((edge, seq))
            assert cause == current, f"row {seq} of {edge} is journalled as caused by {cause}"
        elif kind == "tag.aboard":
            assert cause == current, f"an effect of {cause} stands behind {current}"
            aboard[cause] += 1
    row = schema.custody_row
    passed = select(row.c.edge, row.c.seq).where(
        row.c.outcome == "applied", row.c.topic == "wh/v1/e/dock-2/evt/rfid/uhf-1"
    )
    wanted = Counter(f"custody:{edge}/{seq}" for edge, seq in story.house.rows(passed))
    assert aboard == wanted, f"{len(wanted)} passages applied, {len(aboard)} tags aboard"


def _telemetry(story: Story, rows: list[Any]) -> None:
    """Each reading became a point, a gap or a dead letter; an acknowledged one never a gap only."""
    house = story.house
    spans, counts = _told_gaps(rows)
    house.note_unwritten()
    for box in _all(story):
        missing = Counter[str]()
        times = Counter((device, t_ns) for device, t_ns in box.readings.values() if t_ns >= 0)
        twice = [one for one, count in times.items() if count > 1]
        assert not twice, f"box {box.name}: two readings bear the time {twice[0]}"
        for (boot, seq), (device, t_ns) in box.readings.items():
            if (box.edge, device, t_ns) in house.store.points or (device, t_ns) in house.buried:
                continue
            if any(
                (edge, which) == (box.edge, device) and first <= t_ns <= last
                for edge, which, first, last in house.expired
            ):  # fmt: skip
                continue
            if box.is_dead or (box.edge, boot, seq) in story.lost_readings:
                continue
            name = f"box {box.name}: reading {seq} of {boot}"
            assert (box.edge, boot, seq) not in house.acked, f"{name} was acknowledged, not stored"
            is_told = any(first <= seq <= last for first, last in spans.get(boot, ()))
            assert is_told, f"{name} is nowhere, and no gap tells of it"
            missing[boot] += 1
        for boot, count in missing.items():
            assert count <= counts[boot], f"{boot}: {count} are missing, {counts[boot]} told"


def _told_gaps(rows: list[Any]) -> tuple[dict[str, list[tuple[int, int]]], Counter[str]]:
    """Return by boot the ranges that the ledger was told of, and how many readings they hold."""
    spans: dict[str, list[tuple[int, int]]] = {}
    counts = Counter[str]()
    for row in rows:
        if row.outcome == "applied" and "/evt/gap/" in row.topic:
            told = json.loads(bytes(row.body))
            if told["cause"] in ("evicted", "disk_full"):
                spans.setdefault(told["boot"], []).append((told["first_seq"], told["last_seq"]))
                counts[told["boot"]] += told["count"]
    return spans, counts


def _commands(story: Story) -> None:
    """At most one actuation per command."""
    acts = Counter(name for box in _all(story) for name in box.acts)
    twice = [name for name, count in acts.items() if count > 1]
    assert not twice, f"commands acted on twice: {twice}"
