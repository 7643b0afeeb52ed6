"""Drives a balance over SBI: ESC P for the weight now, or its stream; ESC V and ESC U as keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.sartorius_sbi.codec import SbiCodec
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line

QUERY: Final = b"\x1bP\r\n"
COMMANDS: Final = {"zero": b"\x1bV\r\n", "tare": b"\x1bU\r\n"}


def open_scale(line: Line, *, ask: bool, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line` that is asked, or streams."""
    return StreamScale(
        line,
        SbiCodec,
        commands=COMMANDS,
        query=QUERY if ask else b"",
        silence_s=silence_s,
    )
