"""Vehicles speak VDA 5050 2.1 as the official schemas say, and never lose a load."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from firmware_sims.hall import Hall
from firmware_sims.vehicle import Vehicle
from firmware_sims.world import Carton, NotThere, Pallet, Store, World

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "standards" / "vda5050-2.1.0"
NEEDS_SCHEMAS = pytest.mark.skipif(not SCHEMAS.exists(), reason="the VDA 5050 schemas are not here")
SPEC = {"serial": "mover-1", "carries": "pallet", "home": {"x_m": 5.0, "y_m": 10.0}}


def hall(tmp_path: Path) -> Hall:
    """Return a hall with one pallet of two cartons at dock-1."""
    world = World()
    world.pallets["1" * 18] = Pallet(
        sscc="1" * 18, epc="AA" * 12, truck_id="T", wood_g=20_000, place="dock:dock-1"
    )
    for number in (1, 2):
        epc = f"{number:024X}"
        world.cartons[epc] = Carton(
            epc=epc,
            uri=f"urn:epc:id:sgtin:1.2.{number}",
            goods_id="g",
            sscc="1" * 18,
            mass_g=5_000,
            value=1,
            place="dock:dock-1",
        )
    now = iter(range(0, 10**9, 5))
    return Hall(
        world,
        Store(tmp_path / "world.json"),
        {},
        speed=1_000,
        rng=random.Random(1),
        clock=lambda: float(next(now)),
    )


def order(source: str = "dock-1") -> dict[str, Any]:
    """Return a transport order."""
    parameters = [{"key": "loadId", "value": "1" * 18}, {"key": "loadType", "value": "pallet"}]

    def node(name: str, at: int, what: str) -> dict[str, Any]:
        action = {
            "actionId": f"t1-{what}",
            "actionType": what,
            "blockingType": "HARD",
            "actionParameters": parameters,
        }
        return {
            "nodeId": name,
            "sequenceId": at,
            "released": True,
            "nodePosition": {"x": float(at), "y": 1.0, "mapId": "hall"},
            "actions": [action],
        }

    return {
        "orderId": "t1",
        "orderUpdateId": 0,
        "nodes": [node(source, 0, "pick"), node("a-01-1", 2, "drop")],
        "edges": [{"edgeId": "e", "sequenceId": 1, "released": True, "actions": []}],
    }


def validator(name: str) -> Draft202012Validator:
    """Return the official schema of a message."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema").read_text("utf-8")))


async def drive(vehicle: Vehicle, is_done: Callable[[], bool]) -> None:
    """Run a vehicle until something holds."""
    task = asyncio.create_task(vehicle.run())
    async with asyncio.timeout(20):
        while not is_done():  # noqa: ASYNC110 - the vehicle tells nobody
            await asyncio.sleep(0.02)
    task.cancel()


@NEEDS_SCHEMAS
def test_every_message_is_valid_before_and_after_an_order(tmp_path: Path) -> None:
    """A fleet manager of another maker must be able to read them."""

    async def scenario() -> None:
        vehicle = Vehicle(SPEC, "hall", hall(tmp_path))
        validator("state").validate(vehicle.state())
        validator("connection").validate(vehicle.connection("ONLINE"))
        validator("visualization").validate(vehicle.visualization())
        validator("factsheet").validate(vehicle.factsheet())
        vehicle.take_order(json.dumps(order()).encode())
        validator("state").validate(vehicle.state())
        await drive(vehicle, lambda: vehicle.kept["actions"].get("t1-drop") == "FINISHED")
        validator("state").validate(vehicle.state())
        vehicle.take_order(b"{")
        validator("state").validate(vehicle.state())
        assert vehicle.state()["errors"][0]["errorType"] == "validationError"

    asyncio.run(scenario())


def test_a_pallet_moves_with_its_cartons_and_the_world_survives_a_restart(tmp_path: Path) -> None:
    """What was moved is on disk before anybody is told."""

    async def scenario() -> None:
        place = hall(tmp_path)
        vehicle = Vehicle(SPEC, "hall", place)
        vehicle.take_order(json.dumps(order()).encode())
        await drive(vehicle, lambda: vehicle.kept["actions"].get("t1-drop") == "FINISHED")
        again = Store(tmp_path / "world.json").load()
        assert {one.place for one in again.cartons.values()} == {"location:a-01-1"}
        assert again.stored_count == 2
        assert again.vehicles["mover-1"]["actions"] == {
            "t1-pick": "FINISHED",
            "t1-drop": "FINISHED",
        }

    asyncio.run(scenario())


def test_a_load_that_is_not_there_fails_the_pick(tmp_path: Path) -> None:
    """A vehicle that pretends would be found only at the stock count."""

    async def scenario() -> None:
        vehicle = Vehicle(SPEC, "hall", hall(tmp_path))
        vehicle.take_order(json.dumps(order(source="a-02-1")).encode())
        await drive(vehicle, lambda: vehicle.kept["actions"].get("t1-pick") == "FAILED")
        assert vehicle.kept["load"] is None

    asyncio.run(scenario())


def test_a_carton_moves_only_from_where_it_is(tmp_path: Path) -> None:
    """Cartons are neither made nor lost."""
    world = hall(tmp_path).world
    carton = world.cartons[f"{1:024X}"]
    with pytest.raises(NotThere):
        world.move_carton(carton, "location:a-01-1", "gone")
    assert carton.place == "dock:dock-1"


@pytest.mark.parametrize("done", [[], [0], [0, 1], [0, 1, 2]])
@pytest.mark.parametrize("what", ["pick", "drop"])
def test_a_restart_at_a_node_goes_on_with_its_actions(
    tmp_path: Path, done: list[int], what: str
) -> None:
    """A node is reached before its action is done: the load must not wait there for ever."""

    async def scenario() -> None:
        vehicle = Vehicle(SPEC, "hall", hall(tmp_path))
        vehicle.take_order(json.dumps(order()).encode())
        world = vehicle._hall.world
        if what == "drop":
            await drive(vehicle, lambda: vehicle.kept["actions"].get("t1-pick") == "FINISHED")
            assert vehicle.kept["load"] is not None
        vehicle.kept["done"] = done
        again = Vehicle(SPEC, "hall", vehicle._hall)
        await drive(again, lambda: again.kept["actions"].get("t1-drop") == "FINISHED")
        assert world.pallets["1" * 18].place == "location:a-01-1"
        assert again._is_finished()

    asyncio.run(scenario())
