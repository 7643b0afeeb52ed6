"""Schemes with a partition value, SGTIN-96 and its like: bits to identity and back (pure).

Source: Tag Data Standard 2.3, sections 14.3 (encoding), 14.4 (decoding) and 14.6 (coding tables).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from wire.epc.characters import bits_from_string, check_characters, string_from_bits
from wire.epc.errors import EpcError
from wire.epc.identity import Epc
from wire.epc.tables import (
    COMPANY_BITS,
    COMPANY_DIGITS_MAX,
    COMPANY_DIGITS_MIN,
    PARTITIONS_COUNT,
    SCHEMES,
    Scheme,
    Shape,
    Tail,
)

FILTER_MAX: Final = 7
_REMEDY: Final = "write the tag again"


class _Row(NamedTuple):
    """One scheme at one partition, ready to cut bits with."""

    company_shift: int
    company_mask: int
    company_limit: int
    company_digits: int
    reference_shift: int
    reference_mask: int
    reference_limit: int
    reference_digits: int
    reference_bits: int


class _Layout(NamedTuple):
    scheme: Scheme
    name: str
    key: str
    bits: int
    sizes: frozenset[int]
    """Bytes that a reader may give: whole bytes or whole words around the bits."""
    tail_bits: int
    tail_mask: int
    is_integer: bool
    rows: tuple[_Row, ...]


def _layout(scheme: Scheme) -> _Layout:
    rows = []
    for partition, company_bits in enumerate(COMPANY_BITS):
        reference_bits = scheme.body_bits - company_bits
        company_digits = COMPANY_DIGITS_MAX - partition
        digits = scheme.key.reference_digits + partition
        rows.append(
            _Row(
                company_shift=reference_bits + scheme.tail_bits,
                company_mask=(1 << company_bits) - 1,
                company_limit=10**company_digits,
                company_digits=company_digits,
                reference_shift=scheme.tail_bits,
                reference_mask=(1 << reference_bits) - 1,
                reference_limit=10**digits,
                reference_digits=digits,
                reference_bits=reference_bits,
            )
        )
    return _Layout(
        scheme=scheme,
        name=scheme.name,
        key=scheme.key.name,
        bits=scheme.bits,
        sizes=frozenset({-(-scheme.bits // 8), -(-scheme.bits // 16) * 2}),
        tail_bits=scheme.tail_bits,
        tail_mask=(1 << scheme.tail_bits) - 1,
        is_integer=scheme.tail is Tail.INTEGER,
        rows=tuple(rows),
    )


_LAYOUTS: Final = {scheme.header: _layout(scheme) for scheme in SCHEMES}
HEADERS: Final = frozenset(_LAYOUTS)


def decode_classic(data: bytes) -> Epc:
    """Return what the bytes of a tag with one of HEADERS say. Raises EpcError."""
    scheme, name, key, width, sizes, tail_bits, tail_mask, is_integer, rows = _LAYOUTS[data[0]]
    if len(data) not in sizes:
        why = f"{8 * len(data)} bits, {name} has {width}"
        remedy = "let the reader give the whole EPC bank, as long as its PC word tells"
        raise EpcError("EPC", data.hex().upper(), why, remedy)
    bits = int.from_bytes(data, "big")
    spare_bits = 8 * len(data) - width
    if spare_bits:
        spare = bits & (1 << spare_bits) - 1
        if spare:
            why = f"the {spare_bits} bits after the {width} of {name} are not zero"
            raise EpcError("padding", f"{spare:X}", why, _REMEDY)
        bits >>= spare_bits
    partition = data[1] >> 2 & 0b111
    if partition >= PARTITIONS_COUNT:
        raise EpcError("partition", partition, "only 0 to 6 are defined", _REMEDY)
    (
        company_shift,
        company_mask,
        company_limit,
        company_digits,
        shift,
        mask,
        limit,
        digits,
        reference_bits,
    ) = rows[partition]
    company = bits >> company_shift & company_mask
    if company >= company_limit:
        why = f"has more than the {company_digits} digits of partition {partition}"
        raise EpcError("company prefix", company, why, _REMEDY)
    company_text = str(company).zfill(company_digits)
    reference = bits >> shift & mask
    serial = None
    if not tail_bits:
        text = str(reference)
        if not is_integer:
            count_max = scheme.key.digits - company_digits
            text = string_from_bits("asset reference", reference, reference_bits, count_max)
        return Epc(data.hex().upper(), name, data[1] >> 5, key, company_text, text, None)
    if reference >= limit:
        why = f"has more than the {digits} digits of partition {partition}"
        raise EpcError("reference", reference, why, _REMEDY)
    serial = str(bits & tail_mask) if is_integer else _serial(scheme, bits & tail_mask)
    text = str(reference).zfill(digits) if digits else ""
    return Epc(data.hex().upper(), name, data[1] >> 5, key, company_text, text, serial)


def _serial(scheme: Scheme, tail: int) -> str | None:
    if scheme.tail is Tail.STRING:
        return string_from_bits("serial", tail, scheme.tail_bits, scheme.key.serial_count_max)
    if tail:
        why = f"the {scheme.tail_bits} bits after the reference are not zero"
        raise EpcError("reserved bits", f"{tail:06X}", why, _REMEDY)
    return None


def encode_classic(
    scheme: Scheme, *, filter_value: int, company: str, reference: str, serial: str | None
) -> str:
    """Return the hexadecimal digits, whole words, of an identity. Raises EpcError."""
    check_filter(filter_value)
    check_company(company)
    partition = COMPANY_DIGITS_MAX - len(company)
    row = _LAYOUTS[scheme.header].rows[partition]
    head = (scheme.header << 3 | filter_value) << 3 | partition
    bits = head << COMPANY_BITS[partition] | int(company)
    if scheme.tail_bits:
        check_reference(reference, row.reference_digits)
        bits = bits << row.reference_bits | int(reference or "0")
        bits = bits << scheme.tail_bits | _tail(scheme, serial)
    else:
        count_max = scheme.key.digits - len(company)
        bits = bits << row.reference_bits | _text(
            scheme, "asset reference", reference, row.reference_bits, count_max
        )
    words = -(-scheme.bits // 16)
    return f"{bits << 16 * words - scheme.bits:0{4 * words}X}"


def check_filter(filter_value: int) -> None:
    """Raise EpcError unless a filter has three bits."""
    if not 0 <= filter_value <= FILTER_MAX:
        raise EpcError("filter", filter_value, "it has three bits", "give 0 to 7")


def check_company(company: str) -> None:
    """Raise EpcError unless a company prefix has 6 to 12 digits."""
    is_number = company.isascii() and company.isdigit()
    if not is_number or not COMPANY_DIGITS_MIN <= len(company) <= COMPANY_DIGITS_MAX:
        why = "a company prefix has 6 to 12 digits"
        raise EpcError("company prefix", company, why, "give it as GS1 assigned it")


def check_reference(reference: str, digits: int) -> None:
    """Raise EpcError unless a reference has as many digits as its company prefix leaves."""
    if len(reference) != digits or (
        reference and not (reference.isascii() and reference.isdigit())
    ):
        why = f"{digits} digits follow a company prefix of this length"
        raise EpcError("reference", reference, why, "fill it up with zeros on the left")


def _tail(scheme: Scheme, serial: str | None) -> int:
    if scheme.tail is Tail.ZERO:
        return 0
    return _text(scheme, "serial", serial or "", scheme.tail_bits, scheme.key.serial_count_max)


def _text(scheme: Scheme, field: str, text: str, width: int, count_max: int) -> int:
    if scheme.tail is Tail.STRING:
        check_characters(field, text, count_max)
        return bits_from_string(text, width)
    longer = LONGER[scheme.key.name]
    if not (text.isascii() and text.isdigit()):
        raise EpcError(field, text, f"{scheme.name} holds a number only", f"use {longer}")
    if len(text) > 1 and text[0] == "0":
        why = f"{scheme.name} loses its leading zeros"
        raise EpcError(field, text, why, f"leave them out if they mean nothing, or use {longer}")
    # The longest number has 62 bits: longer text is not even turned into a number.
    if len(text) > count_max or len(text) > width or int(text) >> width:
        why = f"does not fit into the {width} bits of {scheme.name}"
        raise EpcError(field, text, why, f"use {longer}, or give at most {(1 << width) - 1}")
    return int(text)


LONGER: Final = {scheme.key.name: scheme.name for scheme in SCHEMES if scheme.tail is Tail.STRING}
"""By key, the scheme that also holds letters and leading zeros."""


def fits_integer(scheme: Scheme, *, company: str, reference: str, serial: str | None) -> bool:
    """Tell whether the 96-bit scheme holds the serial, or a GIAI's reference."""
    if scheme.tail is not Tail.INTEGER:
        return True
    if scheme.key.shape is Shape.ASSET:
        text, width = reference, scheme.body_bits - COMPANY_BITS[COMPANY_DIGITS_MAX - len(company)]
    else:
        text, width = serial or "", scheme.tail_bits
    is_number = text.isascii() and text.isdigit() and str(int(text[:30])) == text
    return is_number and not int(text) >> width
