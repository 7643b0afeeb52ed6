"""Control messages: state, births, beats, hello, head, ack, commands (pure).

Source: the project's contract on the wire, sections 1, 2, 4 and 5.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wire.base import Clock, Count, Hash, Message, Word

Mode = Literal["asking", "following", "forked", "exhausted", "stopped"]
Position = tuple[Count, Hash]
"""(seq, hash) of a custody row; (0, 64 zeros) before the first."""


class Tip(Message):
    """The newest row of a chain."""

    seq: Count
    hash: Hash


class EdgeState(Message):
    """Retained on `state`; the last will says online false."""

    online: bool
    boot: str
    version: str = ""
    config_hash: str = ""
    since: Count = 0
    """Unix nanoseconds."""


class DeviceBirth(Message):
    """Retained on `device/{device}`; emptied when the device is removed."""

    family: str
    model: str = ""
    serial: str = ""
    zone: str = ""
    read_point: str = ""
    channels: dict[str, str] = Field(default_factory=dict)
    """Channel name to unit."""
    status: Literal["starting", "ok", "degraded", "lost", "disabled"]
    status_reason: str = ""
    last_seen: Count | None = None
    """Unix nanoseconds of the last good answer."""


class OutboxFill(Message):
    """How full an edge's outboxes are."""

    custody_rows: Count
    telemetry_rows: Count
    bytes: Count
    oldest_s: float
    is_full: bool = False
    """Custody takes no more rows: its bound or the disk is reached."""


class EdgeBeat(Message):
    """Every 2 s."""

    boot: str
    mono_ms: Count
    t_ns: Count
    clock: Clock
    tip: Tip
    outbox: OutboxFill
    mode: Mode = "following"
    """What the edge makes of the ledger's heads; anything but following keeps gates shut."""


class Hello(Message):
    """An edge asks where the ledger stands."""

    ledger: str
    nonce: str
    boot: str
    tip: Tip
    sample: Annotated[list[Position], Field(max_length=128)]


class Head(Message):
    """The ledger's head for an edge: the acknowledgement."""

    ledger: str
    nonce: str | None = None
    seq: Count
    hash: Hash
    common: Position | None = None


class Ack(Message):
    """Telemetry that the store has, as inclusive ranges per boot (256 ranges at most)."""

    ledger: str
    telemetry: dict[str, list[tuple[Count, Count]]]
    credit: Count | None = None
    """How many readings the edge may have sent and not yet seen acknowledged."""


class Deadline(Message):
    """In the edge's own monotonic time."""

    boot: str
    mono_ms: Count


class Basis(Message):
    """What the decision knew."""

    seq: Count
    devices: list[str]


class Command(Message):
    """A command to one device; the verb stands in the topic."""

    command_id: Annotated[str, Field(min_length=8, max_length=64)]
    args: dict[str, object] = Field(default_factory=dict)
    deadline: Deadline
    basis: Basis


class GatewayState(Message):
    """Retained on the gateway's `state`."""

    online: bool
    ledger: str
    version: str = ""
    since: Count = 0


class GatewayBeat(Message):
    """Every 2 s."""

    ledger: str
    journal_count: Count
    t_ns: Count
    since: Count | None = None
    """When its custody or telemetry session was last opened: what flew before may be gone."""


class ConfigReport(Message):
    """Retained on `cfg/reported`."""

    generation: Count
    hash: str
    outcome: Literal["running", "applied", "refused"]
    errors: list[str] = Field(default_factory=list)


class DeadLetterNotice(Message):
    """On `dead/{reason}`; the letter itself lies in the database."""

    letter_id: Count
    reason: Word
    topic: str
    detail: str
    at: str
    """RFC 3339 UTC."""
