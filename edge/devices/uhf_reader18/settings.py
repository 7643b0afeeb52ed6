"""What a UHFReader18 is set to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge.settings import Baud, ReaderSettings


class UhfReader18(ReaderSettings):
    """family uhf_reader18."""

    family: Literal["uhf_reader18"]
    baud: Baud = 57600
    address: Annotated[int, Field(ge=0, le=254)] = 0
    power_dbm: Annotated[int, Field(ge=0, le=30)] | None = None
    """None: the reader keeps its own."""
    scan_time_s: Annotated[float, Field(ge=0.3, le=25.5)] | None = None
    """The longest that an inventory may take; None: the reader keeps its own."""
