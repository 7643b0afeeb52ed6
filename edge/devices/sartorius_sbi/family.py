"""The family sartorius_sbi."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.sartorius_sbi.codec import SbiCodec
from edge.devices.sartorius_sbi.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import Baud, Format, ScaleSettings


class SartoriusSbi(ScaleSettings):
    """family sartorius_sbi."""

    family: Literal["sartorius_sbi"]
    baud: Baud = 1200
    format: Format = "7O1"
    ask: bool = True
    """Whether it is asked for each weight; otherwise it sends by itself."""


FAMILIES: Final = (
    ScaleFamily(
        settings=SartoriusSbi,
        model="SBI",
        hints=Hints(lines=((1200, "7O1"), (9600, "8N1"), (9600, "8O1")), asks=(b"\x1bP\r\n",)),
        codec=lambda _: SbiCodec(),
        driver=lambda settings, line: open_scale(
            line, ask=settings.ask, silence_s=settings.silence_s
        ),
    ),
)
