"""The runners of an edge's file: started, kept, and changed only where the file changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from edge import catalogue
from runtime.supervise import supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.catalogue import Recipe
    from edge.catalogue.cameras import Camera
    from edge.catalogue.edge_settings import EdgeSettings
    from edge.ports import Driver, Emit, Outgoing, Runner
    from runtime.clock import Clock

log = logging.getLogger(__name__)

SETTLE_S_MAX: Final = 65.0
"""A device under a lease is changed after the lease, which lasts 60 s at most."""
EMIT_S_MAX: Final = 5.0
LEASE_LOOK_S: Final = 0.05


@dataclass(slots=True, kw_only=True)
class Place:
    """One runner at work."""

    recipe: Recipe
    runner: Runner
    task: asyncio.Task[None] | None = None
    emitting_count: int = 0
    """Events on their way to the disk: a runner is not ended while it hands one over."""
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(kw_only=True)
class Fleet:
    """Runs what a file asks for. `drivers` is the same mapping for as long as the edge lives."""

    data_dir: Path
    clock: Clock
    is_leased: Callable[[str], bool] = lambda _: False
    """Tells whether a device is held open by a command that has not ended."""
    drivers: dict[str, Driver] = field(default_factory=dict)
    cameras: dict[str, Camera] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)

    def buses(self) -> dict[str, dict[str, object]]:
        """Return what each field bus told of its line last."""
        return catalogue.bus_accounts(place.runner for place in self._places.values())

    def build(self, settings: EdgeSettings) -> None:
        """Make every runner; nothing opens before `run`."""
        for recipe in catalogue.recipes(settings).values():
            self._place(recipe)
        self._join()

    def run(
        self, group: asyncio.TaskGroup, emit: Emit, failed: Callable[[str, Exception], None]
    ) -> None:
        """Start every runner that is not at work."""
        for name, place in self._places.items():
            if place.task is None:
                work = partial(place.runner.run, partial(_emit_whole, place, emit))
                supervised = supervise(
                    place.runner.name, work, failed=partial(failed, place.runner.name)
                )
                place.task = group.create_task(supervised, name=name)

    def differs(self, settings: EdgeSettings) -> Mapping[str, str]:
        """Return what a file would change: runner to `added`, `removed` or `changed`."""
        wanted = catalogue.recipes(settings)
        told = {name: "removed" for name in self._places if name not in wanted}
        for name, recipe in wanted.items():
            held = self._places.get(name)
            if held is None:
                told[name] = "added"
            elif held.recipe != recipe:
                told[name] = "changed"
        return told

    def devices_of(self, names: set[str]) -> list[str]:
        """Return the devices of some runners."""
        return [driver.device for name in names for driver in self._places[name].runner.drivers]

    async def change(self, settings: EdgeSettings) -> Mapping[str, str]:
        """End what is gone or changed and make what is new; the rest goes on undisturbed.

        Call `run` afterwards. Returns what `differs` said.
        """
        wanted = catalogue.recipes(settings)
        told = self.differs(settings)
        for name, what in told.items():
            if what != "added":
                await self._end(name)
        for name, what in told.items():
            if what != "removed":
                self._place(wanted[name])
        self._join()
        return told

    def _place(self, recipe: Recipe) -> None:
        runner = catalogue.build(recipe, data_dir=self.data_dir, clock=self.clock)
        self._places[recipe.name] = Place(recipe=recipe, runner=runner)
        self.drivers.update({driver.device: driver for driver in runner.drivers})

    def _join(self) -> None:
        runners = [place.runner for place in self._places.values()]
        catalogue.join(runners)
        self.cameras.clear()
        self.cameras.update(catalogue.cameras(runners))

    async def _end(self, name: str) -> None:
        """End a runner between two events, with no actuator of its left open by a command."""
        place = self._places[name]
        devices = [driver.device for driver in place.runner.drivers]
        start_s = self.clock.mono_s()
        while any(self.is_leased(device) for device in devices):
            if self.clock.mono_s() - start_s > SETTLE_S_MAX:
                log.warning("lease_outlasts_reload", extra={"runner": name})
                break
            await asyncio.sleep(LEASE_LOOK_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EMIT_S_MAX):
                # Nothing else runs between this look and the cancel, so it hits no hand-over.
                while place.emitting_count:
                    place.handed_over.clear()
                    await place.handed_over.wait()
        if place.task is not None:
            place.task.cancel()
            await asyncio.wait([place.task])
        del self._places[name]
        for device in devices:
            self.drivers.pop(device, None)


async def _emit_whole(place: Place, emit: Emit, outgoing: Outgoing) -> int | None:
    place.emitting_count += 1
    try:
        return await emit(outgoing)
    finally:
        place.emitting_count -= 1
        place.handed_over.set()
