"""UHF readers: reads to arrivals, departures and passages."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Never

from edge.catalogue.base import Described, Health, hold
from edge.catalogue.line_quality import LineQuality
from edge.catalogue.reader_time import ReaderTime
from edge.links.line import Line
from edge.normalise.read_point import ReadPoint
from edge.ports import Outgoing
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.catalogue.reader_time import LiveRead
    from edge.families import ReaderFamily
    from edge.normalise.late import Visit
    from edge.normalise.read_point import TagEvent
    from edge.ports import Driver, Emit
    from edge.settings import ReaderSettings
    from runtime.clock import Clock


class ReaderRunner:
    """One reader on one line; `tag_listeners` hear (what, epc, seq) of each crossing."""

    def __init__(
        self, family: ReaderFamily[Any], settings: ReaderSettings, *, data_dir: Path, clock: Clock
    ) -> None:
        self.name = f"reader/{settings.id}"
        self.settings = settings
        self._clock = clock
        self._line = Line(
            settings.port,
            data_dir=data_dir,
            baud=settings.baud,
            form=settings.format,
            ca_file=settings.ca_file,
        )
        self._reader = family.driver(settings, self._line)
        self._health = Health(
            settings.id,
            family=settings.family,
            model=family.model,
            clock=clock,
            read_point=settings.read_point,
        )
        self.drivers: list[Driver] = [Described(self._health)]
        self._time = ReaderTime(settings, clock)
        self._quality = LineQuality()
        self._point = ReadPoint(settings)
        self.tag_listeners: list[Callable[[str, bytes, int], None]] = []

    def eye_changed(self, device: str, channel: str, *, is_on: bool) -> None:
        """Hear of a photo-eye of the same edge."""
        wanted = self.settings.portal
        if wanted is not None and device == wanted.eyes_device and is_on:
            self._point.eye(channel, now_s=self._clock.mono_s())

    def confidence_ratio(self, epc: bytes) -> float | None:
        """Return how sure it is that a tag is here; None: it is not."""
        return self._point.presence.confidence_ratio(epc)

    async def run(self, emit: Emit) -> Never:
        """Serve the reader for ever."""

        async def serve() -> None:
            heard_s = self._clock.mono_s()
            # Closed at the end whatever ends it: a network reader is let go of.
            async with contextlib.aclosing(self._reader.rounds()) as rounds:
                async for tags, spoke in rounds:
                    self._time.told(self._reader.state)
                    if spoke:
                        heard_s = self._clock.mono_s()
                    self._quality.note(
                        good_count=len(tags) + spoke,
                        corrupt_count=self._reader.corrupt_count,
                        now_s=self._clock.mono_s(),
                    )
                    self._tell_health(spoke=spoke, silent_s=self._clock.mono_s() - heard_s)
                    for read in self._time.live(tags):
                        await self._take(emit, read)
                    for event in self._point.expire(self._clock.mono_s()):
                        await self._tell(emit, event)
                    for visit in self._time.late():
                        await self._tell_late(emit, visit)

        await hold(self._line, self._health.bad, serve)

    def _tell_health(self, *, spoke: bool, silent_s: float) -> None:
        state = self._reader.state
        self._health.told(state.model)
        if silent_s >= state.silent_s_max:
            self._health.bad(
                f"the reader has not answered for {state.silent_s_max:.0f} s or more: "
                "check its power, address and baud rate"
            )
        elif spoke:
            complaint = state.fault or self._quality.complaint or self._time.complaint()
            self._health.good(complaint)

    async def _take(self, emit: Emit, read: LiveRead) -> None:
        tag = read.tag
        event = self._point.read(
            tag.epc, tag.antenna, tag.rssi_dbm, now_s=read.at_s, t_ns=read.t_ns
        )
        if event is not None:
            await self._tell(emit, event)

    async def _tell(self, emit: Emit, event: TagEvent) -> None:
        crossing = event.crossing
        epc_hex = crossing.epc.hex().upper()
        body: dict[str, object] = {
            "read_point": self.settings.read_point,
            "what": event.what,
            "direction": event.direction,
            "epc_hex": epc_hex,
            "reads_count": crossing.reads_count,
            "first_t_ns": crossing.first_t_ns,
            "last_t_ns": crossing.last_t_ns,
            "quality": "good",
        }
        device_ns = self._time.device_ns(crossing.epc)
        if device_ns is not None:
            body["device_t_ns"] = device_ns
        if crossing.rssi_dbm is not None:
            body["rssi_dbm"] = float(crossing.rssi_dbm)
        try:
            body["epc_uri"] = uri_from_hex(epc_hex)
        except EpcError as error:
            body |= {"quality": "uncertain", "reason": str(error)}
        if event.reason:
            body |= {"quality": "uncertain", "reason": event.reason}
        device = self.settings.id
        seq = await emit(Outgoing(device=device, kind="rfid", is_custody=True, body=body))
        for listener in self.tag_listeners:
            listener(event.what, crossing.epc, seq or 0)

    async def _tell_late(self, emit: Emit, visit: Visit) -> None:
        """Put on record who was there while nobody listened: it moves nothing now."""
        epc_hex = visit.epc.hex().upper()
        late_s = (self._clock.wall_ns() - visit.last_t_ns) / 1e9
        body: dict[str, object] = {
            "t_ns": self._time.unique_ns(visit.last_t_ns),
            "read_point": self.settings.read_point,
            "what": "departed",
            "direction": "unknown",
            "epc_hex": epc_hex,
            "reads_count": visit.reads_count,
            "first_t_ns": visit.first_t_ns,
            "last_t_ns": visit.last_t_ns,
            "device_t_ns": visit.device_t_ns,
            "quality": "uncertain",
            "reason": f"told by the reader {late_s:.0f} s after it happened",
        }
        if visit.rssi_dbm is not None:
            body["rssi_dbm"] = float(visit.rssi_dbm)
        with contextlib.suppress(EpcError):
            body["epc_uri"] = uri_from_hex(epc_hex)
        await emit(Outgoing(device=self.settings.id, kind="rfid", is_custody=True, body=body))
