"""The family cardinal_sb400."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.cardinal_sb400.codec import CardinalCodec
from edge.devices.cardinal_sb400.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class CardinalSb400(ScaleSettings):
    """family cardinal_sb400."""

    family: Literal["cardinal_sb400"]


FAMILIES: Final = (
    ScaleFamily(
        settings=CardinalSb400,
        model="SB-400",
        hints=Hints(lines=((9600, "8N1"), (1200, "8N1"), (9600, "7E1"))),
        codec=lambda _: CardinalCodec(),
        driver=lambda settings, line: open_scale(line, silence_s=settings.silence_s),
    ),
)
