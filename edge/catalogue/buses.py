"""Buses: each unit in its turn, what one says told at once, a dead one probed and no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from edge.catalogue.base import Health, hold
from edge.catalogue.families import FAMILIES
from edge.catalogue.units import Unit
from edge.errors import LinkLost
from edge.families import UnitFamily
from edge.modbus.open import bus_of
from edge.modbus.plan import bus_plan
from edge.modbus.wire_rtu import RtuWire
from edge.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from edge.modbus.plan import BusPlan
    from edge.ports import Driver, Emit
    from edge.settings import Bus, UnitSettings
    from runtime.clock import Clock

TELL_S: Final = 5.0


class BusRunner:
    """One line with all of its units; `input_listeners` hear (device, channel, is_on) at once."""

    def __init__(
        self, settings: Bus, units: Sequence[UnitSettings], *, data_dir: Path, clock: Clock
    ) -> None:
        self.name = f"bus/{settings.id}"
        self.bus = settings.id
        self._settings = settings
        self._clock = clock
        self._bus = bus_of(settings, data_dir=data_dir, clock=clock.mono_s)
        self._units = [self._unit(one) for one in units]
        self.drivers: list[Driver] = [*self._units]
        self.input_listeners: list[Callable[[str, str, bool], None]] = []
        self._told_s = clock.mono_s()
        self._told_busy_s = 0.0
        self.account: dict[str, object] = {}
        """What was told of the line last, for /health."""

    def _unit(self, settings: UnitSettings) -> Unit:
        family = FAMILIES[settings.family]
        assert isinstance(family, UnitFamily)
        driver = family.driver(settings, self._bus.master, self._clock.mono_s)
        health = Health(
            settings.id,
            family=settings.family,
            model=family.title(settings),
            clock=self._clock,
            zone=settings.zone,
            read_point=settings.read_point,
            channels=driver.channels,
        )
        return Unit(settings, driver, health=health, bus=self._bus, listeners=self._tell_inputs)

    def _tell_inputs(self, device: str, channel: str, is_on: bool) -> None:  # noqa: FBT001 - what a listener takes
        for listener in self.input_listeners:
            listener(device, channel, is_on)

    async def run(self, emit: Emit) -> Never:
        """Serve the bus for ever."""

        async def serve() -> None:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._bus.master.serve(), name=f"{self.name}/master")
                    tasks.create_task(self._tell(emit), name=f"{self.name}/tell")
                    for unit in self._units:
                        for poll in unit.polls:
                            name = f"{self.name}/{unit.device}/{poll}"
                            tasks.create_task(unit.serve(poll, emit), name=name)
            except* LinkLost as lost:
                raise LinkLost(str(lost.exceptions[0])) from lost

        def lost(reason: str) -> None:
            for unit in self._units:
                unit.health.bad(reason)

        await hold(self._bus.line, lost, serve)

    def plan(self) -> BusPlan | None:
        """Return what the polls need of the line, as they are sent now."""
        polls = [poll for unit in self._units for poll in unit.plan()]
        return bus_plan(self._settings, polls)

    async def _tell(self, emit: Emit) -> Never:
        while True:
            await asyncio.sleep(TELL_S)
            self._blame_strays()
            now_s = self._clock.mono_s()
            counts = self._bus.master.counts
            busy_s = counts.busy_s - self._told_busy_s
            body: dict[str, object] = {
                "requests_count": counts.requests_count,
                "timeouts_count": counts.timeouts_count,
                "errors_count": counts.errors_count + counts.refusals_count,
                "cycle_ms": round(1000 * sum(unit.round_s for unit in self._units), 2),
                "utilisation_ratio": round(min(1.0, busy_s / (now_s - self._told_s)), 4),
                "quality": "good",
            }
            if (plan := self.plan()) is not None:
                body["planned_ratio"] = round(plan.ratio, 4)
            self._told_s, self._told_busy_s = now_s, counts.busy_s
            self.account = body
            await emit(Outgoing(device=self._settings.id, kind="bus", is_custody=False, body=body))

    def _blame_strays(self) -> None:
        """Tell of units that spoke unasked: two devices of one address, or one that streams."""
        wire = self._bus.wire
        if not isinstance(wire, RtuWire):
            return
        while wire.strays:
            number = wire.strays.popleft()
            for unit in self._units:
                if unit.number == number:
                    unit.doubt("it speaks unasked: two devices on one address?")
