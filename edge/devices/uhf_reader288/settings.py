"""What a UHFReader288 is set to."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.settings import Baud, ReaderSettings, Seconds


class UhfReader288(ReaderSettings):
    """family uhf_reader288."""

    family: Literal["uhf_reader288"]
    baud: Baud = 57600
    address: Annotated[int, Field(ge=0, le=254)] = 0
    mode: Literal["answer", "push", "hwvx"] = "answer"
    """answer: the edge asks; push: real-time mode, EE frames; hwvx: an HW-VX network reader's."""
    antennas: Annotated[list[Annotated[int, Field(ge=1, le=8)]], Field(max_length=8)] = Field(
        default_factory=list
    )
    """Asked in turn, 1-based; empty: those of the portal, or the first."""
    scan_time_s: Annotated[float, Field(ge=0.3, le=25.5)] = 0.3
    """The longest that one round may take; the reader ends it earlier when no tag is left."""
    fast_id: bool = False
    """Ask chips that can for their TID with the EPC."""
    heartbeat_s: Seconds = 30.0
    """Of a pushing reader, as it is set there: its silence means something."""

    @model_validator(mode="after")
    def _portal_is_read(self) -> Self:
        if self.portal is not None and self.antennas:
            wanted = {self.portal.inner_antenna, self.portal.outer_antenna}
            if not wanted <= set(self.antennas):
                raise ValueError(
                    f"antennas {self.antennas} leave out one of the portal's "
                    f"{sorted(wanted)}: name both"
                )
        return self

    def all_antennas(self) -> tuple[int, ...]:
        """Return the antennas to ask in turn."""
        if self.antennas:
            return tuple(self.antennas)
        if self.portal is not None:
            return (self.portal.inner_antenna, self.portal.outer_antenna)
        return (1,)
