"""Drives an A&D scale: Q for the weight now, or its stream; Z and T as its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.and_standard.codec import AndCodec
from edge.ports import CommandResult
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line
    from edge.readings import Told

QUERY: Final = b"Q\r\n"
COMMANDS: Final = {"zero": b"Z\r\n", "tare": b"T\r\n"}


def refusal(verb: str, told: Told) -> CommandResult | None:
    """Return what an answer makes of a command; None: what the scale shows decides."""
    if told.head == "EC":
        return CommandResult(outcome="refused", reason=f"the scale answers {verb} EC,{told.text}")
    return None


def open_scale(line: Line, *, ask: bool, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line` that is asked, or streams."""
    return StreamScale(
        line,
        AndCodec,
        commands=COMMANDS,
        query=QUERY if ask else b"",
        silence_s=silence_s,
        judge=refusal,
    )
