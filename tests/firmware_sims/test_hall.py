"""The hall's physics: only an open gate lets a truck out, tags pass the portal in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from firmware_sims.vehicle import Vehicle
from tests.firmware_sims.halls import (
    CARTON_G,
    PICKER,
    TARE_G,
    Small,
    outbound,
    small_hall,
    small_world,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def until(is_so: Callable[[], bool], small: Small | None = None, step_s: float = 0.1) -> None:
    """Wait until something holds; move the hall's clock meanwhile."""
    async with asyncio.timeout(10):
        while not is_so():
            if small is not None:
                small.clock.now_s += step_s
            await asyncio.sleep(0.06 if small is not None else 0.01)


def loaded(folder: Path) -> Small:
    """Return a hall whose truck at dock-2 carries one carton."""
    world = small_world()
    truck = outbound(world)
    carton = next(iter(world.cartons.values()))
    world.move_carton(carton, "expected", f"truck:{truck.truck_id}")
    return small_hall(folder, world)


def test_a_truck_leaves_only_through_an_open_gate_and_breaks_the_beam(tmp_path: Path) -> None:
    """A simulator that lets trucks jump the gate would prove nothing about the gate."""

    async def scenario() -> None:
        small = loaded(tmp_path)
        task = asyncio.create_task(small.hall.run_gate("dock-2"))
        for _ in range(5):
            small.clock.now_s += 10
            await asyncio.sleep(0.06)
        assert small.cartons[0].place == "truck:OUT-1"
        assert not small.hall.input_is_on("dock-2", "exit-beam")
        small.hall.set_coil("dock-2", "gate", is_on=True)
        await until(lambda: small.hall.input_is_on("dock-2", "exit-beam"), small)
        assert small.cartons[0].place == "truck:OUT-1"
        await until(lambda: small.cartons[0].place == "gone", small)
        assert small.world.dispatched_count == 1
        assert not small.hall.input_is_on("dock-2", "exit-beam")
        assert not small.hall.input_is_on("dock-2", "truck-present")
        task.cancel()

    asyncio.run(scenario())


def test_a_truck_in_the_beam_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The ledger let it go when it saw the beam: a truck that stood back would be lost."""

    async def scenario() -> None:
        small = loaded(tmp_path)
        task = asyncio.create_task(small.hall.run_gate("dock-2"))
        await asyncio.sleep(0.06)
        small.hall.set_coil("dock-2", "gate", is_on=True)
        await until(lambda: small.hall.input_is_on("dock-2", "exit-beam"), small)
        task.cancel()
        again = small_hall(tmp_path, small.store.load())
        task = asyncio.create_task(again.hall.run_gate("dock-2"))  # Its gate is shut again.
        await until(lambda: again.hall.input_is_on("dock-2", "exit-beam"), again)
        await until(lambda: again.cartons[0].place == "gone", again)
        assert again.store.load().dispatched_count == 1
        task.cancel()

    asyncio.run(scenario())


def test_a_gate_that_shuts_before_the_beam_keeps_the_truck(tmp_path: Path) -> None:
    """A lease that ends must end."""

    async def scenario() -> None:
        small = loaded(tmp_path)
        task = asyncio.create_task(small.hall.run_gate("dock-2"))
        await asyncio.sleep(0.06)
        small.hall.set_coil("dock-2", "gate", is_on=True)
        await until(lambda: small.hall.gate("dock-2").exit_began_s is not None)
        small.hall.set_coil("dock-2", "gate", is_on=False)
        await until(lambda: small.hall.gate("dock-2").exit_began_s is None)
        for _ in range(4):
            small.clock.now_s += 10
            await asyncio.sleep(0.06)
        assert small.cartons[0].place == "truck:OUT-1"
        task.cancel()

    asyncio.run(scenario())


@pytest.mark.parametrize("is_out", [True, False])
def test_a_passage_meets_antennas_and_eyes_in_the_order_of_its_way(
    tmp_path: Path, *, is_out: bool
) -> None:
    """The direction is all that tells loading from unloading."""

    async def scenario() -> None:
        small = loaded(tmp_path)
        carton, aboard = small.cartons[0], "truck:OUT-1"
        if is_out:
            small.world.move_carton(carton, aboard, "staging:staging-1")
        ends = (carton.place, aboard if is_out else "staging:staging-1")
        began_s = small.clock.now_s
        task = asyncio.create_task(small.hall.pass_portal(carton, "dock-2", *ends))
        await until(lambda: bool(small.hall.tags("dock-2")))
        near: list[int] = []
        eyes: list[str] = []
        for at in range(34):
            small.clock.now_s = began_s + at / 10
            strongest = max(small.hall.tags("dock-2"), key=lambda tag: tag.rssi_dbm)
            near.append(strongest.antenna)
            eyes += [
                eye for eye in ("eye-inner", "eye-outer") if small.hall.input_is_on("dock-2", eye)
            ]
        way = [(1, "eye-inner"), (2, "eye-outer")]
        first, second = way if is_out else reversed(way)
        assert near == sorted(near, key=lambda one: one != first[0])
        assert set(near) == {1, 2}
        assert (eyes[0], eyes[-1], len(set(eyes))) == (first[1], second[1], 2)
        await task
        assert carton.place == ends[1]
        assert not small.hall.tags("dock-2")

    asyncio.run(scenario())


def test_scale_and_weighbridge_carry_what_stands_on_them(tmp_path: Path) -> None:
    """Weights come from the world's masses, not from the papers."""
    small = loaded(tmp_path)
    assert small.hall.mass_g("dock-2") == TARE_G + CARTON_G
    assert small.hall.mass_g("dock-1") == 0
    small.cartons[0].on_pallet = False
    sscc = small.cartons[1].sscc
    small.hall.put_on_scale(sscc, "dock-1")
    assert small.hall.mass_g("dock-1") == 22_000 + 2 * CARTON_G
    tags = small.hall.tags("dock-1")
    assert {tag.epc.hex().upper() for tag in tags} == {
        small.world.pallets[sscc].epc,
        *(one.epc for one in small.cartons[1:]),
    }
    small.cartons[1].tag_works = False
    assert [tag.read_ratio for tag in small.hall.tags("dock-1")].count(0.0) == 1


_NODE = b'{"orderId": "t", "edges": [], "nodes": [{"nodeId": "x", "sequenceId": 0, "nodePosition": '


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"orderId": "t", "edges": [], "nodes": []}',
        _NODE + b'{"x": NaN, "y": 0}, "actions": []}]}',
        _NODE + b'{"x": 1e300, "y": 0}, "actions": []}]}',
        _NODE.replace(b'"edges": [], ', b"") + b'{"x": 1, "y": 0}, "actions": []}]}',
        _NODE.replace(b'"x", "seq', b'7, "seq') + b'{"x": 1, "y": 0}, "actions": []}]}',
        _NODE + b'{"x": 1, "y": 0}, "actions": [{"actionId": "a", "actionType": "pick", '
        b'"actionParameters": [{"key": "loadId", "value": "u"}]}]}]}',
    ],
)
def test_an_order_that_cannot_be_driven_is_answered_and_leaves_the_vehicle_idle(
    tmp_path: Path, body: bytes
) -> None:
    """One bad order must not stop the hall, nor the vehicle."""

    async def scenario() -> None:
        vehicle = Vehicle(PICKER, "hall", small_hall(tmp_path).hall)
        vehicle.take_order(body)
        state = vehicle.state()
        assert [one["errorType"] for one in state["errors"]] == ["validationError"]
        assert state["orderId"] == ""
        assert state["nodeStates"] == []

    asyncio.run(scenario())
