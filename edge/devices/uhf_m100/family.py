"""The family uhf_m100."""

from __future__ import annotations

from typing import Final, Literal

from edge.devices.uhf_m100.codec import VERSION, M100Codec
from edge.devices.uhf_m100.driver import M100Driver
from edge.families import Hints, ReaderFamily
from edge.settings import Baud, ReaderSettings


class UhfM100(ReaderSettings):
    """family uhf_m100."""

    family: Literal["uhf_m100"]
    baud: Baud = 115200


FAMILIES: Final = (
    ReaderFamily(
        settings=UhfM100,
        model="M100",
        hints=Hints(lines=((115200, "8N1"),), asks=(VERSION,)),
        codec=lambda _: M100Codec(),
        driver=lambda _, line: M100Driver(line),
    ),
)
