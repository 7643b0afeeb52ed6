"""Bounds of every store, and what a power cut may lawfully take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from edge.downlink import QUEUE_COUNT_MAX
from edge.outbox.custody import PRUNE_COUNT_MAX
from edge.uplink.flight import TELEMETRY_WINDOW_MAX
from edge.uplink.follow import WINDOW_COUNT
from gateway.ledger import schema
from wire.chain import PENDING_COUNT_MAX

if TYPE_CHECKING:
    from tests.faults.simulation.box import Box
    from tests.faults.simulation.house import House
    from tests.faults.simulation.story import Story

READING_BYTES_MAX: Final = 400
"""The newest one may lie above the bound until the next is taken."""


def broken(box: Box) -> list[str]:
    """Return which bounds a box breaks."""
    follower = box.link.follower
    count, size, _ = box.telemetry.waiting()
    kept = box.custody.tip[0] - box.custody.base[0]
    lacking = box.custody.tip[0] - box.custody.head_seq
    faults = {
        f"telemetry {size} bytes": size > box.telemetry_bytes + READING_BYTES_MAX,
        f"{count} readings of {size} bytes": count < 0 or size < 0,
        f"{kept} rows kept, {lacking} above the head": kept - lacking
        > box.archive_rows + PRUNE_COUNT_MAX * (lacking > box.archive_rows) + 1,
        f"sent {follower.sent_seq}, head {follower.acked_seq}": follower.sent_seq
        > follower.acked_seq + WINDOW_COUNT,
        f"{len(box.link._flight.names())} readings fly": len(box.link._flight.names())
        > TELEMETRY_WINDOW_MAX,
        "the command queue": box.downlink._queue.qsize() > QUEUE_COUNT_MAX,
    }
    return [f"bound of box {box.name}: {what}" for what, is_over in faults.items() if is_over]


def broken_in_house(house: House) -> list[str]:
    """Return which bounds the ledger breaks."""
    table = schema.pending_row
    query = select(table.c.edge, func.count()).group_by(table.c.edge)
    return [
        f"{count} rows of {edge} wait ahead of its head"
        for edge, count in house.rows(query)
        if count > PENDING_COUNT_MAX
    ]


def lawfully_lost(
    story: Story, box: Box, had: set[tuple[str, int]], left: set[tuple[str, int]]
) -> set[tuple[str, str, int]]:
    """Return which readings a power cut took (edge, boot, seq); they must be the newest of all.

    Args:
        story: whose store and gaps may have the others.
        box: it has started again.
        had: what it had captured.
        left: what is on its disk now.

    """
    gaps = {gap.boot: gap for gap in box.telemetry.gaps()}
    points = story.house.store.points
    gone: set[tuple[str, str, int]] = set()
    for boot, seq in sorted(had - left):
        device, t_ns = box.readings.get((boot, seq), ("", -1))
        gap = gaps.get(boot)
        is_told = gap is not None and gap.first_seq <= seq <= gap.last_seq
        if (box.edge, device, t_ns) in points or is_told:
            continue
        gone.add((box.edge, boot, seq))
    return gone
