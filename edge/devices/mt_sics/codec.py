"""MT-SICS lines of levels 0 and 1 (pure).

Source: MT-SICS reference manuals (AL-IC, AT, XPR). A weight is `S S`, `S D` (or T, TI, TA behind a
tare), one space, ten characters right aligned, one space, the unit; CR LF ends a line. S, SI and
SIR all answer with S, and tell the net weight. `I`, `+`, `-`, `L` stand where there is no weight:
not executable now, over, under, wrong parameter. ES, ET, EL answer what was no command at all.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from edge.readings import WeightKind, WeightRange

    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 64
WEIGHT_NOW: Final = b"SI\r\n"
_WEIGHT: Final = re.compile(
    r"(S|T|TI|TA) ([SDA]) ( {0,11}-?[0-9]{1,11}(?:\.[0-9]{0,10})?) ([A-Za-z%]{1,4}) {0,3}"
)
_STATES: Final = {"S": "SD", "T": "S", "TI": "SD", "TA": "A"}
_NO_WEIGHT: Final[dict[str, tuple[WeightRange, str]]] = {
    "S +": ("over", ""),
    "S -": ("under", ""),
    "S I": ("ok", "the scale is busy, or did not come to rest"),
    "S L": ("ok", "the scale can't execute it"),
}
_ANSWER: Final = re.compile(
    r"(S|T|TI|TA|TAC|Z|ZI|SR|SIR|SNR|D|DW|K) ([ADSIL+-])"
    r'|(I[0-9]{1,2}|@|M[0-9]{2}|C[0-9]) ([ABIL])(?: (["A-Z0-9].{0,56}))?'
    r"|(ES|ET|EL)"
)


class SicsCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\r\n", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes) -> Reading:
    """Return the reading of one line without its end, at most LINE_BYTES_MAX long."""
    frame_hex = told_hex(line + b"\r\n")
    if not line.isascii():
        return FrameCorrupt(reason="no MT-SICS line", frame_hex=frame_hex)
    text = line.decode("ascii")
    if text in _NO_WEIGHT:
        span, reason = _NO_WEIGHT[text]
        return Weighed(
            value=None,
            unit="",
            is_stable=None,
            range=span,
            text=text,
            frame_hex=frame_hex,
            kind="net",
            reason=reason,
        )
    match = _WEIGHT.fullmatch(text)
    if match is not None and match[2] in _STATES[match[1]]:
        kind: WeightKind = "net" if match[1] == "S" else "tare"
        return Weighed(
            value=Decimal(match[3].strip()),
            unit=match[4],
            is_stable=None if match[2] == "A" else match[2] == "S",
            range="ok",
            text=f"{match[3].strip()} {match[4]}",
            frame_hex=frame_hex,
            kind=kind,
        )
    if _ANSWER.fullmatch(text) is None:
        return FrameCorrupt(reason="no MT-SICS answer", frame_hex=frame_hex)
    head, _, rest = text.partition(" ")
    return Told(head=head, text=rest, frame_hex=frame_hex)
