"""EPCs: tag bits to identity and back, by the GS1 Tag Data Standard (pure).

`decode` takes hexadecimal digits and tells every form; `encode` takes any of these forms. Bits and
text that the standard forbids are refused with an EpcError that names field, value and remedy.
"""

from __future__ import annotations

import string

from wire.epc.characters import check_digit
from wire.epc.classic import HEADERS, LONGER, check_filter, decode_classic, encode_classic
from wire.epc.classic import fits_integer as _fits_integer
from wire.epc.errors import EpcError
from wire.epc.identity import Epc, key_value, split_value
from wire.epc.plus import decode_plus, encode_plus
from wire.epc.tables import (
    COMPANY_DIGITS_MAX,
    COMPANY_DIGITS_MIN,
    NOT_EPC,
    OTHER_SCHEMES,
    PLUS_HEADERS,
    PLUS_KEYS,
    SCHEME_OF_NAME,
    SCHEMES,
)
from wire.epc.text import Named, parse

__all__ = [
    "Epc",
    "EpcError",
    "check_digit",
    "decode",
    "encode",
    "hex_from_uri",
    "sscc18_from_uri",
    "uri_from_hex",
]

_SHORT = {scheme.key.name: scheme for scheme in reversed(SCHEMES) if scheme.bits == 96}  # noqa: PLR2004 - as named


def decode(text: str) -> Epc:
    """Return what the hexadecimal digits of a tag say. Raises EpcError with the reason."""
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        data = _from_odd(text, error)
    if not data:
        raise EpcError("EPC", "", "no bits at all", "give the hexadecimal digits of the EPC bank")
    header = data[0]
    if header in HEADERS:
        return decode_classic(data)
    if header in PLUS_KEYS:
        return decode_plus(data)
    if header in NOT_EPC:
        why, remedy = NOT_EPC[header]
        raise EpcError("header", f"{header:02X}", why, remedy)
    known = OTHER_SCHEMES.get(header)
    if known:
        remedy = "take the tag by its hexadecimal digits"
        raise EpcError("header", f"{header:02X}", f"{known} is not supported", remedy)
    remedy = "leave it out by its header, or write an EPC to the tag"
    raise EpcError("header", f"{header:02X}", "unknown: the tag bears no EPC of GS1", remedy)


def _from_odd(text: str, error: ValueError) -> bytes:
    """Return the bytes of an odd count of digits where a "+" scheme may end so; else refuse."""
    digits = "".join(text.split())
    if digits[:2] in {"0x", "0X"}:
        raise EpcError("EPC", text, "starts with 0x", "give the hexadecimal digits only") from error
    if not digits or set(digits) - set(string.hexdigits):
        why = "is not hexadecimal"
        raise EpcError("EPC", text, why, "give digits 0 to 9 and letters A to F") from error
    header = int(digits[:2], 16)
    is_plus = header in PLUS_KEYS or OTHER_SCHEMES.get(header, "").endswith("+")
    if is_plus and len(digits) % 2:
        return bytes.fromhex(f"{digits}0")  # The standard prints them without the last zeros.
    why = f"{len(digits)} hexadecimal digits: an odd count is no whole number of bytes"
    raise EpcError("EPC", text, why, "give two digits a byte") from error


def encode(
    text: str,
    *,
    filter_value: int | None = None,
    company_digits: int | None = None,
    scheme: str | None = None,
) -> str:
    """Return the hexadecimal digits, whole words, that bear an identity. Raises EpcError.

    Args:
        text: pure identity or tag URI, GS1 Digital Link, or element string with brackets.
        filter_value: 0 to 7; else what a tag URI says, else 0.
        company_digits: length of the company prefix, which links and element strings do not tell;
            without it they become a "+" scheme.
        scheme: as the standard names it; else the shortest that holds the identity.

    """
    named = parse(text)
    if filter_value is None:
        filter_value = named.filter or 0
    check_filter(filter_value)
    if scheme is None and named.scheme is not None:
        scheme = named.scheme.name
    if scheme is not None:
        _check_scheme(scheme, named)
    is_plus = scheme.endswith("+") if scheme else named.company is None and company_digits is None
    if is_plus:
        value = named.reference
        if named.company is not None:
            value = key_value(named.key.name, named.company, value)
        header = PLUS_HEADERS[f"{named.key.name}+"]
        return encode_plus(header, filter_value=filter_value, value=value, serial=named.serial)
    company, reference = _split(text, named, company_digits)
    chosen = SCHEME_OF_NAME[scheme] if scheme else _SHORT[named.key.name]
    fits = _fits_integer(chosen, company=company, reference=reference, serial=named.serial)
    if scheme is None and not fits:
        chosen = SCHEME_OF_NAME[LONGER[named.key.name]]
    return encode_classic(
        chosen,
        filter_value=filter_value,
        company=company,
        reference=reference,
        serial=named.serial,
    )


def _check_scheme(scheme: str, named: Named) -> None:
    known = [*SCHEME_OF_NAME, *PLUS_HEADERS]
    fitting = [one for one in known if one.rstrip("+").split("-")[0] == named.key.name]
    if scheme not in fitting:
        why = f"does not hold a {named.key.name}" if scheme in known else "is not known here"
        raise EpcError("scheme", scheme, why, f"give one of {', '.join(fitting)}")


def _split(text: str, named: Named, company_digits: int | None) -> tuple[str, str]:
    if named.company is not None:
        return named.company, named.reference
    if company_digits is None:
        why = "does not tell how long its company prefix is"
        raise EpcError("identifier", text, why, 'give the prefix\'s digits, or a "+" scheme')
    if not COMPANY_DIGITS_MIN <= company_digits <= COMPANY_DIGITS_MAX:
        raise EpcError("company digits", company_digits, "a prefix has 6 to 12", "give its length")
    return split_value(named.key.name, named.reference, company_digits)


def hex_from_uri(uri: str, *, filter_value: int = 0) -> str:
    """Return the hexadecimal digits of a pure identity URI. Raises EpcError."""
    if not uri.startswith("urn:epc:id:"):
        why = "is no pure identity URI"
        raise EpcError("URI", uri, why, "give urn:epc:id:sgtin:... or its like")
    return encode(uri, filter_value=filter_value)


def uri_from_hex(text: str) -> str:
    """Return the URI of a tag: its pure identity, or its Digital Link where it has none ("+").

    Raises EpcError.
    """
    epc = decode(text)
    return epc.uri or epc.digital_link


def sscc18_from_uri(uri: str) -> str:
    """Return the 18 digits on the label of an SSCC's URI or Digital Link. Raises EpcError."""
    named = parse(uri)
    if named.key.name != "sscc":
        why = f"is a {named.key.name}, no SSCC"
        raise EpcError("URI", uri, why, "give urn:epc:id:sscc:PREFIX.REFERENCE")
    if named.company is None:
        return named.reference
    return key_value("sscc", named.company, named.reference)
