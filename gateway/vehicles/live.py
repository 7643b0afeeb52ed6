"""What vehicles say of themselves, kept in memory for the map and for the choice of a vehicle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from gateway.live import VehicleLive

if TYPE_CHECKING:
    from gateway.live import Live
    from gateway.settings import Site

STATE_BYTES_MAX: Final = 262_144
LOADS_COUNT_MAX: Final = 8
METRES_MAX: Final = 100_000.0
ERRORS_COUNT_MAX: Final = 16
_TOPIC_LEVELS_COUNT: Final = 5


def serial_and_subtopic(topic: str) -> tuple[str, str] | None:
    """Return (serial, subtopic) of `{interface}/v2/{manufacturer}/{serial}/{subtopic}`."""
    levels = topic.split("/")
    if len(levels) != _TOPIC_LEVELS_COUNT:
        return None
    return levels[3], levels[4]


def update(
    live: Live, site: Site, topic: str, payload: bytes, now_s: float
) -> dict[str, object] | None:
    """Take a message of a vehicle into `live`; return a readable `state`, None for the rest.

    Unreadable messages and vehicles that the site does not name change nothing.
    """
    named = serial_and_subtopic(topic)
    if named is None or len(payload) > STATE_BYTES_MAX:
        return None
    serial, subtopic = named
    if subtopic not in {"state", "connection", "visualization"}:
        return None
    if serial not in {one.serial for one in site.vehicles}:
        return None
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    vehicle = live.vehicles.setdefault(serial, VehicleLive(serial=serial))
    if subtopic == "connection":
        vehicle.is_online = message.get("connectionState") == "ONLINE"
        return None
    _take_position(vehicle, message)
    if subtopic == "visualization":
        return None
    vehicle.at_s = now_s
    vehicle.is_online = True
    vehicle.is_idle = is_idle(message)
    vehicle.last_node = str(message.get("lastNodeId", ""))
    vehicle.order_id = str(message.get("orderId", ""))
    vehicle.loads = [str(one.get("loadId", "")) for one in _rows(message, "loads")]
    del vehicle.loads[LOADS_COUNT_MAX:]
    vehicle.errors = [str(one.get("errorType", "")) for one in _rows(message, "errors")]
    del vehicle.errors[ERRORS_COUNT_MAX:]
    battery = message.get("batteryState")
    charge = battery.get("batteryCharge") if isinstance(battery, dict) else None
    vehicle.battery_percent = _number(charge, 0.0, 100.0)
    return cast("dict[str, object]", message)


def is_idle(state: dict[str, object]) -> bool:
    """Tell whether a vehicle would take a new order: nothing left to drive or to do."""
    if state.get("driving") is True or state.get("operatingMode") != "AUTOMATIC":
        return False
    if _rows(state, "nodeStates") or _rows(state, "edgeStates"):
        return False
    ended = {"FINISHED", "FAILED"}
    return all(action.get("actionStatus") in ended for action in _rows(state, "actionStates"))


def _rows(message: dict[str, object], key: str) -> list[dict[str, object]]:
    rows = message.get(key)
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, dict)]


def _take_position(vehicle: VehicleLive, message: dict[str, object]) -> None:
    position = message.get("agvPosition")
    if not isinstance(position, dict):
        return
    x_m = _number(position.get("x"), -METRES_MAX, METRES_MAX)
    y_m = _number(position.get("y"), -METRES_MAX, METRES_MAX)
    if x_m is not None and y_m is not None:
        vehicle.x_m, vehicle.y_m = x_m, y_m


def _number(value: object, low: float, high: float) -> float | None:
    """Return a finite number within its range; anything else is not known."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None
