"""VDA 5050 2.1 orders: one transport task becomes one order message.

`order_message` is pure; `send` hands the order of a task to the transactional outbox.
Source: VDA 5050 version 2.1.0, section 6.6 and order.schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ledger.store import Tx
    from gateway.settings import Site

VERSION: Final = "2.1.0"
MAP_ID: Final = "hall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the hall's map, metres."""

    id: str
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What a vehicle is to carry from where to where."""

    task_id: str
    load_id: str
    load_type: str
    start: Node | None
    """Where the vehicle stands; None when its node is not on our map."""
    source: Node
    target: Node


def nodes_of(site: Site) -> dict[str, Node]:
    """Return every node of the map by its id."""
    nodes = {
        place.id: Node(id=place.id, x_m=place.x_m, y_m=place.y_m)
        for place in site.locations().values()
    }
    spots = {dock.id: dock.at for dock in site.docks}
    spots.update({staging.id: staging.at for staging in site.stagings})
    for name, at in spots.items():
        nodes[name] = Node(id=name, x_m=at.x_m, y_m=at.y_m)
    for vehicle in site.vehicles:
        name = f"home-{vehicle.serial}"
        nodes[name] = Node(id=name, x_m=vehicle.home.x_m, y_m=vehicle.home.y_m)
    return nodes


def order_message(
    transport: Transport, *, header_id: int, at: str, manufacturer: str, serial: str
) -> dict[str, object]:
    """Return the order: drive to the source, pick, drive to the target, drop."""
    route = [transport.source, transport.target]
    if transport.start is not None and transport.start.id != transport.source.id:
        route.insert(0, transport.start)
    actions = {
        len(route) - 2: [_action(transport, "pick")],
        len(route) - 1: [_action(transport, "drop")],
    }
    nodes = [
        {
            "nodeId": node.id,
            "sequenceId": 2 * step,
            "released": True,
            "nodePosition": {"x": node.x_m, "y": node.y_m, "mapId": MAP_ID},
            "actions": actions.get(step, []),
        }
        for step, node in enumerate(route)
    ]
    edges = [
        {
            "edgeId": f"{start.id}--{end.id}",
            "sequenceId": 2 * step + 1,
            "released": True,
            "startNodeId": start.id,
            "endNodeId": end.id,
            "actions": [],
        }
        for step, (start, end) in enumerate(pairwise(route))
    ]
    return {
        "headerId": header_id,
        "timestamp": at,
        "version": VERSION,
        "manufacturer": manufacturer,
        "serialNumber": serial,
        "orderId": transport.task_id,
        "orderUpdateId": 0,
        "nodes": nodes,
        "edges": edges,
    }


def _action(transport: Transport, what: str) -> dict[str, object]:
    return {
        "actionType": what,
        "actionId": f"{transport.task_id}-{what}",
        "blockingType": "HARD",
        "actionParameters": [
            {"key": "loadId", "value": transport.load_id},
            {"key": "loadType", "value": transport.load_type},
        ],
    }


def send(tx: Tx, task: Mapping[str, str], *, serial: str, last_node: str) -> None:
    """Queue the order of a task for a vehicle; sent again it is the same order."""
    nodes = nodes_of(tx.site)
    transport = Transport(
        task_id=task["task_id"],
        load_id=task["subject"],
        load_type=task["carries"],
        start=nodes.get(last_node),
        source=nodes[node_id(tx, task["source"])],
        target=nodes[node_id(tx, task["target"])],
    )
    vda = tx.site.vda5050
    topic = f"{vda.interface}/v2/{vda.manufacturer}/{serial}/order"
    message = order_message(
        transport,
        header_id=tx.next_n,  # The journal only grows, so this counts up for each vehicle.
        at=tx.at,
        manufacturer=vda.manufacturer,
        serial=serial,
    )
    tx.queue("vda", topic, message)


def node_id(tx: Tx, place: str) -> str:
    """Return the map's node of a place word; a truck's node is its dock."""
    kind, _, name = place.partition(":")
    if kind != "truck":
        return name
    query = select(schema.truck.c.dock).where(schema.truck.c.truck_id == name)
    return str(tx.connection.execute(query).scalar_one())
