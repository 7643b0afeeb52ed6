"""An edge's file edge-*.toml, whole: its devices of every family and its buses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from edge.catalogue.families import FAMILIES
from edge.settings import Bus, Device
from runtime.addresses import Listen
from runtime.settings import Settings
from wire.base import Word

if TYPE_CHECKING:
    AnyDevice = Device
else:
    # Each family's own model, told apart by the word in `family`.
    _MODELS = tuple(dict.fromkeys(family.settings for family in FAMILIES.values()))
    AnyDevice = Annotated[Union[_MODELS], Field(discriminator="family")]  # noqa: UP007


class EdgeSettings(Settings):
    """edge-*.toml, whole."""

    edge: Word
    http: Listen = "127.0.0.1:0"
    devices: list[AnyDevice]
    buses: list[Bus] = Field(default_factory=list)
