"""SGTIN-96 and SSCC-96: tag bits to pure identity and back (pure).

Source: GS1 Tag Data Standard 2.x, sections 14.2 (partition tables), 14.6.1, 14.6.2 and 6.3.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

SGTIN_96: Final = 0x30
SSCC_96: Final = 0x31
_BYTES: Final = 12
_PARTITIONS_COUNT: Final = 7
_COMPANY_BITS: Final = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix by partition; it has 12 - partition digits."""
_SGTIN_REST_BITS: Final = 44
_SSCC_REST_BITS: Final = 58
_OTHER_SCHEMES: Final = {
    0x2C: "gdti-96", 0x2D: "gsrn-96", 0x2E: "gsrnp-96", 0x2F: "usdod-96", 0x32: "sgln-96",
    0x33: "grai-96", 0x34: "giai-96", 0x35: "gid-96", 0x36: "sgtin-198", 0x37: "grai-170",
    0x38: "giai-202", 0x39: "sgln-195", 0xF7: "sgtin+", 0xF9: "sscc+",
}  # fmt: skip
_NOT_EPC: Final = {0x00: "an unprogrammed tag", 0xE2: "a tag identifier (TID), not an EPC"}


class EpcError(ValueError):
    """Bits that are no EPC we can decode; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epc:
    """A decoded tag."""

    hex: str
    """24 upper-case hex digits."""
    scheme: str
    filter: int
    uri: str
    """Pure identity: it does not bear the filter."""


def decode(text: str) -> Epc:
    """Return what 24 hex digits say. Raises EpcError with the reason."""
    if text[:2] in {"0x", "0X"}:
        raise EpcError("starts with 0x: give the hexadecimal digits only")
    digits = "".join(text.split())
    if len(digits) % 2 and all(one in string.hexdigits for one in digits):
        raise EpcError(
            f"{len(digits)} hexadecimal digits: an odd count is no whole number of bytes"
        )
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise EpcError(f"{text[:40]!r} is not hexadecimal") from error
    if not data:
        raise EpcError("no bits at all")
    header = data[0]
    if header in _NOT_EPC:
        raise EpcError(f"header {header:02X}: {_NOT_EPC[header]}")
    if header not in {SGTIN_96, SSCC_96}:
        known = _OTHER_SCHEMES.get(header)
        raise EpcError(
            f"header {header:02X}: {f'{known} is not supported' if known else 'unknown'}"
        )
    if len(data) != _BYTES:
        raise EpcError(f"{8 * len(data)} bits, a 96-bit scheme has 96")
    bits = int.from_bytes(data, "big")
    filter_value, partition = bits >> 85 & 0b111, bits >> 82 & 0b111
    if partition >= _PARTITIONS_COUNT:
        raise EpcError("partition 7 is not defined")
    company_bits, company_digits = _COMPANY_BITS[partition], 12 - partition
    company = bits >> (82 - company_bits) & (1 << company_bits) - 1
    if company >= 10**company_digits:
        raise EpcError(f"company prefix {company} has more than {company_digits} digits")
    if header == SGTIN_96:
        scheme, rest = "sgtin", _sgtin_rest(bits, company_bits, partition)
    else:
        scheme, rest = "sscc", _sscc_rest(bits, company_bits, partition)
    return Epc(
        hex=data.hex().upper(),
        scheme=f"{scheme}-96",
        filter=filter_value,
        uri=f"urn:epc:id:{scheme}:{company:0{company_digits}d}.{rest}",
    )


def _sgtin_rest(bits: int, company_bits: int, partition: int) -> str:
    width, digits = _SGTIN_REST_BITS - company_bits, partition + 1
    item = bits >> 38 & (1 << width) - 1
    if item >= 10**digits:
        raise EpcError(f"item reference {item} has more than {digits} digits")
    return f"{item:0{digits}d}.{bits & (1 << 38) - 1}"


def _sscc_rest(bits: int, company_bits: int, partition: int) -> str:
    width, digits = _SSCC_REST_BITS - company_bits, partition + 5
    reference = bits >> 24 & (1 << width) - 1
    if reference >= 10**digits:
        raise EpcError(f"serial reference {reference} has more than {digits} digits")
    if bits & (1 << 24) - 1:
        raise EpcError("the 24 bits after the serial reference are not zero")
    return f"{reference:0{digits}d}"


def hex_from_uri(uri: str, *, filter_value: int = 0) -> str:
    """Return the 24 hex digits of an SGTIN or SSCC. Raises EpcError."""
    scheme, parts = _parts(uri)
    company, rest = parts[0], parts[1]
    partition = 12 - len(company)
    if not 0 <= partition < _PARTITIONS_COUNT:
        raise EpcError(f"{uri!r}: a company prefix has 6 to 12 digits")
    wanted = partition + (1 if scheme == "sgtin" else 5)
    if len(rest) != wanted:
        raise EpcError(f"{uri!r}: {wanted} digits follow a company prefix of {len(company)}")
    company_bits = _COMPANY_BITS[partition]
    header = SGTIN_96 if scheme == "sgtin" else SSCC_96
    bits = ((header << 3 | filter_value) << 3 | partition) << company_bits | int(company)
    if scheme == "sgtin":
        serial = int(parts[2])
        if serial >= 1 << 38 or str(serial) != parts[2]:
            raise EpcError(f"{uri!r}: the serial does not fit into SGTIN-96")
        bits = (bits << (_SGTIN_REST_BITS - company_bits) | int(rest)) << 38 | serial
    else:
        bits = (bits << (_SSCC_REST_BITS - company_bits) | int(rest)) << 24
    return f"{bits:024X}"


def _parts(uri: str) -> tuple[str, list[str]]:
    head, _, rest = uri.rpartition(":")
    scheme = head.removeprefix("urn:epc:id:")
    parts = rest.split(".")
    count = {"sgtin": 3, "sscc": 2}.get(scheme)
    if count is None or len(parts) != count or not all(p.isascii() and p.isdigit() for p in parts):
        raise EpcError(f"{uri[:80]!r} is no SGTIN or SSCC pure identity URI")
    return scheme, parts


def uri_from_hex(text: str) -> str:
    """Return the pure identity URI of 24 hex digits. Raises EpcError."""
    return decode(text).uri


def sscc18_from_uri(uri: str) -> str:
    """Return the 18 digits on the label of an SSCC's URI. Raises EpcError."""
    scheme, parts = _parts(uri)
    if scheme != "sscc":
        raise EpcError(f"{uri[:80]!r} is no SSCC")
    company, reference = parts
    body = reference[0] + company + reference[1:]
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Return the GS1 check digit of the digits before it."""
    total = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(reversed(body)))
    return str(-total % 10)
