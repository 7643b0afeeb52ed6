"""Drives a Cardinal indicator: its stream; the format has no commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.devices.cardinal_sb400.codec import CardinalCodec
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line


def open_scale(line: Line, *, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line`."""
    return StreamScale(
        line,
        CardinalCodec,
        commands={},
        silence_s=silence_s,
    )
