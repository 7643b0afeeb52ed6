"""RS-485 buses: each unit in its turn, a dead one costs the others nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from edge.catalogue.base import Described, Health, hold
from edge.devices.modbus_sensors.codec import MAPS
from edge.devices.modbus_sensors.driver import BusMaster, PolledUnit
from edge.errors import BadReply, NoReply
from edge.links.line import Line
from edge.ports import Outgoing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.ports import Driver, Emit
    from edge.settings import Bus, UnitSettings
    from runtime.clock import Clock

TELL_S: Final = 5.0
IDLE_S_MAX: Final = 0.5


class BusRunner:
    """One line with all of its units."""

    def __init__(
        self, settings: Bus, units: Sequence[UnitSettings], *, data_dir: Path, clock: Clock
    ) -> None:
        self.name = f"bus/{settings.id}"
        self._settings = settings
        self._clock = clock
        self._line = Line(
            settings.port, data_dir=data_dir, baud=settings.baud, form=settings.format
        )
        self._master = BusMaster(
            line=self._line,
            baud=settings.baud,
            timeout_s=settings.timeout_s,
            turnaround_s=settings.turnaround_s,
            clock=clock.mono_s,
        )
        self._zones = {one.id: one.zone for one in units}
        self._units = [
            PolledUnit(device=one.id, family=one.family, unit=one.unit, poll_s=one.poll_s)
            for one in units
        ]
        self._healths = {
            one.id: Health(
                one.id,
                family=one.family,
                model=MAPS[one.family].model,
                clock=clock,
                zone=one.zone,
                channels={
                    register.field: register.field.rpartition("_")[2]
                    for register in MAPS[one.family].registers
                },
            )
            for one in units
        }
        self.drivers: list[Driver] = [Described(health) for health in self._healths.values()]
        self._told_s = clock.mono_s()
        self._told_busy_s = 0.0
        self._cycle_ms = 0.0

    async def run(self, emit: Emit) -> Never:
        """Serve the bus for ever."""

        async def serve() -> None:
            for unit in self._units:
                unit.due_s = self._clock.mono_s()
            while True:
                unit = min(self._units, key=lambda one: one.due_s)
                rest_s = unit.due_s - self._clock.mono_s()
                if rest_s > 0:
                    await asyncio.sleep(min(rest_s, IDLE_S_MAX))
                else:
                    await self._poll(emit, unit)
                await self._tell(emit)

        def lost(reason: str) -> None:
            for health in self._healths.values():
                health.bad(reason)

        await hold(self._line, lost, serve)

    async def _poll(self, emit: Emit, unit: PolledUnit) -> None:
        began_s = self._clock.mono_s()
        health = self._healths[unit.device]
        try:
            values = await self._master.read(unit)
        except (NoReply, BadReply) as error:
            unit.failed(self._clock.mono_s(), str(error))
            health.bad(str(error), status="lost" if isinstance(error, NoReply) else "degraded")
            return
        now_s = self._clock.mono_s()
        unit.ok(now_s)
        self._cycle_ms = round((now_s - began_s) * 1000 * len(self._units), 2)
        missing = [one.field for one in MAPS[unit.family].registers if one.field not in values]
        if missing:
            health.bad(f"no sound value of {', '.join(missing)}", status="degraded")
        else:
            health.good()
        body: dict[str, object] = {
            "zone": self._zones[unit.device],
            "quality": "uncertain" if missing else "good",
            **values,
        }
        if missing:
            body["reason"] = f"no sound value of {', '.join(missing)}"
        if values:
            await emit(
                Outgoing(device=unit.device, kind="environment", is_custody=False, body=body)
            )

    async def _tell(self, emit: Emit) -> None:
        now_s = self._clock.mono_s()
        if now_s - self._told_s < TELL_S:
            return
        counts = self._master.counts
        busy_s = counts.busy_s - self._told_busy_s
        body = {
            "requests_count": counts.requests_count,
            "timeouts_count": counts.timeouts_count,
            "errors_count": counts.errors_count,
            "cycle_ms": self._cycle_ms,
            "utilisation_ratio": round(busy_s / (now_s - self._told_s), 4),
            "quality": "good",
        }
        self._told_s, self._told_busy_s = now_s, counts.busy_s
        await emit(Outgoing(device=self._settings.id, kind="bus", is_custody=False, body=body))
