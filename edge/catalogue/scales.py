"""Scales: stable weights, and the load that joins a weight with its tags."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Never

from typing_extensions import override

from edge.catalogue.base import Described, Health, hold
from edge.links.line import Line
from edge.normalise.load import LoadJoin
from edge.normalise.weight import StableWeight, grams_of
from edge.ports import CommandResult, Outgoing
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.families import ScaleDriver, ScaleFamily
    from edge.ports import Driver, Emit
    from edge.readings import Weighed
    from edge.settings import ScaleSettings
    from runtime.clock import Clock

DOUBTFUL_SHOWN: Final = 5


class Scale(Described):
    """The driver's face: its commands."""

    def __init__(self, health: Health, driver: ScaleDriver, turn: asyncio.Lock) -> None:
        super().__init__(health)
        self._driver = driver
        self._turn = turn

    @override
    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Zero, tare, or what else the scale has."""
        if verb not in self._driver.verbs:
            return await super().command(verb, args)
        async with self._turn:
            return await self._driver.tell(verb)


class ScaleRunner:
    """One scale on one line."""

    def __init__(
        self, family: ScaleFamily[Any], settings: ScaleSettings, *, data_dir: Path, clock: Clock
    ) -> None:
        self.name = f"scale/{settings.id}"
        self.settings = settings
        self._clock = clock
        self._line = Line(
            settings.port, data_dir=data_dir, baud=settings.baud, form=settings.format
        )
        self._driver = family.driver(settings, self._line)
        self._turn = asyncio.Lock()
        self._health = Health(
            settings.id,
            family=settings.family,
            model=family.model,
            clock=clock,
            read_point=settings.read_point,
            channels={"mass": "g"},
        )
        self._scale = Scale(self._health, self._driver, self._turn)
        self.drivers: list[Driver] = [self._scale]
        self._stable = StableWeight(settings.steady)
        self.tag_confidences: list[Callable[[bytes], float | None]] = []
        """Asked for how sure a tag of this read point is."""
        self._join = (
            LoadJoin(min_g=settings.load_min_g, settle_s=settings.load_settle_s)
            if settings.load_min_g > 0
            else None
        )

    def tag_changed(self, what: str, epc: bytes, seq: int) -> None:
        """Hear of a tag at the same read point."""
        if what == "passed":
            # The gate's rule wants a weight that is younger than the last passage.
            self._stable.retell()
        if self._join is None:
            return
        if what == "arrived":
            self._join.arrived(epc, seq, now_s=self._clock.mono_s())
        else:
            self._join.departed(epc)

    def _confidence_of(self, epc: bytes) -> float | None:
        told = [one for ask in self.tag_confidences if (one := ask(epc)) is not None]
        return max(told, default=None)

    async def run(self, emit: Emit) -> Never:
        """Serve the scale for ever."""

        async def serve() -> None:
            async with self._turn:
                said = await self._driver.greet()
            self._health.told(said.model)
            self._health.serial = said.serial or self._health.serial
            while True:
                corrupt_count = self._driver.corrupt_count
                async with self._turn:
                    shown = await self._driver.ask()
                if shown is None:
                    self._health.bad(_silence(self._driver.corrupt_count - corrupt_count))
                else:
                    await self._take(emit, self._with_kind(shown))
                await self._tell_load(emit)
                await asyncio.sleep(self.settings.poll_s)

        await hold(self._line, self._health.bad, serve)

    def _with_kind(self, shown: Weighed) -> Weighed:
        return shown if shown.kind else replace(shown, kind=self.settings.kind)

    async def _take(self, emit: Emit, shown: Weighed) -> None:
        fault = self._untold(shown)
        if fault:
            self._health.bad(fault, status="degraded")
            return
        self._health.good()
        mass_g = self._stable.take(shown)
        if mass_g is not None:
            await self._tell_weight(emit, float(mass_g), shown)

    def _untold(self, shown: Weighed) -> str:
        """Return what is missing for a weight to be told; empty when nothing is."""
        if shown.value is None:
            return ""
        if shown.kind is None:
            return 'its frames do not tell gross from net: say which with kind = "gross"'
        if shown.is_stable is None and self.settings.steady is None and not shown.reason:
            return "its frames do not tell stability: say when a weight counts with steady = {...}"
        if grams_of(shown.unit) is None:
            return f"{shown.unit!r} is no unit of mass that is known: {shown.text}"
        return ""

    async def _tell_weight(self, emit: Emit, mass_g: float, shown: Weighed) -> None:
        body: dict[str, object] = {
            "read_point": self.settings.read_point,
            "mass_g": mass_g,
            "text": shown.text,
            "kind": shown.kind,
            "frame_hex": shown.frame_hex,
            "quality": "uncertain" if shown.reason else "good",
        }
        if shown.reason:
            body["reason"] = shown.reason
        seq = await emit(
            Outgoing(device=self.settings.id, kind="weight", is_custody=True, body=body)
        )
        if self._join is not None:
            self._join.weight(mass_g, seq or 0, now_s=self._clock.mono_s())

    async def _tell_load(self, emit: Emit) -> None:
        if self._join is None:
            return
        load = self._join.due(self._clock.mono_s(), confidence_of=self._confidence_of)
        if load is None:
            return
        body: dict[str, object] = {
            "read_point": self.settings.read_point,
            "mass_g": load.mass_g,
            "epcs": sorted(_name(epc) for epc in load.epcs),
            "confidence_ratio": load.confidence_ratio,
            "parts": list(load.parts),
            "quality": "good",
        }
        if load.doubtful_epcs:
            names = ", ".join(_name(epc) for epc in load.doubtful_epcs[:DOUBTFUL_SHOWN])
            body |= {
                "quality": "uncertain",
                "reason": f"read seldom, perhaps beside the scale: {names}",
            }
        await emit(Outgoing(device=self.settings.id, kind="load", is_custody=True, body=body))


def _silence(corrupt_count: int) -> str:
    if corrupt_count:
        return f"{corrupt_count} frames came and none was sound: are baud and format the scale's?"
    return "the scale does not answer"


def _name(epc: bytes) -> str:
    text = epc.hex().upper()
    try:
        return uri_from_hex(text)
    except EpcError:
        return text
