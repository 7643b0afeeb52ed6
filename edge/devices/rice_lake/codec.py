"""Rice Lake STR-1 (also IQ355): STX, polarity, seven of weight, unit, G/N, status (pure).

Source: Rice Lake 480 and 482 manuals (STR-1), Cardinal 200 manual (IQ355). CR LF or CR ends the
twelve bytes. Status: space valid, I invalid, M motion, O over or under range, Z centre of zero.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from typing import Literal

    from edge.readings import WeightRange

    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 24
_FRAME: Final = re.compile(rb"\n?\x02([ +-])([ 0-9.]{7})([LKTGO ])([GN])([ IMOZ])")
_ANSWER: Final = re.compile(rb"\n?(OK|\?\?)")
_UNITS: Final = {"L": "lb", "K": "kg", "G": "g", "O": "oz", " ": ""}
_TONS: Final = {"metric": "t", "short": "tn"}


class RiceLakeCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self, *, ton: Literal["metric", "short"] | None = None) -> None:
        """Take which ton a T is: the format has one letter for both."""

        def judged(line: bytes) -> Reading | None:
            return decode(line, ton="T" if ton is None else _TONS[ton])

        super().__init__(judged, end=b"\r", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes, *, ton: str) -> Reading | None:
    """Return the reading of one line up to its CR; None for a lone line feed."""
    if line == b"\n":
        return None
    frame_hex = told_hex(line + b"\r")
    match = _FRAME.fullmatch(line)
    if match is None:
        if _ANSWER.fullmatch(line):
            return Told(head=line.decode("ascii").strip(), text="", frame_hex=frame_hex)
        return FrameCorrupt(reason="no STR-1 frame", frame_hex=frame_hex)
    polarity, digits, letter, mode, status = (part.decode("ascii") for part in match.groups())
    unit = ton if letter == "T" else _UNITS[letter]
    value = number_from((polarity + digits.lstrip()).strip())
    span: WeightRange = "ok"
    if status == "O":
        span = "under" if polarity == "-" else "over"
    elif value is None and status != "I":
        return FrameCorrupt(reason=f"no number: {digits.strip()!r}", frame_hex=frame_hex)
    return Weighed(
        value=value if status not in {"O", "I"} else None,
        unit=unit,
        is_stable={" ": True, "Z": True, "M": False}.get(status),
        range=span,
        text=f"{polarity}{digits}{letter}".strip(),
        frame_hex=frame_hex,
        kind="gross" if mode == "G" else "net",
        is_zero=True if status == "Z" else None,
        reason="the indicator calls the weight invalid" if status == "I" else "",
    )
