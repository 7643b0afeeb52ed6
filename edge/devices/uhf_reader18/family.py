"""The family uhf_reader18."""

from __future__ import annotations

from typing import Final

from edge.devices.uhf_reader18.codec import ANY_ADDRESS, GET_INFO, codec, command
from edge.devices.uhf_reader18.driver import Reader18Driver
from edge.devices.uhf_reader18.settings import UhfReader18
from edge.families import Hints, ReaderFamily

FAMILIES: Final = (
    ReaderFamily(
        settings=UhfReader18,
        model="UHFReader18",
        hints=Hints(
            lines=((57600, "8N1"), (115200, "8N1")),
            asks=(command(ANY_ADDRESS, GET_INFO),),
        ),
        codec=lambda _: codec(),
        driver=lambda settings, line: Reader18Driver(line, settings),
    ),
)
