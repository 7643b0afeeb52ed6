"""The coding schemes as data: partition tables, tails, GS1 keys, headers (pure).

Source: GS1 Tag Data Standard 2.3, table 14-1 (headers), sections 14.6.1 to 14.6.9 (coding tables),
14.5.4 to 14.5.6 ("+" schemes), and the tables of Tag Data Translation 2.0 (B, E, F).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

PARTITIONS_COUNT: Final = 7
COMPANY_BITS: Final = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix by partition, which has 12 - partition digits."""
COMPANY_DIGITS_MAX: Final = 12
COMPANY_DIGITS_MIN: Final = 6
SERIAL_IS_NONE: Final = "0"
"""An SGLN with this extension is the location itself."""


class Tail(Enum):
    """What follows company prefix and reference."""

    INTEGER = "integer"
    STRING = "string"
    """7 bits a character, zeros after the last."""
    ZERO = "zero"


class Shape(Enum):
    """Where the reference stands in the GS1 key."""

    FIRST_DIGIT_AHEAD = "first digit ahead"
    """Indicator or extension digit, company prefix, rest, check digit (GTIN, SSCC)."""
    COMPANY_FIRST = "company first"
    """Company prefix, reference, check digit (GLN, GSRN)."""
    ASSET = "asset"
    """Company prefix and reference without a check digit (GIAI)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A GS1 key and how its identifiers are written."""

    name: str
    """As in urn:epc:id:NAME."""
    ai: str
    serial_ai: str = ""
    """Empty where the serial is part of the key's own element, or where there is none."""
    has_serial: bool = True
    shape: Shape = Shape.COMPANY_FIRST
    digits: int = 13
    """Digits of the key with its check digit; of a GIAI at most, with its characters."""
    reference_digits: int = 0
    """Digits of the reference beside a company prefix of 12; one more for each digit less."""
    whole_digits: int = 13
    """The same with what leads: digits of the element ahead of its serial."""
    serial_count_max: int = 0
    lead: str = ""
    """Digits that stand ahead of the key in its element: GRAI's filler 0."""

    @property
    def serial_is_inside(self) -> bool:
        """Whether the serial follows the key's digits in the same element."""
        return self.has_serial and not self.serial_ai and self.shape is not Shape.ASSET


_AHEAD = Shape.FIRST_DIGIT_AHEAD
KEYS: Final = {
    key.name: key
    for key in (
        Key(name="sgtin", ai="01", serial_ai="21", shape=_AHEAD, digits=14, whole_digits=14,
            reference_digits=1, serial_count_max=20),
        Key(name="sscc", ai="00", has_serial=False, shape=_AHEAD, digits=18, whole_digits=18,
            reference_digits=5),
        Key(name="sgln", ai="414", serial_ai="254", serial_count_max=20),
        Key(name="grai", ai="8003", whole_digits=14, serial_count_max=16, lead="0"),
        Key(name="giai", ai="8004", has_serial=False, shape=Shape.ASSET, digits=30),
        Key(name="gdti", ai="253", serial_count_max=17),
        Key(name="gsrn", ai="8018", has_serial=False, digits=18, whole_digits=18,
            reference_digits=5),
        Key(name="gsrnp", ai="8017", has_serial=False, digits=18, whole_digits=18,
            reference_digits=5),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A coding scheme with a partition value.

    Bits in this order: header 8, filter 3, partition 3, company prefix, reference, tail.
    """

    name: str
    header: int
    key: Key
    bits: int
    body_bits: int
    """Company prefix and reference together."""
    tail: Tail
    tail_bits: int = 0
    """0 where the reference itself is the tail (GIAI)."""


SCHEMES: Final = tuple(
    Scheme(name=name, header=header, key=KEYS[key], bits=bits, body_bits=body, tail=tail,
           tail_bits=tail_bits)
    for name, header, key, bits, body, tail, tail_bits in (
        ("sgtin-96", 0x30, "sgtin", 96, 44, Tail.INTEGER, 38),
        ("sgtin-198", 0x36, "sgtin", 198, 44, Tail.STRING, 140),
        ("sscc-96", 0x31, "sscc", 96, 58, Tail.ZERO, 24),
        ("sgln-96", 0x32, "sgln", 96, 41, Tail.INTEGER, 41),
        ("sgln-195", 0x39, "sgln", 195, 41, Tail.STRING, 140),
        ("grai-96", 0x33, "grai", 96, 44, Tail.INTEGER, 38),
        ("grai-170", 0x37, "grai", 170, 44, Tail.STRING, 112),
        ("giai-96", 0x34, "giai", 96, 82, Tail.INTEGER, 0),
        ("giai-202", 0x38, "giai", 202, 188, Tail.STRING, 0),
        ("gdti-96", 0x2C, "gdti", 96, 41, Tail.INTEGER, 41),
        ("gdti-174", 0x3E, "gdti", 174, 41, Tail.STRING, 119),
        ("gsrn-96", 0x2D, "gsrn", 96, 58, Tail.ZERO, 24),
        ("gsrnp-96", 0x2E, "gsrnp", 96, 58, Tail.ZERO, 24),
    )
)  # fmt: skip
SCHEME_OF_NAME: Final = {one.name: one for one in SCHEMES}

PLUS_KEYS: Final = {
    0xF7: KEYS["sgtin"], 0xF9: KEYS["sscc"], 0xF2: KEYS["sgln"], 0xF1: KEYS["grai"],
    0xFA: KEYS["giai"], 0xF6: KEYS["gdti"], 0xF4: KEYS["gsrn"], 0xF5: KEYS["gsrnp"],
}  # fmt: skip
"""The "+" schemes by header: header 8, +AIDC toggle 1, filter 3, then the key's elements."""
PLUS_HEADERS: Final = {f"{key.name}+": header for header, key in PLUS_KEYS.items()}

OTHER_SCHEMES: Final = {
    0x2F: "usdod-96", 0x35: "gid-96", 0x3A: "gdti-113 (deprecated)", 0x3B: "adi-var",
    0x3C: "cpi-96", 0x3D: "cpi-var", 0x3F: "sgcn-96", 0x40: "itip-110", 0x41: "itip-212",
    0xE6: "cpi++", 0xE7: "gsrn++", 0xE8: "gsrnp++", 0xE9: "sgln++", 0xEA: "gdti++",
    0xEB: "grai++", 0xEC: "sgcn++", 0xED: "itip++", 0xEE: "giai++", 0xEF: "sscc++",
    0xF0: "cpi+", 0xF3: "itip+", 0xF8: "sgcn+", 0xFB: "dsgtin+", 0xFC: "dsgtin++",
    0xFD: "sgtin++",
}  # fmt: skip
"""Schemes of the standard that are told by name and not decoded."""

NOT_EPC: Final = {
    0x00: ("an unprogrammed tag", "write an EPC to it, or leave it out by its header"),
    0xE2: (
        "a tag identifier (TID), not an EPC",
        "let the reader read the EPC bank, or leave the tag out by its header",
    ),
}
