"""The hall's line to the warehouse over a real broker, against a gateway of a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from firmware_sims.platform import Broker
from firmware_sims.vehicle import Vehicle
from runtime.broker import EmbeddedBroker
from tests.firmware_sims.halls import MOVER, Small, small_hall

if TYPE_CHECKING:
    from pathlib import Path

SITE = {
    "enterprise": "demo",
    "site": "one",
    "vda5050": {"interface": "uagv", "manufacturer": "hall"},
}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def transport(load_id: str) -> dict[str, Any]:
    """Return an order that carries a pallet from dock-1 to a location."""

    def node(name: str, at: int, what: str) -> dict[str, Any]:
        pairs = (("loadId", load_id), ("loadType", "pallet"))
        action = {
            "actionId": f"t-{what}",
            "actionType": what,
            "blockingType": "HARD",
            "actionParameters": [{"key": key, "value": value} for key, value in pairs],
        }
        position = {"x": 8.0, "y": 4.0 + at, "mapId": "hall"}
        return {
            "nodeId": name,
            "sequenceId": at,
            "released": True,
            "nodePosition": position,
            "actions": [action],
        }

    edge = {"edgeId": "e", "sequenceId": 1, "released": True, "actions": []}
    nodes = [node("dock-1", 0, "pick"), node("a-01-1", 2, "drop")]
    return {"orderId": "t", "orderUpdateId": 0, "nodes": nodes, "edges": [edge]}


async def warehouse(small: Small, port: int) -> tuple[dict[str, Any], list[bytes]]:
    """Order a pallet moved; answer a request at its second coming. Return answer and bodies."""
    vehicle = Vehicle(MOVER, "hall", small.hall)
    broker = Broker(f"mqtt://127.0.0.1:{port}", SITE, [vehicle])
    sscc = small.cartons[0].sscc
    small.hall.put_on_scale(sscc, "dock-1")
    small.clock.now_s += 10
    works = [asyncio.create_task(broker.run()), asyncio.create_task(vehicle.run())]
    asked = asyncio.create_task(broker.ask("goods", "r-1", goods_id="coffee"))
    bodies: list[bytes] = []
    is_ordered = False
    try:
        async with (
            asyncio.timeout(30),
            aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client,
        ):
            await client.subscribe([("uns/v1/demo/one/request/+", 1), ("uagv/v2/hall/+/state", 0)])
            async for message in client.messages:
                body = bytes(message.payload)
                if str(message.topic).endswith("/state"):
                    state = json.loads(body)
                    if not is_ordered:
                        is_ordered = True
                        order = json.dumps(transport(sscc))
                        await client.publish("uagv/v2/hall/mover-1/order", order)
                    told = {one["actionId"]: one["actionStatus"] for one in state["actionStates"]}
                    if told.get("t-drop") == "FINISHED" and asked.done():
                        break
                    continue
                bodies.append(body)
                if len(bodies) < 2:
                    continue  # The first one is lost: it comes again.
                answer = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
                answer.CorrelationData = message.properties.CorrelationData  # type: ignore[union-attr]
                topic = message.properties.ResponseTopic  # type: ignore[union-attr]
                text = json.dumps({"request_id": "r-1", "accepted": True, "problems": []})
                await client.publish(topic, text, qos=1, properties=answer)
        return await asked, bodies
    finally:
        for work in works:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work


def test_an_order_moves_the_pallet_and_a_lost_request_comes_again_unchanged(
    tmp_path: Path,
) -> None:
    """What the gateway asks by VDA 5050 happens in the world; a request lives until answered."""
    small = small_hall(tmp_path)
    port = free_port()
    with EmbeddedBroker(port, tmp_path / "broker"):
        answer, bodies = asyncio.run(warehouse(small, port))
    assert answer["accepted"]
    assert len(set(bodies)) == 1
    assert {one.place for one in small.cartons} == {"location:a-01-1"}
    assert small.store.load().stored_count == len(small.cartons)
