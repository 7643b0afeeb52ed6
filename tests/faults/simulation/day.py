"""An edge without a broker for a day: it keeps capturing, comes back, and nothing is missing.

Time is ours: a day of the hall costs seconds. Custody is never evicted; readings are, when their
bound is reached, and then a gap must tell of each.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from tests.faults.simulation import hall
from tests.faults.simulation.checks import check
from tests.faults.simulation.story import Plan, Story, settled

if TYPE_CHECKING:
    from tests.faults.simulation.box import Box

AWAY_STEP_S: Final = 60.0
EVENTS_A_STEP: Final = (1, 2, 3)
"""About 120 custody events an hour: a truck or two at one dock."""
READINGS_A_STEP: Final = 6
"""Of two probes, every 20 s each."""
BACK_STEP_S: Final = 0.5
BACK_STEPS_MAX: Final = 20_000


def day_away(
    *, edge_hours: float, telemetry_bytes: int = 200_000_000, seed: int = 1
) -> dict[str, int | float]:
    """Let a box be away so long, then drain; return what was counted. Raises AssertionError.

    Args:
        edge_hours: virtual time without a broker.
        telemetry_bytes: bound of the queue; the product's unless told.
        seed: of the events.

    """
    plan = Plan(rig_ratio=0.0, telemetry_bytes=telemetry_bytes, is_verified=False)
    counted: dict[str, int | float] = {}

    async def live(story: Story) -> None:
        story.air.is_calm = True
        box = story.boxes[0]
        for step in range(10):
            await story.turn(step, BACK_STEP_S)
        story.away.add(box.name)
        for step in range(round(edge_hours * 3_600 / AWAY_STEP_S)):
            _happen(box)
            await story.turn(step, AWAY_STEP_S)
        counted.update(
            away_hours=edge_hours,
            events=len(box.captured),
            readings=len(box.readings),
            readings_kept=box.telemetry.waiting()[0],
        )
        story.away.clear()
        began_s, cpu_s = story.clock.mono_s(), time.process_time()
        for step in range(BACK_STEPS_MAX):
            await story.turn(step, BACK_STEP_S)
            if step % 4 == 3 and story.is_drained():
                break
        check(story)
        told = {name for name in box.readings if (box.edge, *name) in story.house.acked}
        counted.update(
            readings_acknowledged=len(told),
            readings_in_told_gaps=len(box.readings) - len(told),
            lost=0,  # Or check() had raised.
            drained_in_s=round(story.clock.mono_s() - began_s, 1),
            drain_cpu_s=round(time.process_time() - cpu_s, 1),
        )

    with settled(seed, plan) as story:
        asyncio.run(story.lived(live))
    return counted


def _happen(box: Box) -> None:
    hall.happen(box, events_count=box.rng.choice(EVENTS_A_STEP), reads_ratio=0.0)
    for number in range(READINGS_A_STEP):
        box.run(box.measure(f"th-{number % 2 + 1}", zone="cool", temperature_c=4.0 + number))
