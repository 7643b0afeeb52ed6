"""Shared shapes of messages: frozen models that ignore unknown fields, constrained words (pure)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Word = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
INT_MAX: Final = 2**62
"""What every store of ours holds, with room to count on; in nanoseconds the year 2116."""
Count = Annotated[int, Field(ge=0, le=INT_MAX)]
Clock = Literal["synced", "unsynced"]
Quality = Literal["good", "uncertain", "bad"]


class Message(BaseModel):
    """A message on the wire: readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class Reading(Message):
    """Fields of every reading."""

    t_ns: Count
    """Unix time of the measurement, UTC; never restamped by a replay, unique per device."""
    clock: Clock
    quality: Quality = "good"
    reason: str | None = None
