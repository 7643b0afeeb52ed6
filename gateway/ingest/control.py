"""The control session: states, births, beats, hellos, requests and vehicles."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from gateway.ingest.admission import why
from gateway.ledger import heads, journal, letters
from gateway.live import FOREIGN_COUNT_MAX, BoxLive, DeviceLive, EdgeLive
from wire.control import (
    ConfigReport,
    DeviceBirth,
    EdgeBeat,
    EdgeState,
    GatewayBeat,
    Head,
    Hello,
)
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
BOXES_COUNT_MAX: Final = 8
CONFIG_ERRORS_MAX: Final = 20
BOX_KEPT_S: Final = 60.0
LENGTHS_S: Final = 30.0


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
        edge_topic("+", "cfg", "reported"),
        gateway_topic("+", "beat"),
    ]


class Control:
    """Takes control messages into the live state and answers hellos."""

    def __init__(self, core: Core, live: Live, clock: Clock) -> None:
        self._core = core
        self._live = live
        self._clock = clock
        self.was_greeted = asyncio.Event()
        """An edge said hello: it sends as soon as it hears a beat."""
        self.unreadable_count = 0
        self._lengths: deque[tuple[float, int]] = deque()
        """(seconds, length) of our own journal, of late."""
        self._edges = frozenset(dock.edge for dock in core.ledger.site.docks)

    async def take(self, session: Session, packet: mqtt5.PublishPacket) -> None:
        """Take one message; an unreadable one becomes a dead letter."""
        topic, body = packet.topic, packet.payload
        try:
            _check_size(body)
            if topic.startswith("wh/v1/gw/"):
                await self._gateway_beat(body)
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
                case ["cfg", "reported"] if body:
                    self._config(edge, ConfigReport.model_validate_json(body))
                case ["hello"]:
                    await self._hello(session, edge, Hello.model_validate_json(body))
                case _:
                    return
        except (ValidationError, ValueError, RecursionError) as error:
            self.unreadable_count += 1
            await self.bury(packet, why(error))

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

    def _config(self, edge: str, report: ConfigReport) -> None:
        is_refused = report.outcome == "refused"
        self._edge(edge).config_errors = report.errors[:CONFIG_ERRORS_MAX] if is_refused else []
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
        live.mode = beat.mode
        self._note_box(live, beat)
        self._core.changes.notify()

    def _note_box(self, live: EdgeLive, beat: EdgeBeat) -> None:
        """Keep each process that speaks under the name; two that speak in turn are clones."""
        now_s = self._clock.mono_s()
        for boot in [one for one, box in live.boxes.items() if now_s - box.at_s > BOX_KEPT_S]:
            del live.boxes[boot]
        box = live.boxes.get(beat.boot)
        if box is None and len(live.boxes) >= BOXES_COUNT_MAX:
            return
        others_s = [one.at_s for one in live.boxes.values() if one.boot != beat.boot]
        if box is not None and any(at_s > box.at_s for at_s in others_s):
            live.cloned_at_s = now_s  # Another spoke after this one's last word: both live.
        live.boxes[beat.boot] = BoxLive(
            boot=beat.boot,
            at_s=now_s,
            mode=beat.mode,
            tip_seq=beat.tip.seq,
            mono_ms=beat.mono_ms,
            custody_rows=beat.outbox.custody_rows,
        )

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

    async def _gateway_beat(self, body: bytes) -> None:
        beat = GatewayBeat.model_validate_json(body)
        live, now_s = self._live, self._clock.mono_s()
        if beat.ledger == self._core.ledger.ledger_id:
            if await self._is_other_journal(beat.journal_count, now_s):
                live.twin_at_s = now_s
            return
        heard = live.foreign_ledgers
        heard.pop(beat.ledger[:64], None)
        while len(heard) >= FOREIGN_COUNT_MAX:
            del heard[next(iter(heard))]
        heard[beat.ledger[:64]] = now_s

    async def _is_other_journal(self, count: int, now_s: float) -> bool:
        """Tell whether a journal of that length can't be ours of the last half minute."""
        ours = await self._core.read(journal.count)
        self._lengths.append((now_s, ours))
        while now_s - self._lengths[0][0] > LENGTHS_S and len(self._lengths) > 1:
            self._lengths.popleft()
        is_known_long = now_s - self._lengths[0][0] > LENGTHS_S / 2
        return count > ours or (is_known_long and count < self._lengths[0][1])

    async def _hello(self, session: Session, edge: str, hello: Hello) -> None:
        head: Head | None = await self._core.read(
            partial(heads.answer_hello, edge=edge, hello=hello)
        )
        if head is None:
            log.warning("hello_foreign", extra={"edge": edge, "ledger": hello.ledger[:64]})
            return
        await session.publish(edge_topic(edge, "head"), head.model_dump_json().encode())
        self.was_greeted.set()

    async def bury(self, packet: mqtt5.PublishPacket, detail: str) -> None:
        """Keep a message that can't be used as a dead letter."""
        await self._core.transact(
            "control",
            partial(
                letters.bury,
                reason="control",
                detail=detail,
                topic=packet.topic[:400],
                body=packet.payload[:BODY_BYTES_MAX],
            ),
        )
