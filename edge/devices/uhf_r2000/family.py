"""The family uhf_r2000."""

from __future__ import annotations

from typing import Final

from edge.devices.uhf_r2000.codec import ANY_ADDRESS, GET_VERSION, codec, command
from edge.devices.uhf_r2000.driver import R2000Driver
from edge.devices.uhf_r2000.settings import UhfR2000
from edge.families import Hints, ReaderFamily

FAMILIES: Final = (
    ReaderFamily(
        settings=UhfR2000,
        model="R2000",
        hints=Hints(lines=((115200, "8N1"),), asks=(command(ANY_ADDRESS, GET_VERSION),)),
        codec=lambda _: codec(),
        driver=lambda settings, line: R2000Driver(line, settings),
    ),
)
