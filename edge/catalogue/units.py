"""One unit of a bus: its polls in time, its quarantine, its readings as events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from typing_extensions import override

from edge.catalogue.base import Described
from edge.errors import BadReply, NoReply
from edge.modbus.wire_rtu import RtuWire
from edge.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.catalogue.base import Health
    from edge.families import UnitDriver
    from edge.modbus.open import OpenBus
    from edge.modbus.pdu import Request
    from edge.ports import CommandResult, Emit, SafeState
    from edge.readings import UnitReading
    from edge.settings import UnitSettings

PROBE_S_MIN: Final = 5.0
PROBE_S_MAX: Final = 60.0
FAILURES_TO_QUARANTINE: Final = 2
SHORT_PROBE_S_MIN: Final = 0.05
SLOWER: Final = 4.0
"""A probe waits so many times as long as the unit ever took; each fourth waits in full."""
FULL_PROBE_EACH: Final = 4
DOUBT_S: Final = 60.0


class Unit(Described):
    """A unit, whatever family reads it."""

    def __init__(
        self,
        settings: UnitSettings,
        driver: UnitDriver,
        *,
        health: Health,
        bus: OpenBus,
        listeners: Callable[[str, str, bool], None],
    ) -> None:
        super().__init__(health)
        self.number = settings.unit
        self.polls = driver.polls
        self._zone = settings.zone
        self._driver = driver
        self._bus = bus
        self._listeners = listeners
        self._inputs: dict[str, bool] = {}
        self._failures_count = 0
        self._probes_count = 0
        self._probe_s = PROBE_S_MIN
        self._round_s: dict[str, float] = {}
        self._doubt, self._doubt_until_s = "", 0.0

    def doubt(self, why: str) -> None:
        """Call what it says uncertain for a while."""
        self._doubt, self._doubt_until_s = why, self._bus.master.clock() + DOUBT_S

    @property
    def is_quarantined(self) -> bool:
        """Tell whether it is only probed."""
        return self._failures_count >= FAILURES_TO_QUARANTINE

    @property
    def round_s(self) -> float:
        """Return how long the line was busy with its last polls."""
        return sum(self._round_s.values())

    def plan(self) -> list[tuple[list[Request], float]]:
        """Return (requests, every how many seconds) of each poll."""
        return [(list(self._driver.plan(poll)), s) for poll, s in self.polls.items()]

    @override
    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        return await self._driver.tell(verb, args)

    def safe_states(self) -> Sequence[SafeState]:
        """Return the safe state of every output that must not stay as it was told."""
        return self._driver.safe_states()

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow a command; None when nothing must."""
        return self._driver.safe_state_after(verb, args)

    async def serve(self, poll: str, emit: Emit) -> Never:
        """Poll for ever. Raises LinkLost."""
        clock = self._bus.master.clock
        is_first = poll == next(iter(self.polls))
        due_s = clock()
        while True:
            if (rest_s := due_s - clock()) > 0:
                await asyncio.sleep(rest_s)
            if self.is_quarantined and not is_first:
                due_s = clock() + self.polls[poll]  # The first poll tells when it is back.
                continue
            is_alive = await self._poll(poll, emit)
            now_s = clock()
            if is_alive or not self.is_quarantined:
                due_s = max(due_s + self.polls[poll], now_s)
            else:
                due_s = now_s + self._probe_s
                self._probe_s = min(2 * self._probe_s, PROBE_S_MAX)

    async def _poll(self, poll: str, emit: Emit) -> bool:
        counts = self._bus.master.counts
        began_s = counts.busy_s_of.get(self.number, 0.0)
        try:
            reading = await self._driver.read(poll, timeout_s=self._probe_timeout_s())
        except (NoReply, BadReply) as error:
            self._failures_count += 1
            status = "lost" if isinstance(error, NoReply) else "degraded"
            self.health.bad(str(error), status=status)  # type: ignore[arg-type]
            self._round_s.pop(poll, None)
            return False
        self._failures_count, self._probes_count, self._probe_s = 0, 0, PROBE_S_MIN
        self._round_s[poll] = counts.busy_s_of.get(self.number, 0.0) - began_s
        await self._tell(reading, emit)
        return True

    def _probe_timeout_s(self) -> float | None:
        """Return how long to wait for a unit that was silent; None: as long as the bus says."""
        wire = self._bus.wire
        if not self.is_quarantined or not isinstance(wire, RtuWire):
            return None
        self._probes_count += 1
        slowest_s = wire.slowest_s(self.number)
        if slowest_s == 0 or self._probes_count % FULL_PROBE_EACH == 0:
            return None
        return min(wire.timeout_s, max(SHORT_PROBE_S_MIN, SLOWER * slowest_s))

    async def _tell(self, reading: UnitReading, emit: Emit) -> None:
        whys = [f"{field}: {reason}" for field, reason in reading.missing.items()]
        if self._doubt_until_s > self._bus.master.clock():
            whys.insert(0, self._doubt)
        why = "; ".join(whys)
        if why:
            self.health.bad(why, status="degraded")
        else:
            self.health.good()
        if serial := reading.texts.get("serial"):
            self.health.serial = serial
        for kind, values in reading.values.items():
            body: dict[str, object] = {"quality": "uncertain" if why else "good"}
            if why:
                body["reason"] = why[:200]
            if self._zone and kind != "power":
                body["zone"] = self._zone
            body |= {"values": values} if kind == "signals" else values
            await emit(Outgoing(device=self.device, kind=kind, is_custody=False, body=body))
        for channel, is_on in reading.inputs.items():
            if self._inputs.get(channel) is is_on:
                continue
            self._inputs[channel] = is_on
            self._listeners(self.device, channel, is_on)
            body = {"channel": channel, "is_on": is_on, "quality": "good"}
            await emit(Outgoing(device=self.device, kind="input", is_custody=True, body=body))
