"""The family uhf_m6e."""

from __future__ import annotations

from typing import Final

from edge.devices.uhf_m6e.codec import GET_VERSION, codec, command
from edge.devices.uhf_m6e.driver import M6eDriver
from edge.devices.uhf_m6e.settings import UhfM6e
from edge.families import Hints, ReaderFamily

FAMILIES: Final = (
    ReaderFamily(
        settings=UhfM6e,
        model="M6e",
        hints=Hints(lines=((115200, "8N1"),), asks=(command(GET_VERSION),)),
        codec=lambda _: codec(),
        driver=lambda settings, line: M6eDriver(line, settings),
    ),
)
