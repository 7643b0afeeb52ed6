"""Cardinal SB-400: sign, six digits, point, unit of two, mode, status of two, CR (pure).

Source: Cardinal 200, 190 and 212 manuals. The point is sent where it is set up. Status: OC over
capacity, BZ below zero, CZ centre of zero, MO motion, EE or ee for a weight that is not displayed,
blank for none of these. There is room for one word: below zero hides motion.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Weighed

if TYPE_CHECKING:
    Reading = Weighed | FrameCorrupt

LINE_BYTES_MAX: Final = 20
_FRAME: Final = re.compile(
    rb"\n?([ +-])((?=[ 0-9.]{6,7}[ A-Za-z/])[ ]*[0-9]*\.?[0-9]*)"
    rb"([A-Za-z/ ]{2})([GN])(OC|BZ|CZ|MO|EE|ee|  )"
)
_HIDDEN: Final = "the indicator shows no weight now"
_DOUBT: Final = {b"EE": _HIDDEN, b"ee": _HIDDEN, b"BZ": "below zero, which hides motion"}
_IS_STABLE: Final = {b"  ": True, b"CZ": True, b"MO": False}


class CardinalCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\r", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes) -> Reading | None:
    """Return the reading of one line up to its CR; None for a lone line feed."""
    if line == b"\n":
        return None
    frame_hex = told_hex(line + b"\r")
    match = _FRAME.fullmatch(line)
    if match is None:
        return FrameCorrupt(reason="no SB-400 line", frame_hex=frame_hex)
    sign, digits, unit, mode, status = match.groups()
    value = number_from((sign + digits.strip()).decode("ascii").strip())
    is_hidden = status in {b"EE", b"ee"}
    is_over = status == b"OC"
    if value is None and not is_hidden and not is_over:
        return FrameCorrupt(reason="no number", frame_hex=frame_hex)
    return Weighed(
        value=None if is_hidden or is_over else value,
        unit=unit.decode("ascii").strip(),
        is_stable=_IS_STABLE.get(status),
        range="over" if is_over else "ok",
        text=(sign + digits + unit).decode("ascii").strip(),
        frame_hex=frame_hex,
        kind="gross" if mode == b"G" else "net",
        is_zero=True if status == b"CZ" else None,
        reason=_DOUBT.get(status, ""),
    )
