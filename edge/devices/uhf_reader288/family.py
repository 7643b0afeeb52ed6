"""The family uhf_reader288."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from edge.devices.uhf_reader288.codec import INFORMATION, Reader288Codec
from edge.devices.uhf_reader288.driver import Reader288Driver
from edge.families import Hints, ReaderFamily
from edge.settings import Baud, ReaderSettings

if TYPE_CHECKING:
    from edge.links.line import Line


class UhfReader288(ReaderSettings):
    """family uhf_reader288."""

    family: Literal["uhf_reader288"]
    baud: Baud = 57600


def _driver(settings: UhfReader288, line: Line) -> Reader288Driver:
    portal = settings.portal
    antennas = (portal.inner_antenna, portal.outer_antenna) if portal else (1,)
    return Reader288Driver(line, antennas)


FAMILIES: Final = (
    ReaderFamily(
        settings=UhfReader288,
        model="UHFReader288",
        hints=Hints(
            lines=(
                (57600, "8N1"),
                (115200, "8N1"),
            ),
            asks=(INFORMATION,),
        ),
        codec=lambda _: Reader288Codec(),
        driver=_driver,
    ),
)
