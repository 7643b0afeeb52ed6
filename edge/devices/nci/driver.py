"""Drives an NCI scale: W for the weight now, Z and T as its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.nci.codec import NciCodec
from edge.ports import CommandResult
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line
    from edge.readings import Told

QUERY: Final = b"W\r"
COMMANDS: Final = {"zero": b"Z\r", "tare": b"T\r"}


def refusal(verb: str, told: Told) -> CommandResult | None:
    """Return what an answer makes of a command; a status: what the scale shows decides."""
    if told.head == "?":
        return CommandResult(outcome="refused", reason=f"the scale does not know {verb}")
    return None


def open_scale(line: Line, *, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line`."""
    return StreamScale(
        line,
        NciCodec,
        commands=COMMANDS,
        query=QUERY,
        silence_s=silence_s,
        judge=refusal,
    )
