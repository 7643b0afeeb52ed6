"""Which type, word order and scale turn a device's registers into what its display shows (pure).

A person reads the display a few times and gives the words with it; every candidate that explains
all samples is kept, the plainest first. Two samples that differ tell most orders apart: 21.5 alone
may be a float or an integer in tenths, 21.5 and 22.1 hardly both.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
ORDERS: Final[tuple[Order, ...]] = ("ABCD", "CDAB", "BADC", "DCBA")
"""ABCD: high word and high byte first; CDAB: low word first; BADC: bytes of a word exchanged."""
SCALES: Final = (1.0, 0.1, 0.01, 0.001, 10.0, 100.0)
_TYPES: Final = {
    "int16": ("h", 1), "uint16": ("H", 1), "float32": ("f", 2), "int32": ("i", 2),
    "uint32": ("I", 2), "float64": ("d", 4), "int64": ("q", 4), "uint64": ("Q", 4),
}  # fmt: skip
"""Type: struct's letter, words."""
_PLAIN: Final = tuple(_TYPES)
"""In the order in which equals are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the registers held while the display showed a value."""

    words: tuple[int, ...]
    """From the first register asked for, each 0 to 65,535, as read."""
    shown: float
    decimals: int = 0
    """Of the display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to read a register."""

    offset: int
    """Words behind the first one given."""
    type: str
    order: Order
    scale: float
    error_max: float
    """The worst difference from what was shown, in the value's unit."""


def sample_from(words: Sequence[str], shown: str) -> Sample:
    """Return a sample as a person types it: words in hex (0x optional), the display's digits.

    Raises ValueError that names the part and the form.
    """
    numbers = []
    for text in words:
        try:
            number = int(text, 16)
        except ValueError as error:
            raise ValueError(f"{text!r} is no word in hex: give 41AC or 0x41AC") from error
        if not 0 <= number <= 0xFFFF:  # noqa: PLR2004 - a register
            raise ValueError(f"{text!r} does not fit a register: 0 to FFFF")
        numbers.append(number)
    try:
        value = float(shown)
    except ValueError as error:
        raise ValueError(f"{shown!r} is no number: give what the display shows, 21.5") from error
    if not math.isfinite(value):
        raise ValueError(f"{shown!r} is no number that a display shows")
    if not numbers:
        raise ValueError("no words: give the registers as read, 41AC 0000")
    decimals = len(shown.partition(".")[2])
    return Sample(words=tuple(numbers), shown=value, decimals=decimals)


def candidates(samples: Sequence[Sample]) -> list[Candidate]:
    """Return every way that explains all samples to the display's last digit, best first."""
    assert samples
    count = min(len(sample.words) for sample in samples)
    found = [
        candidate
        for offset, kind, order, scale in _ways(count)
        if (candidate := _judged(samples, offset, kind, order, scale)) is not None
    ]
    return sorted(found, key=_rank)


def value_of(words: Sequence[int], kind: str, order: Order) -> float:
    """Return the number that these words are, unscaled."""
    letter, count = _TYPES[kind]
    assert len(words) == count
    ordered = list(words)
    if order in {"CDAB", "DCBA"}:
        ordered.reverse()
    if order in {"BADC", "DCBA"}:
        ordered = [(word & 0xFF) << 8 | word >> 8 for word in ordered]
    return float(struct.unpack(f">{letter}", struct.pack(f">{count}H", *ordered))[0])


def _ways(count: int) -> Iterator[tuple[int, str, Order, float]]:
    for kind, (_, size) in _TYPES.items():
        for offset in range(count - size + 1):
            orders: tuple[Order, ...] = ORDERS if size > 1 else ("ABCD", "BADC")
            for order, scale in product(orders, SCALES):
                yield offset, kind, order, scale


def _judged(
    samples: Sequence[Sample], offset: int, kind: str, order: Order, scale: float
) -> Candidate | None:
    worst = 0.0
    size = _TYPES[kind][1]
    for sample in samples:
        value = value_of(sample.words[offset : offset + size], kind, order) * scale
        error = abs(value - sample.shown)
        # Some displays round, some cut: either way it is less than one of the last digit.
        if not error < 10.0**-sample.decimals:
            return None
        worst = max(worst, error)
    return Candidate(offset=offset, type=kind, order=order, scale=scale, error_max=worst)


def _rank(one: Candidate) -> tuple[float, int, int, int, int]:
    """Order by error first, then by what devices do most often."""
    return (
        round(one.error_max, 9),
        one.offset,
        _PLAIN.index(one.type),
        ORDERS.index(one.order),
        SCALES.index(one.scale),
    )
