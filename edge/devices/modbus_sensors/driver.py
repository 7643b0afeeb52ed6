"""A bus master that can be believed: one request at a time, silence kept, replies checked.

After a time-out the line is drained until it is silent: RTU has no transaction numbers, and a late
reply must not answer the next request. A unit that does not answer is probed with back-off.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edge.devices.modbus_sensors.codec import (
    MAPS,
    is_whole,
    read_request,
    reply_bytes,
    values_from_words,
    words_from_reply,
)
from edge.errors import BadReply, NoReply

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.links.line import Line

BITS_A_CHARACTER: Final = 11
PROBE_S_MIN: Final = 5.0
PROBE_S_MAX: Final = 60.0
FAILURES_TO_QUARANTINE: Final = 2
DRAIN_S_MAX: Final = 1.0


@dataclass(slots=True, kw_only=True)
class PolledUnit:
    """One sensor: when it is asked next, and how it fared."""

    device: str
    family: str
    unit: int
    poll_s: float
    due_s: float = 0.0
    failures_count: int = 0
    probe_s: float = PROBE_S_MIN
    reason: str = ""

    def ok(self, now_s: float) -> None:
        """Note a good answer."""
        self.failures_count, self.probe_s, self.reason = 0, PROBE_S_MIN, ""
        self.due_s = max(self.due_s + self.poll_s, now_s)

    def failed(self, now_s: float, reason: str) -> None:
        """Note a failure; the second one in a row costs the unit its turn."""
        self.failures_count += 1
        self.reason = reason
        if self.failures_count < FAILURES_TO_QUARANTINE:
            self.due_s = now_s + self.poll_s
            return
        self.due_s = now_s + self.probe_s
        self.probe_s = min(2 * self.probe_s, PROBE_S_MAX)


@dataclass(slots=True)
class BusCounts:
    """What a bus did since the start."""

    requests_count: int = 0
    timeouts_count: int = 0
    errors_count: int = 0
    busy_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class BusMaster:
    """Asks the units of one line."""

    line: Line
    baud: int
    timeout_s: float
    turnaround_s: float
    clock: Callable[[], float]
    counts: BusCounts = field(default_factory=BusCounts)
    _quiet_since_s: float = 0.0

    async def read(self, unit: PolledUnit) -> dict[str, float]:
        """Return a sensor's values. Raises NoReply, BadReply, LinkLost."""
        sensor = MAPS[unit.family]
        await self._keep_silence()
        began_s = self.clock()
        self.line.discard()
        request = read_request(unit.unit, sensor.function, sensor.first, sensor.count)
        self.counts.requests_count += 1
        try:
            await self.line.write(request)
            frame = await self._reply(request, sensor.count)
            words = words_from_reply(
                frame, unit=unit.unit, function=sensor.function, count=sensor.count
            )
        except NoReply:
            self.counts.timeouts_count += 1
            await self._drain()
            raise
        except BadReply:
            self.counts.errors_count += 1
            await self._drain()
            raise
        finally:
            self._quiet_since_s = self.clock()
            self.counts.busy_s += self._quiet_since_s - began_s
        return values_from_words(words, sensor)

    async def _reply(self, request: bytes, count: int) -> bytes:
        """Gather the reply; an echo of the request, and noise before the unit, are dropped."""
        wire_s = (len(request) + reply_bytes(count)) * BITS_A_CHARACTER / self.baud
        end_s = self.clock() + self.timeout_s + wire_s
        data = b""
        while (left_s := end_s - self.clock()) > 0:
            data += await self.line.read(left_s)
            data = data.removeprefix(request)
            at = data.find(request[0])
            data = data[at:] if at >= 0 else b""
            if is_whole(data, count=count):
                return data[: 5 if data[1] & 0x80 else reply_bytes(count)]
        raise NoReply(f"unit {request[0]} did not answer within {self.timeout_s} s")

    async def _keep_silence(self) -> None:
        silence_s = max(3.5 * BITS_A_CHARACTER / self.baud, 0.00175) + self.turnaround_s
        rest_s = self._quiet_since_s + silence_s - self.clock()
        if rest_s > 0:
            await asyncio.sleep(rest_s)

    async def _drain(self) -> None:
        """Read until the line has been silent for a whole reply time: late bytes end here."""
        end_s = self.clock() + DRAIN_S_MAX
        while self.clock() < end_s:
            if not await self.line.read(self.timeout_s / 3):
                return
