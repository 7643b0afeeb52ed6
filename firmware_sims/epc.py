"""SSCC-96 and SGTIN-96 written from the Tag Data Standard's tables (pure).

Source: GS1 TDS 2.x sections 14.6.1 and 14.6.2; company prefix of seven digits: partition 5.
"""

from __future__ import annotations

from typing import Final

_SGTIN_HEADER: Final = 0x30
_SSCC_HEADER: Final = 0x31
_PARTITION_OF_SEVEN_DIGITS: Final = 5
FILTER_CASE: Final = 2
FILTER_PALLET: Final = 2


def sgtin96(company: str, item: str, serial: int, *, filter_value: int = FILTER_CASE) -> bytes:
    """Encode a carton: `company` 7 digits, `item` 6 digits (indicator first), serial < 2**38."""
    _check(company, 7)
    _check(item, 6)
    bits = _SGTIN_HEADER
    for value, width in (
        (filter_value, 3),
        (_PARTITION_OF_SEVEN_DIGITS, 3),
        (int(company), 24),
        (int(item), 20),
        (serial, 38),
    ):
        bits = _push(bits, value, width)
    return bits.to_bytes(12, "big")


def sscc96(company: str, reference: str, *, filter_value: int = FILTER_PALLET) -> bytes:
    """Encode a pallet: `company` 7 digits, `reference` 10 digits (extension first)."""
    _check(company, 7)
    _check(reference, 10)
    bits = _SSCC_HEADER
    for value, width in (
        (filter_value, 3),
        (_PARTITION_OF_SEVEN_DIGITS, 3),
        (int(company), 24),
        (int(reference), 34),
        (0, 24),
    ):
        bits = _push(bits, value, width)
    return bits.to_bytes(12, "big")


def sscc18(company: str, reference: str) -> str:
    """Return the 18 digits that a label shows: extension, company, serial, check digit."""
    body = reference[0] + company + reference[1:]
    return body + check_digit(body)


def gtin14(company: str, item: str) -> str:
    """Return the 14 digits of a trade item."""
    body = item[0] + company + item[1:]
    return body + check_digit(body)


def sgtin_uri(company: str, item: str, serial: int) -> str:
    """Return the pure identity URI of a carton."""
    return f"urn:epc:id:sgtin:{company}.{item}.{serial}"


def check_digit(body: str) -> str:
    """Return the GS1 check digit: weights 3, 1, 3 ... from the right."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _push(bits: int, value: int, width: int) -> int:
    if not 0 <= value < 1 << width:
        raise ValueError(f"{value} does not fit into {width} bits")
    return bits << width | value


def _check(text: str, count: int) -> None:
    if len(text) != count or not text.isdigit():
        raise ValueError(f"{text!r} is not {count} digits")
