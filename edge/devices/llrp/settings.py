"""What an LLRP reader is set to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from edge.settings import ReaderSettings, Seconds
from runtime.addresses import SerialPort  # noqa: TC001 - pydantic reads it


def _network(text: str) -> str:
    if not text.startswith(("tcp://", "tls://")):
        raise ValueError("is no network address: give tcp://HOST:5084 or tls://HOST:5085")
    return text


class Llrp(ReaderSettings):
    """family llrp."""

    family: Literal["llrp"]
    port: Annotated[SerialPort, AfterValidator(_network)]
    antennas: Annotated[list[Annotated[int, Field(ge=1, le=64)]], Field(max_length=64)] = Field(
        default_factory=list
    )
    """1-based; empty: all that the reader has."""
    power_dbm: Annotated[float, Field(ge=0, le=36)] | None = None
    """The nearest row of the reader's own table at or below; None: the reader keeps its own."""
    session: Annotated[int, Field(ge=0, le=3)] = 0
    """Gen2 session: 0 lets a tag answer every round, as smoothing wants it."""
    tag_population: Annotated[int, Field(ge=1, le=65_535)] = 32
    """How many tags to expect at once."""
    keepalive_s: Annotated[Seconds, Field(le=60)] = 2.0
    """Three of them missed, and the connection is made anew."""
    version: Literal["1.0.1", "1.1"] = "1.0.1"
