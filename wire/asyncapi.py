"""The wire as AsyncAPI 3 with JSON Schemas, generated from the models (pure).

Source: the project's contract on the wire, sections 1, 5 and 6. `docs/wire/asyncapi.json` is this
module's output; a test keeps it fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from wire import control, requests
from wire.events import EVENT_KINDS
from wire.telemetry import TELEMETRY_KINDS

if TYPE_CHECKING:
    from wire.base import Message

SCHEMAS: Final = "#/components/schemas/"
CUSTODY_PROPERTIES: Final = ("ledger", "seq", "prev", "id", "hash")
TELEMETRY_PROPERTIES: Final = ("boot", "seq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One topic: who says it, how, and what it carries."""

    id: str
    address: str
    says: str
    message: type[Message]
    qos: int = 1
    is_retained: bool = False
    expiry_s: int | None = None
    properties: tuple[str, ...] = ()


_EDGE: Final = "wh/v1/e/{edge}"
_GATEWAY: Final = "wh/v1/gw/{gateway}"
_SITE: Final = "uns/v1/{enterprise}/{site}"


def channels() -> list[Channel]:
    """Return every topic whose body is a model of `wire/`."""
    fixed: list[tuple[str, type[Message], str, int, bool]] = [
        ("state", control.EdgeState, "edge", 1, True),
        ("device/{device}", control.DeviceBirth, "edge", 1, True),
        ("beat", control.EdgeBeat, "edge", 0, False),
        ("hello", control.Hello, "edge", 0, False),
        ("head", control.Head, "gateway", 0, False),
        ("ack", control.Ack, "gateway", 0, False),
        ("cfg/reported", control.ConfigReport, "edge", 1, True),
    ]
    found = [
        Channel(
            id=f"edge-{level.split('/')[0]}",
            address=f"{_EDGE}/{level}",
            says=says,
            message=model,
            qos=qos,
            is_retained=retained,
        )
        for level, model, says, qos, retained in fixed
    ]
    found += [
        Channel(
            id=f"evt-{kind}",
            address=f"{_EDGE}/evt/{kind}/{{device}}",
            says="edge",
            message=model,
            properties=CUSTODY_PROPERTIES,
        )
        for kind, model in EVENT_KINDS.items()
    ]
    found += [
        Channel(
            id=f"tlm-{kind}",
            address=f"{_EDGE}/tlm/{kind}/{{device}}",
            says="edge",
            message=model,
            expiry_s=60,
            properties=TELEMETRY_PROPERTIES,
        )
        for kind, model in TELEMETRY_KINDS.items()
    ]
    found += [
        Channel(
            id="command",
            address=f"{_EDGE}/cmd/{{device}}/{{verb}}",
            says="gateway",
            message=control.Command,
            expiry_s=30,
        ),
        Channel(
            id="gateway-state",
            address=f"{_GATEWAY}/state",
            says="gateway",
            message=control.GatewayState,
            is_retained=True,
        ),
        Channel(
            id="gateway-beat",
            address=f"{_GATEWAY}/beat",
            says="gateway",
            message=control.GatewayBeat,
            qos=0,
        ),
        Channel(
            id="dead-letter",
            address=f"{_GATEWAY}/dead/{{reason}}",
            says="gateway",
            message=control.DeadLetterNotice,
        ),
        Channel(
            id="reply",
            address=f"{_SITE}/reply/{{client}}/{{rest}}",
            says="gateway",
            message=requests.Answer,
        ),
    ]
    found += [
        Channel(
            id=f"request-{kind}",
            address=f"{_SITE}/request/{kind}",
            says="platform",
            message=model,
        )
        for kind, model in requests.REQUEST_KINDS.items()
    ]
    return found


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3 document, schemas included, as JSON values."""
    said = channels()
    models = sorted({one.message for one in said}, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template=SCHEMAS + "{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Entrepôt",
            "version": "1",
            "description": "Device plane wh/v1 and requests of the business plane uns/v1, MQTT 5.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {one.id: _channel(one) for one in said},
        "operations": {one.id: _operation(one) for one in said},
        "components": {
            "messages": {one.id: _message(one) for one in said},
            "schemas": schemas["$defs"],
        },
    }


def _channel(one: Channel) -> dict[str, Any]:
    names = [part[1:-1] for part in one.address.split("/") if part.startswith("{")]
    return {
        "address": one.address,
        "messages": {one.id: {"$ref": f"#/components/messages/{one.id}"}},
        "parameters": {name: {"description": f"topic word: {name}"} for name in names},
    }


def _operation(one: Channel) -> dict[str, Any]:
    mqtt: dict[str, Any] = {"qos": one.qos, "retain": one.is_retained, "bindingVersion": "0.2.0"}
    if one.expiry_s is not None:
        mqtt["messageExpiryInterval"] = one.expiry_s
    return {
        "action": "send",
        "summary": f"said by: {one.says}",
        "channel": {"$ref": f"#/channels/{one.id}"},
        "bindings": {"mqtt": mqtt},
    }


def _message(one: Channel) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": (one.message.__doc__ or "").split("\n")[0],
        "payload": {"$ref": SCHEMAS + one.message.__name__},
    }
    if one.properties:
        told["headers"] = {
            "type": "object",
            "description": "MQTT 5 user properties",
            "properties": {name: {"type": "string"} for name in one.properties},
            "required": list(one.properties),
        }
    return told
