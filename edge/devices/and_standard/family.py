"""The family and_standard."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.and_standard.codec import AndCodec
from edge.devices.and_standard.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import Baud, Format, ScaleSettings


class AndStandard(ScaleSettings):
    """family and_standard."""

    family: Literal["and_standard"]
    baud: Baud = 2400
    format: Format = "7E1"
    ask: bool = False
    """Whether it is asked for each weight; otherwise it sends by itself."""


FAMILIES: Final = (
    ScaleFamily(
        settings=AndStandard,
        model="A&D",
        hints=Hints(lines=((2400, "7E1"), (9600, "7E1"), (9600, "8N1")), asks=(b"Q\r\n",)),
        codec=lambda _: AndCodec(),
        driver=lambda settings, line: open_scale(
            line, ask=settings.ask, silence_s=settings.silence_s
        ),
    ),
)
