"""What pydantic finds wrong, in words of the file: key, message, remedy (pure).

List items are named by their id, no level is inserted that the file does not have, and an unknown
key is answered with the key that was probably meant.
"""

from __future__ import annotations

import datetime as dt
import difflib
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHOWN_CHARS_MAX: Final = 60
_ID_KEYS: Final = ("id", "serial", "name")
_TAG: Final = "family"
"""The key that tells which of several models a list item is."""
_WANTED: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_FORMS: Final = {
    r"^[a-z0-9-]{1,64}$": "Use a to z, 0 to 9 and -, at most 64 of them.",
    r"^[A-Z]{3}$": "Use three capital letters, as in CNY.",
    r"^\d{4}-\d\d-\d\d$": 'Write it as "2019-01-01".',
}


def told_errors(
    model: type[BaseModel], document: dict[str, Any], error: ValidationError
) -> list[tuple[str, str, str]]:
    """Return (key, message, remedy) of each error."""
    told = []
    for detail in error.errors():
        levels, keys = _place(model, document, detail["loc"])
        if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            levels.append(_TAG)
        message, remedy = _words(detail, levels[-1] if levels else "", keys)
        told.append((".".join(levels), message, remedy))
    return told


def probably(word: str, known: Sequence[str]) -> str:
    """Return a remedy: the known word that was probably meant, else all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Use one of: {', '.join(known)}." if known else "Remove it."


def as_remedy(words: str) -> str:
    """Return words that follow a colon as a sentence of their own."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('?') else '.'}"


def _words(detail: ErrorDetails, key: str, keys: list[str]) -> tuple[str, str]:
    """Return (message, remedy) of one error; `keys` are those that the table may have."""
    kind, got, context = detail["type"], _shown(detail.get("input")), detail.get("ctx", {})
    if kind == "missing":
        return "is missing", "Add it."
    if kind == "extra_forbidden":
        return "no such key", probably(key, keys)
    if kind == "union_tag_not_found":
        return "is missing", "Add it: it says what device this is."
    if kind == "union_tag_invalid":
        known = [one.strip(" '") for one in str(context["expected_tags"]).split(",")]
        return f"no such {_TAG}: {context['tag']!r}", probably(str(context["tag"]), known)
    if kind in _WANTED:
        return _wrong_type(detail.get("input"), _WANTED[kind])
    if kind == "literal_error":
        return f"can't be {got}", f"Use one of: {context['expected']}."
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{got} is out of range", f"Give {words} {context[name]}."
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(str(context["pattern"]), f"The form is {context['pattern']}.")
        return f"{got} has characters or a length that can't be here", form
    if kind == "value_error":
        message, _, remedy = str(context["error"]).partition(": ")
        return f"{got} {message}", as_remedy(remedy)
    return f"{detail['msg']} (got {got})", "Give a value of that form."


def _wrong_type(value: object, wanted: str) -> tuple[str, str]:
    remedy = f"Write {wanted}."
    if isinstance(value, str) and "number" in wanted:
        remedy = "Write the number without quotes."
    elif isinstance(value, float) and value.is_integer():
        remedy = f"Write {int(value)}."
    elif isinstance(value, dt.date | dt.time):
        remedy = "Put it in quotes."
    return f"{_shown(value)} is {_kind(value)} where {wanted} is wanted", remedy


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a number with a fraction"
        case str():
            return "text"
        case dict():
            return "a table"
        case list():
            return "a list"
        case dt.date() | dt.time():
            return "a date or time"
        case _:
            return "something else"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "this"
    text = repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}..."


def _place(
    model: type[BaseModel], document: object, loc: Sequence[str | int]
) -> tuple[list[str], list[str]]:
    """Return the levels of an error's place, as the file names them, and the keys known there."""
    models, node, levels = [model], document, []
    keys = _keys(models)
    for step in loc:
        keys = _keys(models)
        if isinstance(step, int):
            node = node[step] if isinstance(node, list) and step < len(node) else None
            levels.append(_id_of(node, step))
        elif step == "[key]":
            continue
        elif isinstance(node, dict) and step not in node and node.get(_TAG) == step:
            models = [one for one in models if _is_tagged(one, step)]
        else:
            levels.append(step)
            node = node.get(step) if isinstance(node, dict) else None
            models = _models_below(models, step)
    return levels, keys


def _id_of(item: object, number: int) -> str:
    if isinstance(item, dict):
        for key in _ID_KEYS:
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(number)


def _keys(models: Sequence[type[BaseModel]]) -> list[str]:
    return sorted(
        {field.alias or name for one in models for name, field in one.model_fields.items()}
    )


def _models_below(models: Sequence[type[BaseModel]], key: str) -> list[type[BaseModel]]:
    return [
        found
        for one in models
        for name, field in one.model_fields.items()
        if (field.alias or name) == key
        for found in _models_in(field.annotation)
    ]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    field = model.model_fields.get(_TAG)
    return field is not None and tag in get_args(field.annotation)
