"""Drives a three-field indicator: its stream, and MZ, MT and CT where it takes commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.oem_three_field.codec import ThreeFieldCodec
from edge.ports import CommandResult
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from edge.links.line import Line
    from edge.readings import Told

COMMANDS: Final = {"zero": b"MZ\r\n", "tare": b"MT\r\n", "clear-tare": b"CT\r\n"}
_REFUSALS: Final = {"!": "it can't do it now", "I": "it is busy", "?": "it does not know it"}


def refusal(verb: str, told: Told) -> CommandResult | None:
    """Return what an answer makes of a command; an echo: what the indicator shows decides."""
    why = _REFUSALS.get(told.head)
    if why is None:
        return None
    return CommandResult(
        outcome="refused", reason=f"the indicator answers {verb} {told.head}: {why}"
    )


def open_scale(line: Line, *, commands: bool, address: str, silence_s: float) -> StreamScale:
    """Return the driver of a scale on `line`, whose commands bear `address` where it has one."""
    return StreamScale(
        line,
        ThreeFieldCodec,
        commands={verb: address.encode() + word for verb, word in COMMANDS.items()}
        if commands
        else {},
        silence_s=silence_s,
        judge=refusal,
    )
