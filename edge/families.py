"""What a device family is: its settings, its codec, its driver. Each folder of devices/ has them.

`edge/devices/<family>/family.py` holds FAMILIES, a tuple of these; the catalogue names the folder
in one line and builds runners by the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, get_args, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from edge.links.line import Line
    from edge.modbus.master import Master
    from edge.modbus.pdu import Request
    from edge.ports import CommandResult, SafeState
    from edge.readings import Reading, TagRead, UnitReading, Weighed

from edge.settings import (
    CameraSettings,
    Device,
    PlcSettings,
    ReaderSettings,
    ScaleSettings,
    UnitSettings,
)

DeviceT = TypeVar("DeviceT", bound=Device)
ScaleT = TypeVar("ScaleT", bound=ScaleSettings)
ReaderT = TypeVar("ReaderT", bound=ReaderSettings)
UnitT = TypeVar("UnitT", bound=UnitSettings)


class Codec(Protocol):
    """Bytes in, readings out; no I/O, no clock, a bound on what is held."""

    def feed(self, data: bytes) -> Sequence[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""


@runtime_checkable
class EndedCodec(Codec, Protocol):
    """A codec that can tell what it holds when a capture ends; a live line never does."""

    def finish(self) -> Sequence[Reading]:
        """Return what the held bytes are when nothing follows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a device says of itself; empty where it doesn't."""

    model: str = ""
    serial: str = ""


class ScaleDriver(Protocol):
    """One scale on one open line."""

    corrupt_count: int
    verbs: frozenset[str]
    """The commands it has."""

    async def greet(self) -> Identity:
        """Ask a scale whose line was just opened who it is. Raises LinkLost."""

    async def ask(self) -> Weighed | None:
        """Return the newest weight, None when the scale is silent. Raises LinkLost."""

    async def tell(self, verb: str) -> CommandResult:
        """Do one of `verbs`, or say why the scale refuses. Raises LinkLost."""


@dataclass(slots=True)
class ReaderState:
    """What a reader told of itself beside its reads."""

    model: str = ""
    """Hardware and firmware in its own words; empty until it told."""
    fault: str = ""
    """What keeps it from reading all it should, and the remedy; empty when nothing does."""
    clock_t_ns: int | None = None
    """A stamp of its clock made just now; the runner takes it and puts None."""
    silent_s_max: float = 3.0
    """How long it may say nothing before it counts as lost."""


class ReaderDriver(Protocol):
    """One UHF reader on one open line."""

    corrupt_count: int
    state: ReaderState

    def rounds(self) -> AsyncGenerator[tuple[list[TagRead], bool], None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""


@dataclass(frozen=True, kw_only=True)
class Hints:
    """How a scan meets a family: on which lines, with which questions, in which variants."""

    lines: tuple[tuple[int, str], ...]
    """(baud, format), the usual ones first."""
    asks: tuple[bytes, ...] = ()
    """Questions that change nothing in the device; empty for one that speaks unasked."""
    variants: tuple[Mapping[str, object], ...] = ({},)
    """Settings of the family that change how its bytes read: each is tried."""


@dataclass(frozen=True, kw_only=True)
class Family(Generic[DeviceT]):
    """What every family has."""

    settings: type[DeviceT]
    """Its field `family` is a Literal of the names that a site file may write."""
    model: str
    """What a birth tells until the device says better."""
    hints: Hints | None = None
    """None: a scan does not find it on a byte line."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the words that a site file names this family by."""
        return get_args(self.settings.model_fields["family"].annotation)


@dataclass(frozen=True, kw_only=True)
class ScaleFamily(Family[ScaleT]):
    """Scales and weighbridges on a byte line."""

    codec: Callable[[ScaleT], Codec]
    driver: Callable[[ScaleT, Line], ScaleDriver]


@dataclass(frozen=True, kw_only=True)
class ReaderFamily(Family[ReaderT]):
    """UHF readers on a byte line, serial or TCP."""

    codec: Callable[[ReaderT], Codec]
    driver: Callable[[ReaderT, Line], ReaderDriver]


class UnitDriver(Protocol):
    """One unit of a Modbus bus, TCP included."""

    @property
    def polls(self) -> Mapping[str, float]:
        """Return what is read, and every how many seconds; a dead unit is probed with the first."""

    @property
    def channels(self) -> Mapping[str, str]:
        """Return what it tells, and in which unit."""

    def plan(self, poll: str) -> Sequence[Request]:
        """Return the requests of a poll, as they are sent now."""

    async def read(self, poll: str, *, timeout_s: float | None) -> UnitReading:
        """Return what a poll tells. Raises NoReply, BadReply, LinkLost."""

    async def tell(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Do once what the unit can do, and read it back; refuse the rest."""

    def safe_states(self) -> Sequence[SafeState]:
        """Return the safe state of every output that must not stay as it was told."""

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow a command; None when nothing must."""


@dataclass(frozen=True, kw_only=True)
class UnitFamily(Family[UnitT]):
    """Units of a bus."""

    driver: Callable[[UnitT, Master | None, Callable[[], float]], UnitDriver]
    """Without a master it can only tell its plan."""
    title: Callable[[UnitT], str]
    """The model that a birth tells."""
    frames: Callable[[UnitT], Codec] | None = None
    """Reads recorded bytes of the unit's line; the bus itself needs no such thing."""


@dataclass(frozen=True, kw_only=True)
class PlcFamily(Family[PlcSettings]):
    """Discrete inputs and coils."""


@dataclass(frozen=True, kw_only=True)
class CameraFamily(Family[CameraSettings]):
    """Cameras that post to the edge."""
