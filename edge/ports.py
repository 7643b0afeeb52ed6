"""What edge stages ask of each other; `edge.app` connects them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Never, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wire.control import DeviceBirth


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A normalised event or reading on its way to the outbox."""

    device: str
    kind: str
    """A key of wire.events.EVENT_KINDS (custody) or wire.telemetry.TELEMETRY_KINDS."""
    is_custody: bool
    body: Mapping[str, object]
    """Fields of the wire model; the app stamps `t_ns` and `clock` where they are absent."""


class Emit(Protocol):
    """Where drivers put events; waits while the outbox takes no more (custody is never dropped)."""

    async def __call__(self, outgoing: Outgoing) -> int | None:
        """Return the chain number of a custody event once it is on disk; None for telemetry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What a driver did with a command, read back from the device."""

    outcome: Literal["done", "failed", "refused", "unknown"]
    reason: str = ""
    read_back: bool | None = None


class Driver(Protocol):
    """One configured device. A family's driver module builds it from its settings."""

    device: str

    def birth(self) -> DeviceBirth:
        """Return what is known of the device now (status, last_seen included)."""

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Act once; refuse a verb that the device does not have."""


class Runner(Protocol):
    """One task: a serial link with its device, a bus with all of its units, a TCP device."""

    name: str
    drivers: list[Driver]

    async def run(self, emit: Emit) -> Never:
        """Serve the link for ever; a lost link is retried inside, a bug is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeState:
    """What an output falls back to by itself, as a command that needs no lease."""

    output: str
    """Which output of the device: each has a lease of its own."""
    verb: str
    args: Mapping[str, object] = field(default_factory=dict)
    is_guard: bool = True
    """It keeps people and goods: leaving it takes a time limit, a basis and room in the outbox."""


@runtime_checkable
class HasOutputs(Protocol):
    """A device whose outputs must not stay as a command left them."""

    def safe_states(self) -> Sequence[SafeState]:
        """Return the safe state of every output."""

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow this command; None when it leads to a safe state itself."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """An output that must fall back to its safe state by itself."""

    device: str
    safe: SafeState
    ends_mono_s: float = 0.0
    """Negative: now. Infinite: when the gateway falls silent."""
    again_mono_s: float = 0.0
    """When to insist, after it did not fall back."""
    wait_s: float = 0.2
