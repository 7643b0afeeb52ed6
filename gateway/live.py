"""What the gateway knows of the present and keeps in memory only: beats, births, air, vehicles.

Everything here may be lost at any time; nothing that the ledger needs lies here. Monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

CLONE_SHOWN_S: Final = 15.0
FOREIGN_SHOWN_S: Final = 30.0
FOREIGN_COUNT_MAX: Final = 16


@dataclass(slots=True, kw_only=True)
class BoxLive:
    """One process of an edge's name, as its last beat told it."""

    boot: str
    at_s: float
    mode: str
    tip_seq: int
    mono_ms: int
    """The box's own monotonic clock in that beat."""
    custody_rows: int

    def mono_ms_at(self, now_s: float) -> int:
        """Return what the box's monotonic clock shows when ours shows `now_s`."""
        return self.mono_ms + round((now_s - self.at_s) * 1000)


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
    mode: str = "following"
    """What its chain makes of the ledger: following, asking, forked, exhausted or stopped."""
    config_errors: list[str] = field(default_factory=list)
    """Why the newest edition of its file is not in force; empty where it is."""
    boxes: dict[str, BoxLive] = field(default_factory=dict)
    """By boot: every process that told of itself under this name of late."""
    cloned_at_s: float = -1e9
    """When two boxes last spoke in turn under this one name."""

    def is_cloned(self, now_s: float) -> bool:
        """Tell whether two boxes speak under this name."""
        return now_s - self.cloned_at_s <= CLONE_SHOWN_S


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
class BusLive:
    """What a field bus told last of its line."""

    at_s: float
    t_ns: int
    utilisation_ratio: float
    planned_ratio: float | None
    cycle_ms: float
    requests_count: int
    timeouts_count: int
    errors_count: int


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
    air: dict[tuple[str, str, str], AirLive] = field(default_factory=dict)
    """By (zone, edge, device)."""
    buses: dict[tuple[str, str], BusLive] = field(default_factory=dict)
    """By (edge, bus)."""
    vehicles: dict[str, VehicleLive] = field(default_factory=dict)
    foreign_ledgers: dict[str, float] = field(default_factory=dict)
    """Ledger ids of other gateways on this broker, with the seconds when each was last heard."""
    events_count: int = 0
    """Custody events that came to this gateway since it started, repeats among them."""
    leads: bool = True
    """Of several gateways one decides and publishes; a gateway alone does so always."""
    twin_at_s: float = -1e9
    """When a gateway of our own ledger id told of another journal than ours."""
    withheld: list[str] = field(default_factory=list)
    """Edges of which too much is unusable: what goes beyond their budget is not acknowledged."""
    processes: dict[str, dict[str, object]] = field(default_factory=dict)
    """By name, as the launcher's run/processes.json told last."""
    since: dict[tuple[str, str], float] = field(default_factory=dict)
    """Monotonic seconds when a rule first saw (rule, subject); written by rules only."""
    sessions: dict[str, str] = field(default_factory=dict)
    """By plane: why there is no session with the broker; empty while it is open."""
    failures: dict[str, TaskFailure] = field(default_factory=dict)
    """By name of the gateway's task."""

    def air_by_zone(self) -> dict[str, list[AirLive]]:
        """Return each zone's air in one pass: ten thousand probes are asked for at every turn."""
        found: dict[str, list[AirLive]] = {}
        for air in list(self.air.values()):
            found.setdefault(air.zone, []).append(air)
        return found

    def foreign_now(self, now_s: float) -> list[str]:
        """Return the other ledgers that are still heard; gates stay shut while any is."""
        return sorted(
            ledger
            for ledger, at_s in self.foreign_ledgers.items()
            if now_s - at_s <= FOREIGN_SHOWN_S
        )

    def has_twin(self, now_s: float) -> bool:
        """Tell whether a second journal of our ledger id is at work."""
        return now_s - self.twin_at_s <= FOREIGN_SHOWN_S
