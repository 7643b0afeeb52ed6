"""OHAUS lines: value right aligned, unit, `?` when unstable, legend; CR LF (pure).

Source: Defender 3000 manual 5.2, Ranger manual 5.1.4, Scout Pro interface manual. Widths differ by
model, the order does not: polarity, weight, a space, the unit, the stability mark, the legend (G,
NET or N, T, B/G). Where a legend stands, or the five columns of the unit and one more, the mark's
column is there and blank means stable. A shorter line has no such column: it tells no stability.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from edge.readings import WeightKind

    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 48
_FRAME: Final = re.compile(
    r"(?:([GTN]) {1,14})?( {0,14}-? {0,12}[0-9]{1,8}(?:\.[0-9]{0,7})?) ([A-Za-z]{1,5}|%)"
    r"( {0,6})(\??)( {0,6})(G|NET|Net|N|TARE|Tare|T|B/G|)( *)"
)
_ERROR: Final = re.compile(r" *(Err ?[0-9]+(?:\.[0-9])?|Error ?[0-9.]*|-{4,6}|_{4,6}|\^{4,6}) *")
_ANSWER: Final = re.compile(r"(OK!?|ES|\?)")
_UNIT_COLUMNS: Final = 5
_KINDS: Final[dict[str, WeightKind]] = {"G": "gross", "B": "gross", "N": "net", "T": "tare"}
_SPANS: Final = {"^": "over", "_": "under"}


class OhausCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self, *, marks_unstable: bool = False) -> None:
        """Take whether a short line without `?` is stable: only who knows the model can say so."""

        def judged(line: bytes) -> Reading:
            return decode(line, marks_unstable=marks_unstable)

        super().__init__(judged, end=b"\r\n", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes, *, marks_unstable: bool) -> Reading:
    """Return the reading of one line without its end."""
    frame_hex = told_hex(line + b"\r\n")
    if not line.isascii():
        return FrameCorrupt(reason="no OHAUS line", frame_hex=frame_hex)
    text = line.decode("ascii")
    match = _FRAME.fullmatch(text)
    if match is None:
        return _other(text, frame_hex)
    lead, number, unit, blank, mark, more, legend, rest = match.groups()
    value = number_from(number.replace(" ", ""))
    if value is None:
        return FrameCorrupt(reason=f"no number: {number.strip()!r}", frame_hex=frame_hex)
    is_column = bool(legend) or len(unit + blank + more + rest) > _UNIT_COLUMNS
    kind = _KINDS.get((legend or lead or " ")[0])
    return Weighed(
        value=value,
        unit=unit,
        is_stable=False if mark else True if is_column or marks_unstable else None,
        range="ok",
        text=f"{number.strip()} {unit}",
        frame_hex=frame_hex,
        kind=kind,
    )


def _other(text: str, frame_hex: str) -> Reading:
    """Return what a line without a weight says."""
    if _ANSWER.fullmatch(text.strip()):
        return Told(head=text.strip(), text="", frame_hex=frame_hex)
    match = _ERROR.fullmatch(text)
    if match is None:
        return FrameCorrupt(reason="no OHAUS line", frame_hex=frame_hex)
    span = _SPANS.get(match[1][0], "ok")
    return Weighed(
        value=None,
        unit="",
        is_stable=None,
        range="over" if span == "over" else "under" if span == "under" else "ok",
        text=match[1],
        frame_hex=frame_hex,
        reason="" if span != "ok" else f"the scale shows {match[1]}",
    )
