"""The published description of the wire is the models' own, and complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from wire.asyncapi import document

ROOT = Path(__file__).resolve().parents[2]


def references(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return every $ref below `value`."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for part in value.values() for one in references(part)]
    return [one for part in value for one in references(part)] if isinstance(value, list) else []


def test_the_published_file_is_fresh() -> None:
    """Made by `entrepot schema > docs/wire/asyncapi.json`; a changed model changes it."""
    published = (ROOT / "docs" / "wire" / "asyncapi.json").read_text(encoding="utf-8")
    assert json.loads(published) == json.loads(json.dumps(document()))


def test_every_reference_leads_somewhere() -> None:
    """A dangling reference breaks every generator that reads the file."""
    whole = document()
    found = references(whole)
    assert found
    for reference in found:
        at: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_every_parameter_of_an_address_is_declared() -> None:
    """AsyncAPI 3: each {name} of an address has an entry below `parameters`."""
    for channel in document()["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
