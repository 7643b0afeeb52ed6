"""The three-field form: state, kind, sign, value and unit, as OEM indicators send it (pure).

Source: A&D AD-4406 manual (13.2), CAS CI-400 and CI-600D manuals (appendix 1). `ST` stable, `US`
unstable, `OL` out of range, `HD` held; `GS`/`G` gross, `NT`/`N` net, `TR`/`T` tare; CR LF.
CAS puts a device id and a lamp byte in between, raw and with the top bit set, so that the line is
no text: 22 bytes in all. Some leave the second comma out, and some write a decimal comma.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edge.framing import LineCodec, number_from, told_hex
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from edge.readings import WeightKind

    Reading = Weighed | Told | FrameCorrupt

THOUSANDS_DIGITS: Final = 3
LINE_BYTES_MAX: Final = 40
_FRAME: Final = re.compile(
    rb"(ST|US|OL|HD),(GS|NT|TR|G|N|T)"
    rb"(?:,(.)([\x80-\xff]),(?=.{8} ?.{1,2}$)|,|(?= ))"
    rb"(?P<shown> *([+-]?)( *)([0-9.,]*) *([A-Za-z]{0,3}) *)",
    re.DOTALL,
)
_ECHO: Final = re.compile(rb"(?:@?[0-9]{2})?(MZ|MT|CT|RZ[01]?|ZE|TR|KT)|[?!I]")
_KINDS: Final[dict[bytes, WeightKind]] = {b"G": "gross", b"N": "net", b"T": "tare"}
_IS_STABLE: Final = {b"ST": True, b"US": False}
_STABLE, _HOLD, _ZERO = 0x40, 0x10, 0x01
"""CAS's lamps."""


class ThreeFieldCodec(LineCodec):
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        super().__init__(decode, end=b"\r\n", bytes_max=LINE_BYTES_MAX)


def decode(line: bytes) -> Reading:
    """Return the reading of one line without its end."""
    frame_hex = told_hex(line + b"\r\n")
    match = _FRAME.fullmatch(line)
    if match is None:
        if _ECHO.fullmatch(line):
            return Told(head=line.decode("ascii"), text="", frame_hex=frame_hex)
        return FrameCorrupt(reason="no three-field line", frame_hex=frame_hex)
    state, kind = match[1], _KINDS[match[2][:1]]
    shown = match["shown"].decode("ascii").strip()
    sign, digits, unit = (match[group].decode("ascii") for group in (6, 8, 9))
    value = number_from(sign + digits.replace(",", "."))
    lamps = match[4][0] if match[4] else None
    if state == b"OL":
        value = None
    elif value is None:
        return FrameCorrupt(reason=f"no number: {digits!r}", frame_hex=frame_hex)
    return Weighed(
        value=value,
        unit=unit,
        is_stable=_IS_STABLE.get(state),
        range="ok" if state != b"OL" else "under" if sign == "-" else "over",
        text=shown,
        frame_hex=frame_hex,
        kind=kind,
        is_zero=None if lamps is None else bool(lamps & _ZERO),
        reason=_doubt(state, lamps, digits),
    )


def _doubt(state: bytes, lamps: int | None, digits: str) -> str:
    """Return why the value is not to be believed as it stands; empty where it is."""
    if state == b"HD" or (lamps is not None and lamps & _HOLD):
        return "the display is held: this is not the weight now"
    if lamps is not None and state in _IS_STABLE and bool(lamps & _STABLE) != _IS_STABLE[state]:
        return "the state and the stable lamp differ"
    if "," in digits and len(digits.partition(",")[2]) == THOUSANDS_DIGITS:
        return f"the comma of {digits} may part decimals or thousands: set the indicator to a point"
    return ""
