"""What an R2000 "A0" reader is set to."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.settings import Baud, ReaderSettings


class UhfR2000(ReaderSettings):
    """family uhf_r2000."""

    family: Literal["uhf_r2000"]
    baud: Baud = 115200
    address: Annotated[int, Field(ge=0, le=254)] = 1
    antennas: Annotated[list[Annotated[int, Field(ge=1, le=8)]], Field(max_length=8)] = Field(
        default_factory=list
    )
    """Asked in turn, 1-based; empty: those of the portal, or the first."""
    power_dbm: Annotated[int, Field(ge=0, le=33)] | None = None
    """Of all antennas; None: the reader keeps its own."""

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
