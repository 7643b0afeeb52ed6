"""UHF readers: reads to arrivals, departures and passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from edge.catalogue.base import Described, Health, hold
from edge.links.line import Line
from edge.normalise.portal import Portal
from edge.normalise.presence import Presence
from edge.ports import Outgoing
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.families import ReaderFamily
    from edge.normalise.presence import Crossing
    from edge.ports import Driver, Emit
    from edge.settings import ReaderSettings
    from runtime.clock import Clock

SILENT_ROUNDS_MAX = 30


class ReaderRunner:
    """One reader on one line; `tag_listeners` hear (what, epc, seq) of each crossing."""

    def __init__(
        self, family: ReaderFamily[Any], settings: ReaderSettings, *, data_dir: Path, clock: Clock
    ) -> None:
        self.name = f"reader/{settings.id}"
        self.settings = settings
        self._clock = clock
        self._line = Line(
            settings.port, data_dir=data_dir, baud=settings.baud, form=settings.format
        )
        portal = settings.portal
        self._reader = family.driver(settings, self._line)
        self._health = Health(
            settings.id,
            family=settings.family,
            model=family.model,
            clock=clock,
            read_point=settings.read_point,
        )
        self.drivers: list[Driver] = [Described(self._health)]
        self._presence = Presence(
            arrive_reads=settings.arrive_reads,
            arrive_s=settings.arrive_s,
            depart_s=settings.depart_s,
        )
        self._portal = (
            Portal(
                inner_antenna=portal.inner_antenna,
                outer_antenna=portal.outer_antenna,
                window_s=portal.window_s,
            )
            if portal
            else None
        )
        self.tag_listeners: list[Callable[[str, bytes, int], None]] = []

    def eye_changed(self, device: str, channel: str, *, is_on: bool) -> None:
        """Hear of a photo-eye of the same edge."""
        wanted = self.settings.portal
        if self._portal is None or wanted is None or device != wanted.eyes_device or not is_on:
            return
        if channel in {wanted.inner_eye, wanted.outer_eye}:
            self._portal.eye(is_inner=channel == wanted.inner_eye, now_s=self._clock.mono_s())

    async def run(self, emit: Emit) -> Never:
        """Serve the reader for ever."""

        async def serve() -> None:
            silent = 0
            async for reads, spoke in self._reader.rounds():
                silent = 0 if spoke else silent + 1
                if spoke:
                    self._health.good()
                elif silent > SILENT_ROUNDS_MAX:
                    self._health.bad("the reader does not answer")
                for read in reads:
                    rssi = read.rssi_dbm
                    if rssi is None or rssi >= self.settings.rssi_floor_dbm:
                        await self._take(emit, read.epc, read.antenna, rssi)
                await self._expire(emit)

        await hold(self._line, self._health.bad, serve)

    async def _take(self, emit: Emit, epc: bytes, antenna: int, rssi_dbm: int | None) -> None:
        now_s = self._clock.mono_s()
        if self._portal is not None:
            self._portal.read(epc, antenna, rssi_dbm, now_s=now_s)
        crossing = self._presence.read(epc, rssi_dbm, now_s=now_s, t_ns=self._clock.wall_ns())
        if crossing is not None:
            await self._tell(emit, crossing, what="arrived", direction="unknown")

    async def _expire(self, emit: Emit) -> None:
        now_s = self._clock.mono_s()
        for crossing in self._presence.expire(now_s):
            if self._portal is not None:
                direction = self._portal.passed(crossing.epc)
                await self._tell(emit, crossing, what="passed", direction=direction)
            else:
                await self._tell(emit, crossing, what="departed", direction="unknown")
        if self._portal is not None:
            self._portal.keep_only(self._presence.here(), now_s=now_s)

    async def _tell(self, emit: Emit, crossing: Crossing, *, what: str, direction: str) -> None:
        epc_hex = crossing.epc.hex().upper()
        body: dict[str, object] = {
            "read_point": self.settings.read_point,
            "what": what,
            "direction": direction,
            "epc_hex": epc_hex,
            "reads_count": crossing.reads_count,
            "first_t_ns": crossing.first_t_ns,
            "last_t_ns": crossing.last_t_ns,
            "quality": "good",
        }
        if crossing.rssi_dbm is not None:
            body["rssi_dbm"] = float(crossing.rssi_dbm)
        try:
            body["epc_uri"] = uri_from_hex(epc_hex)
        except EpcError as error:
            body |= {"quality": "uncertain", "reason": str(error)}
        device = self.settings.id
        seq = await emit(Outgoing(device=device, kind="rfid", is_custody=True, body=body))
        for listener in self.tag_listeners:
            listener(what, crossing.epc, seq or 0)
