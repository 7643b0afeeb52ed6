"""The family mt_sics."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.mt_sics.codec import WEIGHT_NOW, SicsCodec
from edge.devices.mt_sics.driver import SicsDriver
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class MtSics(ScaleSettings):
    """family mt_sics."""

    family: Literal["mt_sics"]


FAMILIES: Final = (
    ScaleFamily(
        settings=MtSics,
        model="MT-SICS",
        hints=Hints(
            lines=(
                (9600, "8N1"),
                (19200, "8N1"),
                (2400, "7E1"),
                (9600, "7E1"),
            ),
            asks=(WEIGHT_NOW,),
        ),
        codec=lambda _: SicsCodec(),
        driver=lambda settings, line: SicsDriver(line, reply_s=settings.silence_s),
    ),
)
