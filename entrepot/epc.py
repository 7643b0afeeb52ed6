"""`entrepot epc`: tags to every form that names them, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from wire.epc import EpcError, decode, encode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_TEXT_HEADS: Final = ("urn:", "http://", "https://", "(")
"""What begins otherwise is taken for hexadecimal digits."""


def describe(asked: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yield what each tag or identifier of the command line says; `error` tells why it can't."""
    for text in asked.hex:
        told: dict[str, object] = dict.fromkeys(
            ("hex", "scheme", "uri", "filter", "tag_uri", "digital_link", "element_string")
        )
        told |= {"hex": text, "error": None}
        try:
            digits = text
            if text.startswith(_TEXT_HEADS):
                told["hex"] = None
                digits = encode(
                    text,
                    filter_value=asked.filter,
                    company_digits=asked.company_digits,
                    scheme=asked.scheme,
                )
            epc = decode(digits)
            told |= {"hex": epc.hex, "scheme": epc.scheme, "filter": epc.filter}
            told |= epc.forms()._asdict()
            if epc.aidc_hex is not None:
                told["aidc_hex"] = epc.aidc_hex
        except EpcError as error:
            told["error"] = str(error)
        yield told


def as_line(told: dict[str, object]) -> str:
    """Return one line of JSON."""
    return json.dumps(told)


def as_text(told: dict[str, object]) -> str:
    """Return lines for a person: only what there is."""
    width = max(len(name) for name in told)
    return "\n".join(
        f"{name.replace('_', ' '):<{width}}  {value}"
        for name, value in told.items()
        if value is not None
    )
