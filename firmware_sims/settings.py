"""hall.toml: what the simulated hall may be told; `entrepot check` and its start check it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Ratio = Annotated[float, Field(ge=0, le=1)]
_Port = Annotated[int, Field(ge=1, le=65_000)]


class HallSettings(BaseModel):
    """hall.toml, whole; where a value is left out, the module that uses it has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    seed: int
    http: str = "127.0.0.1:0"
    devices: Annotated[str, Field(min_length=1)] = "dev"
    """Ptys and address files, below the data folder."""
    transport: Literal["pty", "tcp"] = "pty"
    tcp_host: str | None = None
    tcp_base_port: _Port | None = None
    """Counts up per dock: reader, scale, bus, PLC."""
    tag_read_ratio: _Ratio = 0.75
    stray_reads_per_s: Annotated[float, Field(ge=0, le=1_000)] = 0.05
    noise_ratio: _Ratio | None = None
    addresses: dict[str, str] = Field(default_factory=dict)
    """HOST:PORT of processes that run on other machines than the hall."""
