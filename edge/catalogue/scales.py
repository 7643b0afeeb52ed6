"""Scales: stable weights, and the load that joins a weight with its tags."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never

from typing_extensions import override

from edge.catalogue.base import Described, Health, hold
from edge.devices.mt_sics.driver import SicsDriver, StableWeight
from edge.links.line import Line
from edge.normalise.load import LoadJoin
from edge.ports import CommandResult, Outgoing
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edge.ports import Driver, Emit
    from edge.settings import MtSics
    from runtime.clock import Clock

_VERBS = {"zero": "Z", "tare": "T"}


class Scale(Described):
    """The driver's face: zero and tare."""

    def __init__(self, health: Health, sics: SicsDriver, turn: asyncio.Lock) -> None:
        super().__init__(health)
        self._sics = sics
        self._turn = turn
        self.has_tare = False
        """SI tells the net weight: without a tare that is the gross."""

    @override
    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Zero or tare."""
        word = _VERBS.get(verb)
        if word is None:
            return await super().command(verb, args)
        async with self._turn:
            answer = await self._sics.tell(word)
        if answer is None:
            return CommandResult(outcome="failed", reason="the scale did not answer")
        if answer.startswith(("A", "S")):
            self.has_tare = self.has_tare or word == "T"
            return CommandResult(outcome="done", reason=answer)
        return CommandResult(outcome="refused", reason=f"the scale answers {word} {answer}")


class ScaleRunner:
    """One scale on one line."""

    def __init__(self, settings: MtSics, *, data_dir: Path, clock: Clock) -> None:
        self.name = f"scale/{settings.id}"
        self.settings = settings
        self._clock = clock
        self._line = Line(settings.port, data_dir=data_dir, baud=settings.baud)
        self._sics = SicsDriver(self._line)
        self._turn = asyncio.Lock()
        self._health = Health(
            settings.id,
            family=settings.family,
            model=self._sics.model,
            clock=clock,
            read_point=settings.read_point,
            channels={"mass": "g"},
        )
        self._scale = Scale(self._health, self._sics, self._turn)
        self.drivers: list[Driver] = [self._scale]
        self._stable = StableWeight()
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

    async def run(self, emit: Emit) -> Never:
        """Serve the scale for ever."""

        async def serve() -> None:
            while True:
                async with self._turn:
                    shown = await self._sics.ask()
                if shown is None:
                    self._health.bad("the scale does not answer")
                else:
                    self._health.good()
                    mass_g = self._stable.take(shown)
                    if mass_g is not None:
                        await self._tell_weight(emit, float(mass_g), shown.text, shown.frame_hex)
                await self._tell_load(emit)
                await asyncio.sleep(self.settings.poll_s)

        await hold(self._line, self._health.bad, serve)

    async def _tell_weight(self, emit: Emit, mass_g: float, text: str, frame_hex: str) -> None:
        body = {
            "read_point": self.settings.read_point,
            "mass_g": mass_g,
            "text": text,
            "kind": "net" if self._scale.has_tare else "gross",
            "frame_hex": frame_hex,
            "quality": "good",
        }
        seq = await emit(
            Outgoing(device=self.settings.id, kind="weight", is_custody=True, body=body)
        )
        if self._join is not None:
            self._join.weight(mass_g, seq or 0, now_s=self._clock.mono_s())

    async def _tell_load(self, emit: Emit) -> None:
        load = self._join.due(self._clock.mono_s()) if self._join is not None else None
        if load is None:
            return
        body = {
            "read_point": self.settings.read_point,
            "mass_g": load.mass_g,
            "epcs": sorted(_name(epc) for epc in load.epcs),
            "confidence_ratio": load.confidence_ratio,
            "parts": list(load.parts),
            "quality": "good",
        }
        await emit(Outgoing(device=self.settings.id, kind="load", is_custody=True, body=body))


def _name(epc: bytes) -> str:
    text = epc.hex().upper()
    try:
        return uri_from_hex(text)
    except EpcError:
        return text
