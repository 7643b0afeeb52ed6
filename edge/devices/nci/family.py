"""The family nci."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.nci.codec import NciCodec
from edge.devices.nci.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class Nci(ScaleSettings):
    """family nci."""

    family: Literal["nci"]


FAMILIES: Final = (
    ScaleFamily(
        settings=Nci,
        model="NCI",
        hints=Hints(lines=((9600, "8N1"), (9600, "7E1"), (2400, "8N1")), asks=(b"W\r",)),
        codec=lambda _: NciCodec(),
        driver=lambda settings, line: open_scale(line, silence_s=settings.silence_s),
    ),
)
