"""The control session: states, births, beats, hellos, requests and vehicles."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from gateway.ingest.admission import why
from gateway.ledger import custody
from gateway.live import DeviceLive, EdgeLive
from wire.control import DeviceBirth, EdgeBeat, EdgeState, GatewayBeat, Head, Hello
from wire.topics import edge_of, edge_topic, gateway_topic, word

if TYPE_CHECKING:
    import mqtt5

    from gateway.core import Core
    from gateway.live import Live
    from runtime.clock import Clock
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 65_536
EDGES_COUNT_MAX: Final = 1_000
DEVICES_COUNT_MAX: Final = 10_000


def _check_size(body: bytes) -> None:
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"{len(body)} bytes, at most {BODY_BYTES_MAX}")


def control_topics() -> list[str]:
    """Return what the device plane's control messages are called."""
    return [
        edge_topic("+", "state"),
        edge_topic("+", "device", "+"),
        edge_topic("+", "beat"),
        edge_topic("+", "hello"),
        gateway_topic("+", "beat"),
    ]


class Control:
    """Takes control messages into the live state and answers hellos."""

    def __init__(self, core: Core, live: Live, clock: Clock) -> None:
        self._core = core
        self._live = live
        self._clock = clock
        self.unreadable_count = 0

    async def take(self, session: Session, packet: mqtt5.PublishPacket) -> None:
        """Take one message; an unreadable one becomes a dead letter."""
        topic, body = packet.topic, packet.payload
        try:
            _check_size(body)
            if topic.startswith("wh/v1/gw/"):
                self._gateway_beat(body)
                return
            levels = topic.split("/")
            edge = word(edge_of(topic) or "")
            match levels[4:]:
                case ["state"] if body:
                    self._state(edge, EdgeState.model_validate_json(body))
                case ["device", device]:
                    self._birth(edge, word(device), body)
                case ["beat"]:
                    self._beat(edge, EdgeBeat.model_validate_json(body))
                case ["hello"]:
                    await self._hello(session, edge, Hello.model_validate_json(body))
                case _:
                    return
        except (ValidationError, ValueError, RecursionError) as error:
            self.unreadable_count += 1
            await self._bury(packet, why(error))

    def _edge(self, edge: str) -> EdgeLive:
        if edge not in self._live.edges and len(self._live.edges) >= EDGES_COUNT_MAX:
            raise ValueError(f"more than {EDGES_COUNT_MAX} edges")
        return self._live.edges.setdefault(edge, EdgeLive(edge=edge))

    def _state(self, edge: str, state: EdgeState) -> None:
        live = self._edge(edge)
        if not state.online and live.boot and state.boot != live.boot:
            return  # The will of an earlier life.
        live.is_online = state.online
        self._core.changes.notify()

    def _beat(self, edge: str, beat: EdgeBeat) -> None:
        live = self._edge(edge)
        live.is_online = True
        live.boot = beat.boot
        live.mono_ms = beat.mono_ms
        live.beat_at_s = self._clock.mono_s()
        live.tip_seq, live.tip_hash = beat.tip.seq, beat.tip.hash
        live.custody_rows = beat.outbox.custody_rows
        live.telemetry_rows = beat.outbox.telemetry_rows
        live.is_full = beat.outbox.is_full
        self._core.changes.notify()

    def _birth(self, edge: str, device: str, body: bytes) -> None:
        devices = self._live.devices
        if not body:
            devices.pop((edge, device), None)
            return
        birth = DeviceBirth.model_validate_json(body)
        if (edge, device) not in devices and len(devices) >= DEVICES_COUNT_MAX:
            raise ValueError(f"more than {DEVICES_COUNT_MAX} devices")
        devices[(edge, device)] = DeviceLive(
            edge=edge,
            device=device,
            family=birth.family,
            status=birth.status,
            status_reason=birth.status_reason,
            zone=birth.zone,
            read_point=birth.read_point,
            last_seen_ns=birth.last_seen,
        )
        self._core.changes.notify()

    def _gateway_beat(self, body: bytes) -> None:
        beat = GatewayBeat.model_validate_json(body)
        if beat.ledger != self._core.ledger.ledger_id:
            self._live.foreign_ledgers.add(beat.ledger[:64])

    async def _hello(self, session: Session, edge: str, hello: Hello) -> None:
        head: Head | None = await self._core.read(
            partial(custody.answer_hello, edge=edge, hello=hello)
        )
        if head is None:
            log.warning("hello_foreign", extra={"edge": edge, "ledger": hello.ledger[:64]})
            return
        self._edge(edge).is_exhausted = head.common is None
        await session.publish(edge_topic(edge, "head"), head.model_dump_json().encode())

    async def _bury(self, packet: mqtt5.PublishPacket, detail: str) -> None:
        await self._core.transact(
            "control",
            partial(
                custody.bury,
                reason="control",
                detail=detail,
                topic=packet.topic[:400],
                body=packet.payload[:BODY_BYTES_MAX],
            ),
        )
