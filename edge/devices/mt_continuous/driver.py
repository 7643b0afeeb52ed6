"""Drives a terminal with continuous output: the newest frame, and the keys it takes as letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.mt_continuous.codec import ContinuousCodec
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line

COMMANDS: Final = {"zero": b"Z\r\n", "tare": b"T\r\n", "clear-tare": b"C\r\n"}
"""One letter a key; the terminals that want no line end pass over it."""


def open_scale(line: Line, *, checksum: bool | None, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line`; frames bear a checksum, don't, or show it."""
    return StreamScale(
        line,
        lambda: ContinuousCodec(checksum=checksum),
        commands=COMMANDS,
        silence_s=silence_s,
    )
