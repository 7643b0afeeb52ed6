"""From text to identity: pure identity and tag URIs, GS1 Digital Links, element strings (pure)."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from wire.epc.characters import URI_ESCAPED, check_characters
from wire.epc.classic import check_company, check_reference
from wire.epc.errors import EpcError
from wire.epc.plus import check_value
from wire.epc.tables import COMPANY_DIGITS_MAX, KEYS, SCHEME_OF_NAME, SERIAL_IS_NONE, Shape

if TYPE_CHECKING:
    from wire.epc.tables import Key, Scheme

TEXT_MAX: Final = 400
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_KEY_OF_AI: Final = {key.ai: key for key in KEYS.values()}
_FORMS: Final = "urn:epc:id:..., urn:epc:tag:..., a GS1 Digital Link, or (01)... (21)..."
_ESCAPE_CHARACTERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a text says: by parts where it tells the company prefix, else by the key's digits."""

    key: Key
    company: str | None = None
    reference: str = ""
    """As in a URI, or the whole key with its check digit where `company` is None."""
    serial: str | None = None
    scheme: Scheme | None = None
    filter: int | None = None


def parse(text: str) -> Named:
    """Return what a URI, Digital Link or element string names. Raises EpcError."""
    if len(text) > TEXT_MAX:
        why = f"{len(text)} characters, no identifier has more than {TEXT_MAX}"
        raise EpcError("identifier", text, why, "give one identifier")
    if text.startswith("urn:epc:id:"):
        return _pure(text)
    if text.startswith("urn:epc:tag:"):
        return _tag(text)
    if text.startswith(("https://", "http://")):
        return _link(text)
    if text.startswith("("):
        return _elements(text)
    raise EpcError("identifier", text, "is in no form that can be encoded", f"give {_FORMS}")


def _pure(text: str) -> Named:
    name, _, rest = text.removeprefix("urn:epc:id:").partition(":")
    key = KEYS.get(name)
    if key is None:
        why = f"{name!r} is no key that is known here"
        raise EpcError("URI", text, why, f"give one of {', '.join(KEYS)}")
    company, reference, serial = _parts(text, key, rest)
    return Named(key=key, company=company, reference=reference, serial=serial)


def _tag(text: str) -> Named:
    name, _, rest = text.removeprefix("urn:epc:tag:").partition(":")
    scheme = SCHEME_OF_NAME.get(name)
    if scheme is None:
        why = f"{name!r} is no scheme that is known here"
        raise EpcError("URI", text, why, f"give one of {', '.join(SCHEME_OF_NAME)}")
    first, _, rest = rest.partition(".")
    if first not in set("01234567"):
        raise EpcError("filter", first, "it has three bits", "give 0 to 7 ahead of the prefix")
    company, reference, serial = _parts(text, scheme.key, rest)
    return Named(
        key=scheme.key,
        company=company,
        reference=reference,
        serial=serial,
        scheme=scheme,
        filter=int(first),
    )


def _parts(text: str, key: Key, rest: str) -> tuple[str, str, str | None]:
    is_asset = key.shape is Shape.ASSET
    wanted = 3 if key.has_serial else 2
    parts = rest.split(".", wanted - 1) if key.has_serial or is_asset else rest.split(".")
    if len(parts) != wanted:
        why = f"{len(parts)} parts, {key.name} has {wanted}"
        raise EpcError("URI", text, why, "part company prefix, reference and serial by dots")
    company, reference = parts[0], parts[1]
    check_company(company)
    if is_asset:
        reference = _unescaped("asset reference", reference)
        check_characters("asset reference", reference, key.digits - len(company))
    else:
        check_reference(reference, key.reference_digits + COMPANY_DIGITS_MAX - len(company))
    serial = None
    if key.has_serial:
        serial = _unescaped("serial", parts[2])
        check_characters("serial", serial, key.serial_count_max)
    return company, reference, serial


def _unescaped(field: str, text: str) -> str:
    """Return the characters of a part of a URI. Raises EpcError for a bad or missing escape."""
    at = text.find("%")
    while at >= 0:
        digits = text[at + 1 : at + _ESCAPE_CHARACTERS]
        if len(digits) != _ESCAPE_CHARACTERS - 1 or set(digits) - set(string.hexdigits):
            raise EpcError(field, text, "a % without two hexadecimal digits", "write % as %25")
        at = text.find("%", at + _ESCAPE_CHARACTERS)
    bare = next((one for one in text if one in URI_ESCAPED and one != "%"), None)
    if bare is not None:
        why = f"{bare!r} must be escaped in a URI"
        raise EpcError(field, text, why, f"write %{ord(bare):02X}")
    return unquote(text, errors="replace")


def _link(text: str) -> Named:
    address, has_query, _ = text.partition("?")
    if has_query or "#" in text:
        why = "what follows ? or # has no place in an EPC"
        raise EpcError("Digital Link", text, why, "leave it out")
    segments = address.split("/")[3:]
    starts = [at for at, one in enumerate(segments) if one in _KEY_OF_AI]
    start = next((at for at in starts if (len(segments) - at) % 2 == 0), None)
    if start is None:
        why = "no key with its value stands in its path"
        raise EpcError("Digital Link", text, why, f"give one of {', '.join(_KEY_OF_AI)}")
    pairs = [
        (segments[at], _unescaped(f"({segments[at]})", segments[at + 1]))
        for at in range(start, len(segments), 2)
    ]
    key = _KEY_OF_AI[pairs[0][0]]
    allowed = {key.serial_ai} if key.serial_ai else set()
    others = [ai for ai, _ in pairs[1:]]
    if others and (len(others) > 1 or others[0] not in allowed):
        why = f"({others[0]}) has no place in an EPC of ({key.ai})"
        raise EpcError("Digital Link", text, why, "leave it out")
    value = pairs[0][1]
    if key.name == "sgtin" and len(value) in _GTIN_LENGTHS:
        value = value.zfill(key.digits)
    return _named(key, value, pairs[1][1] if others else None)


def _elements(text: str) -> Named:
    ai, closed, rest = text[1:].partition(")")
    key = _KEY_OF_AI.get(ai) if closed else None
    if key is None:
        why = f"({ai[:6]}) is no key that is known here"
        raise EpcError("element string", text, why, f"begin with one of {', '.join(_KEY_OF_AI)}")
    if not key.serial_ai:
        return _named(key, rest, None)
    value, rest = rest[: key.digits], rest[key.digits :]
    head = f"({key.serial_ai})"
    if rest and not rest.startswith(head):
        why = f"after ({key.ai}) and {key.digits} digits only {head} may follow"
        raise EpcError("element string", text, why, "leave the rest out")
    return _named(key, value, rest.removeprefix(head) if rest else None)


def _named(key: Key, value: str, serial: str | None) -> Named:
    if key.serial_is_inside:
        value, serial = value[: key.whole_digits], value[key.whole_digits :]
    check_value(key, value)
    if key.has_serial:
        if serial is None and key.name == "sgln":
            serial = SERIAL_IS_NONE
        if not serial:
            where = f"({key.serial_ai})" if key.serial_ai else "after the check digit"
            why = "has no serial: an EPC names one thing, not a class of things"
            raise EpcError(f"({key.ai})", value, why, f"give it {where}")
        check_characters("serial", serial, key.serial_count_max)
    return Named(key=key, reference=value, serial=serial)
