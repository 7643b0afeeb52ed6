"""What a Mercury module is set to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.settings import Baud, ReaderSettings


class UhfM6e(ReaderSettings):
    """family uhf_m6e."""

    family: Literal["uhf_m6e"]
    baud: Baud = 115200
    antennas: Annotated[
        list[Annotated[int, Field(ge=1, le=16)]], Field(min_length=1, max_length=16)
    ] = Field(default=[1])
    """Read in turn by the module, 1-based."""
    region: Literal["na", "eu", "korea", "india", "japan", "china", "eu3"] | None = None
    """None: the module keeps the one it was saved with; a fresh one has none and reads nothing."""
    power_dbm: Annotated[float, Field(ge=0, le=31.5)] | None = None
    """None: the module keeps its own."""
