"""NCI: LF weight unit CR LF status CR ETX, and LF status CR ETX without a weight (pure).

Source: NCI 7800 and 6702 manuals, AWT 7821, DIVA service manual, CAS CI-100A (status bytes). A
status byte has bits 4 and 5 set; bit 6 says that another follows. Byte 1: bit 0 motion, 1 at zero,
2 RAM error, 3 EEPROM error. Byte 2: bit 0 under, 1 over, 2 ROM error, 3 calibration error. Byte 3:
bit 2 net, 3 initial zero error. The field is filled with ^, _ or - where there is no weight.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from decimal import Decimal

    from edge.readings import WeightRange

    Reading = Weighed | Told | FrameCorrupt

LINE_BYTES_MAX: Final = 40
_FRAME: Final = re.compile(
    rb"\n(?P<shown>(?P<number> {0,8}[+-]? {0,8}[0-9]{1,8}(?:\.[0-9]{0,8})?|[ ^]{4,9}|[ _]{4,9}|"
    rb"[ -]{4,9}) ?(?P<unit>[A-Za-z]{1,3}) ?\r\n|"
    rb"(?P<pounds>[ -]{0,6}[0-9]{1,6})lb {1,4}(?P<ounces>[0-9]+(?:\.[0-9]*)?)oz\r\n|)"
    rb"(?P<flag>S?)(?P<status>[\x30-\x3f\x70-\x7f]{2,4})\r",
    re.IGNORECASE,
)
_UNKNOWN: Final = b"\n?\r"
_MOTION, _ZERO, _UNDER, _OVER, _NET = 0x01, 0x02, 0x01, 0x02, 0x04
_MORE: Final = 0x40
_ERRORS: Final = (
    ((2, "RAM error"), (3, "EEPROM error")),
    ((2, "ROM error"), (3, "calibration error")),
    ((3, "initial zero error"),),
)
"""By status byte: (bit, what it says)."""
_OUNCES: Final = 16


class NciCodec(LineCodec):
    """Bytes in, readings out; holds at most one answer."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\x03", bytes_max=LINE_BYTES_MAX)


def decode(answer: bytes) -> Reading:
    """Return the reading of one answer up to its ETX."""
    frame_hex = told_hex(answer + b"\x03")
    if answer == _UNKNOWN:
        return Told(head="?", text="", frame_hex=frame_hex)
    match = _FRAME.fullmatch(answer)
    status = _status(match["status"]) if match is not None else None
    if match is None or status is None:
        return FrameCorrupt(reason="no NCI answer", frame_hex=frame_hex)
    value, unit = _weight(match)
    shown = match["shown"].decode("ascii").strip()
    span: WeightRange = "ok"
    if status[1] & _OVER or shown.startswith("^"):
        span = "over"
    elif status[1] & _UNDER or shown.startswith("_"):
        span = "under"
    return Weighed(
        value=value if span == "ok" else None,
        unit=unit,
        is_stable=not status[0] & _MOTION,
        range=span,
        text=shown,
        frame_hex=frame_hex,
        kind=None if len(status) < len(_ERRORS) else "net" if status[2] & _NET else "gross",
        is_zero=bool(status[0] & _ZERO),
        reason=_doubt(status, has_weight=value is not None or span != "ok"),
    )


def _status(data: bytes) -> bytes | None:
    """Return the status bytes, None where bit 6 and their count differ."""
    told = [bool(byte & _MORE) for byte in data]
    # Byte 1 never bears the mark: two bytes there are always.
    return data if told[1:] == [True] * (len(told) - 2) + [False] else None


def _weight(match: re.Match[bytes]) -> tuple[Decimal | None, str]:
    if match["pounds"] is not None:
        pounds = number_from(match["pounds"].decode("ascii").replace(" ", ""))
        ounces = number_from(match["ounces"].decode("ascii"))
        if pounds is None or ounces is None:
            return None, "oz"
        is_negative = match["pounds"].strip().startswith(b"-")
        whole = pounds * _OUNCES
        return (whole - ounces if is_negative else whole + ounces), "oz"
    if match["number"] is None:
        return None, ""
    number = match["number"].decode("ascii").replace(" ", "")
    return number_from(number), match["unit"].decode("ascii")


def _doubt(status: bytes, *, has_weight: bool) -> str:
    """Return what the status says against the value; empty where it says nothing."""
    errors = [
        words
        for byte, table in zip(status, _ERRORS, strict=False)
        for bit, words in table
        if byte >> bit & 1
    ]
    if errors:
        return f"the scale tells {', '.join(errors)}"
    return "" if has_weight else "the scale sends no weight now"
