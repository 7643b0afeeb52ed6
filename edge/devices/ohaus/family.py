"""The family ohaus."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.ohaus.codec import OhausCodec
from edge.devices.ohaus.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class Ohaus(ScaleSettings):
    """family ohaus."""

    family: Literal["ohaus"]
    ask: bool = True
    """Whether it is asked for each weight; otherwise it sends by itself."""
    marks_unstable: bool = False
    """The model prints ? beside an unstable weight: a short line without it is stable."""


FAMILIES: Final = (
    ScaleFamily(
        settings=Ohaus,
        model="OHAUS",
        hints=Hints(lines=((9600, "8N1"), (2400, "7N2")), asks=(b"IP\r\n",)),
        codec=lambda settings: OhausCodec(marks_unstable=settings.marks_unstable),
        driver=lambda settings, line: open_scale(
            line,
            ask=settings.ask,
            marks_unstable=settings.marks_unstable,
            silence_s=settings.silence_s,
        ),
    ),
)
