"""The family rice_lake."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.rice_lake.codec import RiceLakeCodec
from edge.devices.rice_lake.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class RiceLake(ScaleSettings):
    """family rice_lake."""

    family: Literal["rice_lake"]
    ton: Literal["metric", "short"] | None = None
    """Which ton a T is: the format has one letter for both."""


FAMILIES: Final = (
    ScaleFamily(
        settings=RiceLake,
        model="STR-1",
        hints=Hints(lines=((9600, "8N1"), (9600, "7E1"), (1200, "8N1"))),
        codec=lambda settings: RiceLakeCodec(ton=settings.ton),
        driver=lambda settings, line: open_scale(
            line, ton=settings.ton, silence_s=settings.silence_s
        ),
    ),
)
