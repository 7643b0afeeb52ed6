"""Sweeps a Modbus line for units and guesses each one's register map; only reads are sent.

A unit that answers, with a value or with an exception, is there. Its map is the one of which the
most values come, and are values that such a device can have.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.errors import BadReply, LinkLost, NoReply
from edge.families import UnitFamily
from edge.modbus.open import bus_of
from edge.modbus.pdu import read
from edge.settings import Bus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edge.families import Family
    from edge.modbus.open import OpenBus
    from edge.readings import UnitReading

LINES: Final = ((9600, "8N1"), (19200, "8N1"), (9600, "8E1"), (19200, "8E1"), (2400, "8N1"))
"""What Modbus devices leave the factory with, the most frequent first."""
COMMON_UNITS: Final = (1, 2, 3, 4, 240, 97, 104, 231)
"""Factory addresses; a line setting at which none of them is there is left at once."""
TCP_UNITS: Final = (1, 255, 0)
ALL_UNITS: Final = tuple(range(1, 248))
ANSWER_S: Final = 0.12
"""Slow sensors begin their answer within 50 ms; the rest is an adapter's."""
TCP_ANSWER_S: Final = 1.0
VALUES_RATIO_MIN: Final = 0.6
"""Of a map's values so many have to make sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGuess:
    """A register map that fits a unit."""

    family: str
    values: Mapping[str, float]
    fit_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFound:
    """A unit that answered."""

    unit: int
    said: str
    """`values`, or the exception that it answered with."""
    guesses: tuple[MapGuess, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFound:
    """The units of one line at one setting."""

    port: str
    framing: str
    baud: int
    format: str
    units: tuple[UnitFound, ...] = ()
    reason: str = ""


@dataclass(kw_only=True)
class Sweep:
    """How a line is swept."""

    families: Mapping[str, Family[Any]]
    clock: Callable[[], float]
    data_dir: Path = field(default_factory=Path)
    units: tuple[int, ...] = ()
    """Asked for by a person; empty: the common ones, then all where one of them is there."""
    say: Callable[[str], None] = lambda _: None

    async def at(self, port: str) -> BusFound:
        """Return what answers on one port: the first line setting at which anything does."""
        is_tcp = port.startswith("tcp://")
        ways = [("tcp", 9600, "8N1"), ("rtu", 9600, "8N1")] if is_tcp else []
        ways = ways or [("rtu", baud, form) for baud, form in LINES]
        found = BusFound(port=port, framing=ways[0][0], baud=ways[0][1], format=ways[0][2])
        for framing, baud, form in ways:
            self.say(f"{port}: Modbus {framing}, {baud} {form}")
            try:
                units = await self._sweep(port, framing, baud, form)
            except LinkLost as error:
                return BusFound(
                    port=port, framing=framing, baud=baud, format=form, reason=str(error)
                )
            if units:
                return BusFound(
                    port=port, framing=framing, baud=baud, format=form, units=tuple(units)
                )
        return found

    async def _sweep(self, port: str, framing: str, baud: int, form: str) -> list[UnitFound]:
        told = {
            "id": "scan", "port": port, "framing": framing, "baud": baud, "format": form,
            "timeout_s": TCP_ANSWER_S if framing == "tcp" else ANSWER_S,
        }  # fmt: skip
        bus = bus_of(Bus.model_validate(told), data_dir=self.data_dir, clock=self.clock)
        await bus.line.connect()
        serving = asyncio.create_task(bus.master.serve(), name=f"scan/{port}")
        try:
            await asyncio.sleep(0)  # The master opens its wire.
            first = self.units or (TCP_UNITS if framing == "tcp" else COMMON_UNITS)
            here = await self._present(bus, first)
            if here and not self.units and framing == "rtu":
                here |= await self._present(bus, [one for one in ALL_UNITS if one not in first])
            return [
                UnitFound(unit=unit, said=said, guesses=tuple(await self._guess(bus, unit)))
                for unit, said in sorted(here.items())
            ]
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, LinkLost):
                await serving
            bus.line.close()

    async def _present(self, bus: OpenBus, units: Iterable[int]) -> dict[int, str]:
        """Return the units that answer, and how."""
        found = {}
        for unit in units:
            try:
                await bus.master.ask(read(unit, "holding", 0, 1))
                found[unit] = "values"
            except NoReply:
                continue
            except BadReply as error:  # An exception, or something that is no good answer.
                found[unit] = str(error)
        return found

    async def _guess(self, bus: OpenBus, unit: int) -> list[MapGuess]:
        """Return the maps that fit, the best first."""
        found = []
        for name, family in self.families.items():
            if not isinstance(family, UnitFamily):
                continue
            told = {"id": "found", "family": name, "bus": "scan", "unit": unit, "zone": "here"}
            try:
                settings = family.settings.model_validate(told)
            except ValueError:  # A family that needs a file of the site's own.
                continue
            driver = family.driver(settings, bus.master, self.clock)
            poll = next(iter(driver.polls))
            try:
                reading = await driver.read(poll, timeout_s=None)
            except (NoReply, BadReply):
                continue
            guess = _judged(name, reading)
            if guess is not None:
                found.append(guess)
        return sorted(found, key=lambda one: (-one.fit_ratio, -len(one.values), one.family))


def _judged(name: str, reading: UnitReading) -> MapGuess | None:
    values = {key: value for one in reading.values.values() for key, value in one.items()}
    values |= {key: float(value) for key, value in reading.inputs.items()}
    wanted_count = len(values) + len(reading.missing)
    if not values or len(values) < VALUES_RATIO_MIN * wanted_count:
        return None
    return MapGuess(family=name, values=values, fit_ratio=len(values) / wanted_count)
