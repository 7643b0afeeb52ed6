"""A&D standard format: header, comma, sign and eight characters, unit of three, CR LF (pure).

Source: A&D manuals (EK-L, EK-AEP, GC series): `ST` stable, `US` unstable, `OL` out of range with
its sign, `QT` a count. The digits are padded with zeros, the unit with spaces. With a comparator a
second header stands between (`LO`, `OK`, `HI`, `--`). `EC,Exx` refuses a command, 06h takes one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 32
_FRAME: Final = re.compile(
    r"(ST|US|OL|QT|UW),(?:(?:LO|OK|HI|--),)?([+-])([ 0-9.E+]{0,11}?) *([A-Za-z%]{1,3}|) ?"
)
_ANSWER: Final = re.compile(r"(EC),(E[0-9]{2})|(ID|SN|TN),(.{1,20})")
_UNIT_COLUMNS: Final = 3
ACKNOWLEDGED: Final = b"\x06"
_IS_STABLE: Final = {"ST": True, "US": False}


class AndCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\r\n", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes) -> Reading:
    """Return the reading of one line without its end."""
    frame_hex = told_hex(line + b"\r\n")
    if line in {ACKNOWLEDGED, b"AK"}:
        return Told(head="AK", text="", frame_hex=frame_hex)
    if not line.isascii():
        return FrameCorrupt(reason="no A&D line", frame_hex=frame_hex)
    text = line.decode("ascii")
    match = _FRAME.fullmatch(text)
    if match is None:
        answer = _ANSWER.fullmatch(text)
        if answer is None:
            return FrameCorrupt(reason="no A&D line", frame_hex=frame_hex)
        head, _, rest = text.partition(",")
        return Told(head=head, text=rest, frame_hex=frame_hex)
    header, sign, digits, unit = match.groups()
    shown = text[match.start(2) :].strip()
    if header in {"QT", "UW"}:
        return Told(head=header, text=shown, frame_hex=frame_hex)
    value = number_from(sign + digits) if header != "OL" else None
    if header != "OL" and len(text) - match.end(3) < _UNIT_COLUMNS:
        return FrameCorrupt(reason="the columns of the unit are missing", frame_hex=frame_hex)
    if value is None and header != "OL":
        return FrameCorrupt(reason=f"no number: {digits.strip()!r}", frame_hex=frame_hex)
    return Weighed(
        value=value,
        unit=unit,
        is_stable=_IS_STABLE.get(header),
        range="ok" if header != "OL" else "over" if sign == "+" else "under",
        text=shown,
        frame_hex=frame_hex,
    )
