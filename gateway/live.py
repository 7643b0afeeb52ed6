"""What the gateway knows of the present and keeps in memory only: beats, births, air, vehicles.

Everything here may be lost at any time; nothing that the ledger needs lies here. Monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class EdgeLive:
    """An edge as its last beat told it."""

    edge: str
    boot: str = ""
    mono_ms: int = 0
    """The edge's monotonic clock in its last beat."""
    beat_at_s: float = -1e9
    """Our monotonic clock when that beat came."""
    tip_seq: int = 0
    tip_hash: str = ""
    custody_rows: int = 0
    telemetry_rows: int = 0
    is_online: bool = False
    is_full: bool = False
    is_exhausted: bool = False
    """Its last hello had nothing in common with the ledger."""


@dataclass(slots=True, kw_only=True)
class DeviceLive:
    """A device's last birth."""

    edge: str
    device: str
    family: str
    status: str
    status_reason: str
    zone: str
    read_point: str
    last_seen_ns: int | None


@dataclass(slots=True, kw_only=True)
class AirLive:
    """The newest climate of a zone, one entry a device."""

    zone: str
    device: str
    at_s: float
    t_ns: int
    quality: str
    values: dict[str, float]


@dataclass(slots=True, kw_only=True)
class VehicleLive:
    """A vehicle's last state message."""

    serial: str
    at_s: float = -1e9
    is_online: bool = False
    is_idle: bool = False
    x_m: float = 0.0
    y_m: float = 0.0
    last_node: str = ""
    order_id: str = ""
    loads: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    battery_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """How a task of the gateway failed last."""

    at_s: float
    count: int
    why: str


@dataclass(slots=True)
class Live:
    """All of it; written by adapters, read by rules and the page, in one event loop."""

    edges: dict[str, EdgeLive] = field(default_factory=dict)
    devices: dict[tuple[str, str], DeviceLive] = field(default_factory=dict)
    air: dict[tuple[str, str], AirLive] = field(default_factory=dict)
    """By (zone, device)."""
    vehicles: dict[str, VehicleLive] = field(default_factory=dict)
    foreign_ledgers: set[str] = field(default_factory=set)
    """Ledger ids of other gateways heard on this broker; gates shut while any is there."""
    processes: dict[str, dict[str, object]] = field(default_factory=dict)
    """By name, as the launcher's run/processes.json told last."""
    since: dict[tuple[str, str], float] = field(default_factory=dict)
    """Monotonic seconds when a rule first saw (rule, subject); written by rules only."""
    sessions: dict[str, str] = field(default_factory=dict)
    """By plane: why there is no session with the broker; empty while it is open."""
    failures: dict[str, TaskFailure] = field(default_factory=dict)
    """By name of the gateway's task."""
