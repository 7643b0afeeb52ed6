"""A vehicle that speaks VDA 5050 2.1: takes one order at a time, drives, picks, drops, tells.

Written from the VDA 5050 document, version 2.1.0 (sections 6.6, 6.10, 6.13, 6.14).
"""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from firmware_sims.world import NotThere

if TYPE_CHECKING:
    from firmware_sims.hall import Hall

VERSION: Final = "2.1.0"
SPEED_M_S: Final = 1.5
HANDLING_S: Final = 2.0
"""World seconds that a pick or a drop takes."""
STEP_S: Final = 0.2
TELL_S: Final = 1.0
PICK_WAIT_S: Final = 8.0
REACH_M: Final = 1_000.0
"""No hall is larger."""


class Vehicle:
    """One vehicle. What must survive a restart lies in `kept`, a part of the world."""

    def __init__(self, spec: dict[str, Any], manufacturer: str, hall: Hall) -> None:
        self.serial: str = spec["serial"]
        self.carries: str = spec["carries"]
        self.manufacturer = manufacturer
        self._hall = hall
        home = spec["home"]
        self.kept: dict[str, Any] = hall.world.vehicles.setdefault(
            self.serial,
            {
                "x": home["x_m"],
                "y": home["y_m"],
                "node": f"home-{self.serial}",
                "sequence": 0,
                "order": None,
                "done": [],
                "actions": {},
                "load": None,
            },
        )
        self._errors: list[dict[str, Any]] = []
        self._is_driving = False
        self._changed = asyncio.Event()
        self._has_order = asyncio.Event()
        self._header_ids: dict[str, int] = {}
        if self.kept["order"] is not None:
            self._has_order.set()

    # ---- messages ----------------------------------------------------------------------------

    def head(self, topic: str) -> dict[str, Any]:
        """Return the fields that every message begins with."""
        self._header_ids[topic] = self._header_ids.get(topic, 0) + 1
        return {
            "headerId": self._header_ids[topic],
            "timestamp": now(),
            "version": VERSION,
            "manufacturer": self.manufacturer,
            "serialNumber": self.serial,
        }

    def connection(self, state: str) -> dict[str, Any]:
        """Return a `connection` message: ONLINE, OFFLINE or CONNECTIONBROKEN."""
        return {**self.head("connection"), "connectionState": state}

    def factsheet(self) -> dict[str, Any]:
        """Return the vehicle's `factsheet`."""
        is_mover = self.carries == "pallet"
        return {
            **self.head("factsheet"),
            "typeSpecification": {
                "seriesName": "hall-mover" if is_mover else "hall-picker",
                "agvKinematic": "DIFF",
                "agvClass": "FORKLIFT" if is_mover else "CARRIER",
                "maxLoadMass": 1500 if is_mover else 60,
                "localizationTypes": ["NATURAL"],
                "navigationTypes": ["AUTONOMOUS"],
            },
            "physicalParameters": {
                "speedMin": 0.05,
                "speedMax": SPEED_M_S,
                "accelerationMax": 1.0,
                "decelerationMax": 1.5,
                "heightMin": 0.3,
                "heightMax": 2.2,
                "width": 0.9,
                "length": 1.6,
            },
            "protocolLimits": {
                "maxStringLens": {},
                "maxArrayLens": {},
                "timing": {"minOrderInterval": 0.1, "minStateInterval": 0.1},
            },
            "protocolFeatures": {
                "optionalParameters": [],
                "agvActions": [
                    {"actionType": name, "actionScopes": ["NODE"]} for name in ("pick", "drop")
                ],
            },
            "agvGeometry": {},
            "loadSpecification": {},
        }

    def state(self) -> dict[str, Any]:
        """Return the `state` message."""
        order = self.kept["order"] or {}
        done = set(self.kept["done"])
        nodes = [one for one in order.get("nodes", []) if one["sequenceId"] not in done]
        edges = [one for one in order.get("edges", []) if one["sequenceId"] not in done]
        load = self.kept["load"]
        return {
            **self.head("state"),
            "orderId": order.get("orderId", ""),
            "orderUpdateId": order.get("orderUpdateId", 0),
            "lastNodeId": self.kept["node"],
            "lastNodeSequenceId": self.kept["sequence"],
            "driving": self._is_driving,
            "operatingMode": "AUTOMATIC",
            "nodeStates": [
                {"nodeId": one["nodeId"], "sequenceId": one["sequenceId"], "released": True}
                for one in nodes
            ],
            "edgeStates": [
                {"edgeId": one["edgeId"], "sequenceId": one["sequenceId"], "released": True}
                for one in edges
            ],
            "agvPosition": self._position(),
            "actionStates": [
                {
                    "actionId": action["actionId"],
                    "actionType": action["actionType"],
                    "actionStatus": self.kept["actions"].get(action["actionId"], "WAITING"),
                }
                for node in order.get("nodes", [])
                for action in node["actions"]
            ],
            "loads": [{"loadId": load["id"], "loadType": load["type"]}] if load else [],
            "batteryState": {"batteryCharge": 80.0, "charging": False},
            "errors": self._errors,
            "safetyState": {"eStop": "NONE", "fieldViolation": False},
        }

    def visualization(self) -> dict[str, Any]:
        """Return the `visualization` message."""
        return {**self.head("visualization"), "agvPosition": self._position()}

    def _position(self) -> dict[str, Any]:
        return {
            "x": round(self.kept["x"], 3),
            "y": round(self.kept["y"], 3),
            "theta": 0.0,
            "mapId": "hall",
            "positionInitialized": True,
        }

    # ---- orders ------------------------------------------------------------------------------

    def take_order(self, body: bytes) -> None:
        """Take an order, or say in `errors` why not."""
        try:
            order = json.loads(body)
            self._check_order(order)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._fail_order("validationError", str(error) or type(error).__name__, "")
            return
        held = self.kept["order"]
        if held is not None and held["orderId"] == order["orderId"]:
            self._changed.set()  # The same order again: what became of it is told again.
            return
        if held is not None and not self._is_finished():
            self._fail_order("orderError", f"busy with {held['orderId']}", order["orderId"])
            return
        self._errors = []
        self.kept.update(order=order, done=[], actions={})
        self._hall.saved()
        self._has_order.set()
        self._changed.set()

    def _check_order(self, order: Any) -> None:  # noqa: ANN401 - JSON from outside
        """Refuse what can't be driven. Raises ValueError, KeyError or TypeError."""
        nodes, edges = _rows(order, "nodes"), _rows(order, "edges")
        if not nodes or not _text(order, "orderId"):
            raise ValueError("an order needs an orderId and nodes")
        for edge in edges:
            _number(edge, "sequenceId")
        for node in nodes:
            _text(node, "nodeId")
            _number(node, "sequenceId")
            position = node["nodePosition"]
            if max(abs(_number(position, "x")), abs(_number(position, "y"))) > REACH_M:
                raise ValueError(f"node {node['nodeId']} lies outside the hall")
            for action in _rows(node, "actions"):
                _text(action, "actionId")
                if _text(action, "actionType") not in {"pick", "drop"}:
                    raise ValueError(f"unknown action {action['actionType']!r}")
                _rows(action, "actionParameters")
                parameter(action, "loadId")
                if parameter(action, "loadType") != self.carries:
                    raise ValueError(f"{self.serial} carries a {self.carries}, nothing else")

    def _fail_order(self, kind: str, why: str, order_id: str) -> None:
        references = [{"referenceKey": "orderId", "referenceValue": order_id[:64]}]
        self._errors = [
            {
                "errorType": kind,
                "errorLevel": "WARNING",
                "errorDescription": why[:200],
                "errorReferences": references,
            }
        ]
        self._changed.set()

    def take_instant_actions(self, body: bytes) -> None:
        """Know `stateRequest`; everything else is answered by an error."""
        try:
            kinds = [one["actionType"] for one in json.loads(body)["actions"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self._fail_order("validationError", str(error), "")
            return
        if any(kind != "stateRequest" for kind in kinds):
            self._fail_order("validationError", f"unsupported instant actions {kinds}", "")
        self._changed.set()

    def _is_finished(self) -> bool:
        order = self.kept["order"]
        if order is None:
            return True
        ids = [action["actionId"] for node in order["nodes"] for action in node["actions"]]
        states = self.kept["actions"]
        is_failed = any(states.get(one) == "FAILED" for one in ids)
        return is_failed or all(states.get(one) == "FINISHED" for one in ids)

    # ---- work --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Do orders for ever."""
        while True:
            await self._has_order.wait()
            self._has_order.clear()
            order = self.kept["order"]
            for node in order["nodes"] if order is not None else []:
                if node["sequenceId"] not in self.kept["done"]:
                    await self._drive(node)
                # A node counts as done when it is reached: a restart may lie before its actions.
                for action in node["actions"]:
                    if not await self._act(action, node["nodeId"]):
                        break
                if self._is_finished():
                    break
            self.kept["done"] = [one["sequenceId"] for one in (order or {}).get("nodes", [])] + [
                one["sequenceId"] for one in (order or {}).get("edges", [])
            ]
            self._hall.saved()
            self._changed.set()

    async def _drive(self, node: dict[str, Any]) -> None:
        target = node["nodePosition"]
        self._is_driving = True
        self._changed.set()
        for axis in ("x", "y"):
            while not math.isclose(self.kept[axis], target[axis], abs_tol=1e-6):
                await asyncio.sleep(STEP_S)
                step_m = SPEED_M_S * self._hall.speed * STEP_S
                rest_m = target[axis] - self.kept[axis]
                self.kept[axis] += math.copysign(min(step_m, abs(rest_m)), rest_m)
        self._is_driving = False
        self.kept["node"] = node["nodeId"]
        self.kept["sequence"] = node["sequenceId"]
        order = self.kept["order"]
        passed = [one for one in order["edges"] if one["sequenceId"] < node["sequenceId"]]
        self.kept["done"] = [
            *{*self.kept["done"], node["sequenceId"], *(one["sequenceId"] for one in passed)}
        ]
        self._changed.set()

    async def _act(self, action: dict[str, Any], node: str) -> bool:
        name = action["actionId"]
        if self.kept["actions"].get(name) == "FINISHED":
            return True
        self.kept["actions"][name] = "RUNNING"
        self._changed.set()
        await asyncio.sleep(max(0.2, HANDLING_S / self._hall.speed))
        load_id, load_type = parameter(action, "loadId"), parameter(action, "loadType")
        try:
            if action["actionType"] == "pick":
                await self._pick(load_id, load_type, node)
            else:
                await self._drop(node)
        except NotThere as error:
            self.kept["actions"][name] = "FAILED"
            order_id = self.kept["order"]["orderId"]
            self._fail_order("noRouteError", str(error), order_id)
            self._hall.saved()
            return False
        self.kept["actions"][name] = "FINISHED"
        self._hall.saved()
        self._changed.set()
        return True

    async def _pick(self, load_id: str, load_type: str, node: str) -> None:
        hall, world = self._hall, self._hall.world
        place = self.place_of(node)
        mine = f"vehicle:{self.serial}"
        if load_type == "pallet":
            pallet = world.pallets.get(load_id)
            if pallet is not None and pallet.place == mine:
                return  # Done before a restart.
            waited_s = 0.0
            while not hall.may_leave_field(load_id) and waited_s < PICK_WAIT_S:
                await asyncio.sleep(STEP_S)
                waited_s += STEP_S
            world.move_pallet(load_id, place, mine)
        else:
            carton = next((one for one in world.cartons.values() if one.uri == load_id), None)
            if carton is None:
                raise NotThere(f"no carton {load_id}")
            if carton.place != mine:
                if place.startswith("truck:"):
                    await hall.pass_portal(carton, node, place, mine)
                else:
                    world.move_carton(carton, place, mine)
        self.kept["load"] = {"id": load_id, "type": load_type}

    async def _drop(self, node: str) -> None:
        hall, world = self._hall, self._hall.world
        load = self.kept["load"]
        if load is None:
            raise NotThere("nothing is loaded")
        place, mine = self.place_of(node), f"vehicle:{self.serial}"
        if load["type"] == "pallet":
            world.move_pallet(load["id"], mine, place)
        else:
            carton = next(one for one in world.cartons.values() if one.uri == load["id"])
            if carton.place == mine:
                if place.startswith("truck:"):
                    await hall.pass_portal(carton, node, mine, place)
                else:
                    world.move_carton(carton, mine, place)
            if carton.place == mine:
                raise NotThere(f"no truck stands at {node}")
        self.kept["load"] = None

    def place_of(self, node: str) -> str:
        """Return a node's place; for cartons a dock is the truck that stands there."""
        if node.startswith("dock-"):
            truck = self._hall.world.truck_at(node)
            if self.carries == "carton":
                if truck is None:
                    raise NotThere(f"no truck stands at {node}")
                return f"truck:{truck.truck_id}"
            return f"dock:{node}"
        if node.startswith("staging-"):
            return f"staging:{node}"
        return f"location:{node}"

    async def wait_changed(self) -> bool:
        """Wait for news, at most a fifth of a second; tell whether there were any."""
        try:
            async with asyncio.timeout(TELL_S / 5):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True


def _rows(message: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = message[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError(f"{key} is no list of objects")
    return rows


def _text(message: dict[str, Any], key: str) -> str:
    text = message[key]
    if not isinstance(text, str) or not text:
        raise TypeError(f"{key} is no text")
    return text


def _number(message: dict[str, Any], key: str) -> float:
    number = message[key]
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{key} is no number")
    if not math.isfinite(number):
        raise ValueError(f"{key} is not finite")
    return number


def parameter(action: dict[str, Any], key: str) -> str:
    """Return an action parameter. Raises ValueError when it is missing."""
    for one in action.get("actionParameters", []):
        if one["key"] == key:
            return str(one["value"])
    raise ValueError(f"action {action.get('actionId')!r} lacks {key}")


def now() -> str:
    """Return RFC 3339 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
