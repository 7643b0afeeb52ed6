"""The shape of a reading's body: all of it but the digits of its numbers (pure).

A device says the same thing again and again with other numbers. So the first body of a shape is
judged in full by `wire.telemetry.read_fields`, and what is learnt from it is where its numbers
stand and how its line reads. In the next bodies of that shape only digits differ: no field comes
or goes, none changes its type, and no rule of ours looks at a digit but the ones checked here.
A body of which that can't be promised has no shape and is read in full each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from wire.telemetry import DIGIT_FREE

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.telemetry import Fields

DIGITS: Final = bytes.maketrans(b"0123456789", b"1111111111")
"""`body.translate(DIGITS)` is the key of a body's shape."""
BODY_BYTES_MAX: Final = 512
LINES_COUNT_MAX: Final = 2_000
"""Of one kind; then they are learnt anew. One is less than 3 kB."""
T_NS_MAX: Final = b"%d" % 2**62
"""Times are compared as text: all have its nineteen digits."""
ZERO: Final = ord("0")
_NUMBER_DIGITS_MAX: Final = 15
"""What a double holds exactly, and far from what overflows an integer."""
_PAIR: Final = re.compile(
    rb'"(?P<key>[^"\\\x00-\x1f]*)":'
    rb'(?:"(?P<text>[^"\\\x00-\x1f]*)"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)|null)'
    rb"(?P<end>[,}])"
)
_HAS_DIGIT: Final = re.compile(rb"[0-9]")

Cut: TypeAlias = "Callable[[bytes], tuple[bytes, ...]]"


@dataclass(slots=True, kw_only=True)
class Line:
    """How the bodies of a shape read as line protocol, behind measurement, device, edge and site.

    `form % cut(body)` is `,zone=... field=...,field=... time`.
    """

    form: bytes
    cut: Cut
    """The numbers of the form in its order; the time is last."""
    heads: Callable[[bytes], tuple[int, ...]]
    """First digits of what has several before its point: a zero there is no number in JSON."""


@dataclass(slots=True, kw_only=True)
class Shape:
    """One shape: a line, or one for each text where texts or keys hold digits themselves."""

    fixed: Cut | None
    line: Line
    variants: dict[tuple[bytes, ...], Line] = field(default_factory=dict)

    def line_of(self, body: bytes) -> Line | None:
        """Return how a body of this shape reads."""
        return self.line if self.fixed is None else self.variants.get(self.fixed(body))


@dataclass(slots=True)
class Shapes:
    """What was learnt of one kind of readings."""

    kind: str
    by_key: dict[bytes, Shape] = field(default_factory=dict)
    lines_count: int = 0

    def learn(self, body: bytes, fields: Fields) -> None:
        """Learn the shape of a body that was read as `fields`, where it has one."""
        if len(body) > BODY_BYTES_MAX:
            return
        found = _line_and_fixed(self.kind, body, fields)
        if found is None:
            return
        line, fixed = found
        if self.lines_count >= LINES_COUNT_MAX:
            self.by_key.clear()
            self.lines_count = 0
        self.lines_count += 1
        key = body.translate(DIGITS)
        held = self.by_key.get(key)
        if held is None:
            held = self.by_key[key] = Shape(fixed=_cut(fixed) if fixed else None, line=line)
        if held.fixed is not None:
            held.variants[held.fixed(body)] = line


def _line_and_fixed(kind: str, body: bytes, fields: Fields) -> tuple[Line, list[slice]] | None:
    """Return how a body reads, and its keys and texts with digits; None where it has no shape."""
    pairs = _pairs(body)
    keys = {pair["key"] for pair in pairs}
    if not pairs or len(keys) != len(pairs):  # Said twice, the last one would count.
        return None
    made = _Making(fields=fields, free=DIGIT_FREE[kind])
    if not all(made.take(pair["key"].decode(), pair) for pair in pairs) or made.time is None:
        return None
    line = Line(
        form=made.zone + b" " + b",".join(made.told) + b" %b",
        cut=_cut([*made.numbers, made.time]),
        # Twice, so that a tuple comes where it is the only one.
        heads=itemgetter(made.time.start, made.time.start, *made.heads),
    )
    return line, made.fixed


def _pairs(body: bytes) -> list[re.Match[bytes]]:
    """Return the members of a flat object without blanks, none where it is something else."""
    pairs: list[re.Match[bytes]] = []
    at = 1
    while (pair := _PAIR.match(body, at)) is not None:
        pairs.append(pair)
        at = pair.end()
        if pair["end"] == b"}":
            break
    return pairs if at == len(body) and body[:1] == b"{" else []


@dataclass(slots=True, kw_only=True)
class _Making:
    """A line as its members are looked at one by one."""

    fields: Fields
    free: frozenset[str]
    zone: bytes = b""
    told: list[bytes] = field(default_factory=list)
    numbers: list[slice] = field(default_factory=list)
    time: slice | None = None
    heads: list[int] = field(default_factory=list)
    fixed: list[slice] = field(default_factory=list)

    def take(self, key: str, pair: re.Match[bytes]) -> bool:
        """Look at one member; tell whether the body may still have a shape."""
        is_odd = _HAS_DIGIT.search(pair["key"]) is not None
        if is_odd:
            self.fixed.append(slice(*pair.span("key")))
        if pair["number"] is not None:
            return self._take_number(key, pair)
        if pair["text"] is None:
            return True
        if (is_odd or key in self.fields) and _HAS_DIGIT.search(pair["text"]):
            self.fixed.append(slice(*pair.span("text")))
        if key in self.fields:
            text = _literal(pair["text"])
            if key == "zone":
                self.zone = b",zone=" + text
            else:
                self.told.append(_literal(pair["key"]) + b'="' + text + b'"')
        return True

    def _take_number(self, key: str, pair: re.Match[bytes]) -> bool:
        number, span = pair["number"], slice(*pair.span("number"))
        digits = number.removeprefix(b"-")
        if len(digits.partition(b".")[0]) > 1:
            self.heads.append(span.stop - len(digits))
        if key == "t_ns":
            self.time = span
            return len(number) == len(T_NS_MAX)
        if key not in self.fields:
            return True
        form = _form(number, self.fields[key])
        if form is None or key not in self.free:
            return False
        self.told.append(_literal(pair["key"]) + b"=" + form)
        self.numbers.append(span)
        return True


def _form(number: bytes, value: object) -> bytes | None:
    """Return how a number of these digits is written in line protocol, None when it varies."""
    if sum(0x30 <= one <= 0x39 for one in number) > _NUMBER_DIGITS_MAX:  # noqa: PLR2004 - 0 to 9
        return None
    if isinstance(value, float):
        return b"%b" if b"." in number else b"%b.0"
    if type(value) is int and number.isdigit():
        return b"%bi"
    return None


def _literal(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def _cut(slices: list[slice]) -> Cut:
    if len(slices) == 1:
        only = slices[0]
        return lambda body: (body[only],)
    return itemgetter(*slices)
