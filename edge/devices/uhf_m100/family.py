"""The family uhf_m100."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from edge.devices.uhf_m100.codec import VERSION, codec
from edge.devices.uhf_m100.driver import M100Driver
from edge.families import Hints, ReaderFamily
from edge.settings import Baud, ReaderSettings


class UhfM100(ReaderSettings):
    """family uhf_m100."""

    family: Literal["uhf_m100"]
    baud: Baud = 115200
    region: Literal["china-900", "us", "eu", "china-800", "korea"] | None = None
    """None: the reader keeps its own. The law of the place says which is allowed."""
    power_dbm: Annotated[float, Field(ge=0, le=33)] | None = None
    """None: the reader keeps its own."""


FAMILIES: Final = (
    ReaderFamily(
        settings=UhfM100,
        model="M100",
        hints=Hints(lines=((115200, "8N1"),), asks=(VERSION,)),
        codec=lambda _: codec(),
        driver=lambda settings, line: M100Driver(
            line, region=settings.region, power_dbm=settings.power_dbm
        ),
    ),
)
