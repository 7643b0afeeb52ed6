"""The family mt_continuous."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.mt_continuous.codec import ContinuousCodec
from edge.devices.mt_continuous.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import Format, ScaleSettings


class MtContinuous(ScaleSettings):
    """family mt_continuous."""

    family: Literal["mt_continuous"]
    format: Format = "7E1"
    checksum: bool | None = None
    """Whether frames end in a checksum; without it the stream shows."""


FAMILIES: Final = (
    ScaleFamily(
        settings=MtContinuous,
        model="MT continuous",
        hints=Hints(lines=((9600, "7E1"), (9600, "8N1"), (4800, "7E1"), (19200, "8N1"))),
        codec=lambda settings: ContinuousCodec(checksum=settings.checksum),
        driver=lambda settings, line: open_scale(
            line, checksum=settings.checksum, silence_s=settings.silence_s
        ),
    ),
)
