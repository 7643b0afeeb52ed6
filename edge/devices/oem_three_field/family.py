"""The family oem_three_field."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from edge.devices.oem_three_field.codec import ThreeFieldCodec
from edge.devices.oem_three_field.driver import open_scale
from edge.families import Hints, ScaleFamily
from edge.settings import ScaleSettings


class OemThreeField(ScaleSettings):
    """family oem_three_field."""

    family: Literal["oem_three_field"]
    commands: bool = False
    """Whether it takes MZ and MT."""
    address: Annotated[str, Field(pattern=r"^([0-9]{2})?$")] = ""
    """The device id before a command, as CAS wants it: 01."""


FAMILIES: Final = (
    ScaleFamily(
        settings=OemThreeField,
        model="three-field",
        hints=Hints(lines=((9600, "8N1"), (2400, "7E1"), (4800, "8N1"))),
        codec=lambda _: ThreeFieldCodec(),
        driver=lambda settings, line: open_scale(
            line, commands=settings.commands, address=settings.address, silence_s=settings.silence_s
        ),
    ),
)
