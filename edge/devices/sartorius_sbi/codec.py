"""Sartorius SBI lines of 16 or 22 characters, CR LF included (pure).

Source: Combics 1, FB and Quintix operating instructions. 16: sign, nine columns of value, a space,
three of unit. 22: the same behind an identifier of six (`G#` gross, `N` net, `T1`, `T2`, `PT2`
tare, `Stat` for what is no weight). A blank unit is the protocol's word for not stable. H or High
is overload, L or Low underload. Digits in brackets are not verified.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from edge.readings import WeightKind, WeightRange

    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 32
SHORT_COLUMNS: Final = 14
LONG_COLUMNS: Final = 20
_VALUE: Final = re.compile(r"([ +-])( *[0-9]+(?:\.[0-9]*)?)(?:\[([0-9]{1,2})\])?")
_SPECIALS: Final[dict[str, WeightRange]] = {
    "H": "over",
    "HH": "over",
    "High": "over",
    "L": "under",
    "LL": "under",
    "Low": "under",
}
_STATUS: Final = re.compile(r"(Err|ERR|APP\.ER|DIS\.ER|PRT\.ER|Cal\.?.*|C|--|- -) *[0-9]{0,3}")
_KINDS: Final[dict[str, WeightKind]] = {
    "G#": "gross",
    "G": "gross",
    "N": "net",
    "N1": "net",
    "T": "tare",
    "T1": "tare",
    "T2": "tare",
    "PT2": "tare",
}


class SbiCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\r\n", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes) -> Reading:
    """Return the reading of one line without its end."""
    frame_hex = told_hex(line + b"\r\n")
    if not line.isascii() or len(line) not in {SHORT_COLUMNS, LONG_COLUMNS}:
        return FrameCorrupt(reason="not the 16 or 22 characters of SBI", frame_hex=frame_hex)
    text = line.decode("ascii")
    name, body = text[: len(text) - SHORT_COLUMNS].strip(), text[-SHORT_COLUMNS:]
    special = body.strip()
    if special in _SPECIALS or _STATUS.fullmatch(special):
        span = _SPECIALS.get(special, "ok")
        return Weighed(
            value=None,
            unit="",
            is_stable=None,
            range=span,
            text=special,
            frame_hex=frame_hex,
            reason="" if span != "ok" else f"the scale shows {special}",
        )
    match, unit = _VALUE.fullmatch(body[:10]), body[11:].strip()
    value = None if match is None else number_from(_joined(match))
    if value is None or body[10] != " " or " " in unit:
        return FrameCorrupt(reason="no SBI weight", frame_hex=frame_hex)
    if name and name not in _KINDS:
        return Told(head=name, text=special, frame_hex=frame_hex)
    return Weighed(
        value=value,
        unit=unit,
        is_stable=bool(unit),
        range="ok",
        text=special,
        frame_hex=frame_hex,
        kind=_KINDS.get(name),
        reason="the digits in brackets are not verified" if match is not None and match[3] else "",
    )


def _joined(match: re.Match[str]) -> str:
    """Return sign and digits without the blanks and brackets between them."""
    return (match[1] + match[2]).replace(" ", "") + (match[3] or "")
