"""The family mt_sics."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.mt_sics.codec import SicsCodec
from edge.devices.mt_sics.driver import SicsDriver
from edge.families import ScaleFamily
from edge.settings import ScaleSettings


class MtSics(ScaleSettings):
    """family mt_sics."""

    family: Literal["mt_sics"]


FAMILIES: Final = (
    ScaleFamily(
        settings=MtSics,
        model="MT-SICS",
        codec=lambda _: SicsCodec(),
        driver=lambda _, line: SicsDriver(line),
    ),
)
