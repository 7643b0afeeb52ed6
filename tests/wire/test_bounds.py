"""No number on the wire is larger than every store of ours can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from wire import control
from wire.base import INT_MAX, Message
from wire.events import EVENT_KINDS
from wire.requests import REQUEST_KINDS
from wire.telemetry import TELEMETRY_KINDS

MODELS: list[type[Message]] = [
    *EVENT_KINDS.values(),
    *TELEMETRY_KINDS.values(),
    *REQUEST_KINDS.values(),
    *(
        one
        for one in vars(control).values()
        if isinstance(one, type) and issubclass(one, Message) and one is not Message
    ),
]


def unbounded(schema: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return every integer of a JSON schema without an upper bound."""
    if isinstance(schema, dict):
        own = [schema] if schema.get("type") == "integer" and "maximum" not in schema else []
        return own + [one for part in schema.values() for one in unbounded(part)]
    return [one for part in schema for one in unbounded(part)] if isinstance(schema, list) else []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_integer_has_an_upper_bound(model: type[Message]) -> None:
    """A forged ack of 2**70 ended an edge: SQLite can't hold it."""
    assert unbounded(model.model_json_schema()) == []


def test_a_forged_ack_is_refused_where_it_is_read() -> None:
    """With its field named, so that the log says what came."""
    told = {"ledger": "l", "telemetry": {"b": [[0, 2**70]]}}
    with pytest.raises(ValidationError, match="telemetry"):
        control.Ack.model_validate_json(json.dumps(told))
    told = {"ledger": "l", "telemetry": {"b": [[0, INT_MAX]]}}
    assert control.Ack.model_validate_json(json.dumps(told)).telemetry == {"b": [(0, INT_MAX)]}
