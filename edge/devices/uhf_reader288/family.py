"""The family uhf_reader288."""

from __future__ import annotations

from typing import Final

from edge.devices.uhf_reader288.codec import ANY_ADDRESS, GET_INFO, codec, command
from edge.devices.uhf_reader288.driver import Reader288Driver
from edge.devices.uhf_reader288.settings import UhfReader288
from edge.families import Hints, ReaderFamily

FAMILIES: Final = (
    ReaderFamily(
        settings=UhfReader288,
        model="UHFReader288",
        hints=Hints(
            lines=((57600, "8N1"), (115200, "8N1")),
            asks=(command(ANY_ADDRESS, GET_INFO),),
            variants=({}, {"mode": "hwvx"}),
        ),
        codec=lambda settings: codec(settings.mode),
        driver=lambda settings, line: Reader288Driver(line, settings),
    ),
)
