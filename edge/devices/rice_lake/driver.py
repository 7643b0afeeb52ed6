"""Drives a Rice Lake indicator: its stream, and the keys that EDP commands press."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.rice_lake.codec import RiceLakeCodec
from edge.ports import CommandResult
from edge.streaming import StreamScale

if TYPE_CHECKING:
    from typing import Literal

    from edge.links.line import Line
    from edge.readings import Told

COMMANDS: Final = {"zero": b"KZERO\r", "tare": b"KTARE\r"}


def refusal(verb: str, told: Told) -> CommandResult | None:
    """Return what an answer makes of a command; OK: what the indicator shows decides."""
    if told.head == "??":
        return CommandResult(outcome="refused", reason=f"the indicator answers {verb} ??")
    return None


def open_scale(
    line: Line, *, ton: Literal["metric", "short"] | None, silence_s: float
) -> StreamScale:
    """Return the driver of a scale on `line`; `ton` says which ton its T is."""
    return StreamScale(
        line,
        lambda: RiceLakeCodec(ton=ton),
        commands=COMMANDS,
        silence_s=silence_s,
        judge=refusal,
    )
