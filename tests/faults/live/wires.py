"""The stories of broken wires: each kind of fault in a seeded order, and a broker that forgets."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.faults.live.house import (
    EDGE_KEEPALIVE_S,
    GATEWAY_KEEPALIVE_S,
    PLANES,
    House,
    unstored,
    until,
    verdict,
)
from tests.faults.live.proxy import Fault

if TYPE_CHECKING:
    from pathlib import Path

FEED_PAUSE_S: Final = 0.03
HOLD_S: Final = (0.8, 1.6)
SLACK_S: Final = 1.0
"""What a busy machine may add to a bound that a quiet one keeps."""
LIVE_AGAIN_S_MAX: Final = 5.0
SIDES: Final = ("edge", "gateway", "both")


@dataclass(slots=True)
class Told:
    """What a story measured."""

    events_count: int = 0
    readings_count: int = 0
    steps: list[tuple[str, str, float]] = field(default_factory=list)
    """(fault, sides, seconds from its end to live again)."""
    found_s: list[float] = field(default_factory=list)
    """From the hole to the loss of each session."""


def schedule(rng: random.Random, rounds_count: int) -> list[tuple[Fault, str, float]]:
    """Return (fault, sides, how long) of each step: every kind once a round, shuffled."""
    steps: list[tuple[Fault, str, float]] = []
    for _ in range(rounds_count):
        kinds = [one for one in Fault if one is not Fault.PASS]
        rng.shuffle(kinds)
        steps += [(one, rng.choice(SIDES), rng.uniform(*HOLD_S)) for one in kinds]
    return steps


async def break_wires(
    folder: Path, seed: int, *, rounds_count: int = 1, is_embedded: bool = False
) -> Told:
    """Feed both planes through every kind of fault; raise AssertionError with what is amiss."""
    rng = random.Random(seed)
    told = Told()
    house = House(folder, rng, is_embedded=is_embedded)
    async with house:
        await house.live_again_s(20)
        feeding = asyncio.create_task(house.feed(FEED_PAUSE_S))
        for fault, sides, hold_s in schedule(rng, rounds_count):
            house.set(fault, sides)
            if fault is Fault.HALF_OPEN:
                told.found_s += await _found(house, sides)
            else:
                await asyncio.sleep(hold_s)
            house.set(Fault.PASS, sides)
            again_s = await house.live_again_s(4 * LIVE_AGAIN_S_MAX)
            told.steps.append((fault.value, sides, round(again_s, 2)))
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await house.drained(30)
        failures = house.gateway.live.failures
        told.events_count, told.readings_count = house.events_count, house.readings_count
    assert not failures, failures
    found = verdict(house)
    found.check()
    assert found.captured_count >= house.events_count
    assert unstored(house) == set()
    slow = [one for one in told.steps if one[2] > LIVE_AGAIN_S_MAX]
    assert not slow, told.steps
    return told


async def _found(house: House, sides: str) -> list[float]:
    """Return how long each end took to find that nothing comes through any more."""
    took: list[float] = []
    async with asyncio.TaskGroup() as watches:
        if sides in {"edge", "both"}:
            watches.create_task(_watch(took, house, "", 1.5 * EDGE_KEEPALIVE_S))
        if sides in {"gateway", "both"}:
            for plane in PLANES:
                watches.create_task(_watch(took, house, plane, 1.5 * GATEWAY_KEEPALIVE_S))
    return took


async def _watch(took: list[float], house: House, plane: str, limit_s: float) -> None:
    sessions = house.gateway.live.sessions

    def is_lost() -> bool:
        return bool(sessions.get(plane)) if plane else not house.link.is_connected

    what = f"{plane or 'the edge'} finds a half-open link"
    took.append(round(await until(is_lost, within_s=limit_s + SLACK_S, what=what), 2))


async def forget(
    folder: Path, seed: int, *, events_count: int, kills_count: int, is_embedded: bool = False
) -> int:
    """Kill a broker that holds acknowledged events; return how many it took with it."""
    rng = random.Random(seed)
    house = House(folder, rng, is_embedded=is_embedded)
    forgotten_count = 0
    async with house:
        await house.live_again_s(20)
        follower = house.link.follower
        for _ in range(kills_count):
            house.set(Fault.SLOW_READER, "gateway")  # The broker holds what the edge sends.
            capture = [house.event() for _ in range(events_count // kills_count)]
            await asyncio.gather(*capture)
            await until(
                lambda: follower.room() == 0 or follower.sent_seq == house.edge.custody.tip[0],
                within_s=10,
                what="a window full of rows sent",
            )
            await asyncio.sleep(rng.uniform(0.1, 0.4))  # For the acknowledgements.
            forgotten_count += follower.sent_seq - follower.acked_seq
            await asyncio.to_thread(house.broker.kill)
            house.set(Fault.PASS, "gateway")
            await asyncio.to_thread(house.broker.start)
            await until(
                lambda: follower.acked_seq == house.edge.custody.tip[0],
                within_s=60,
                what="the ledger has every row",
            )
        await house.drained(30)
    found = verdict(house)
    found.check()
    assert found.captured_count >= events_count
    return forgotten_count
