"""Each scale's driver against its simulator over a pty: another hand read the same manual."""

from __future__ import annotations

import asyncio
import contextlib
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from edge.catalogue.families import FAMILIES
from edge.families import ScaleFamily
from edge.links.line import Line as EdgeLine
from edge.normalise.weight import mass_g_from
from entrepot.decode import settings_of
from firmware_sims.devices.american_indicators import Cardinal, Nci, RiceLake
from firmware_sims.devices.asian_indicators import AndScale, ThreeField
from firmware_sims.devices.balances import Ohaus, Sbi
from firmware_sims.devices.line import Line
from firmware_sims.devices.sics import Sics
from firmware_sims.devices.toledo import Toledo
from firmware_sims.devices.weighing import Platform

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from edge.families import ScaleDriver
    from edge.readings import Weighed
    from firmware_sims.devices.line import Firmware

pytestmark = pytest.mark.anyio

CAPACITY_G: Final = 1_500_000
DIVISION_G: Final = 200
WAIT_S: Final = 20.0


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run on asyncio alone, as the edge does."""
    return "asyncio"


class Load:
    """What stands on the platform."""

    def __init__(self) -> None:
        self.now_g = 0.0

    def mass_g(self, read_point: str) -> float:
        """Return it."""
        return self.now_g


def _platform(load: Load) -> Platform:
    rng = random.Random(1)
    return Platform(load, "dock-1", capacity_g=CAPACITY_G, division_g=DIVISION_G, rng=rng)


SIMULATORS: Final[dict[str, tuple[str, dict[str, object], Callable[[Load], Any]]]] = {
    "mt_sics": (
        "mt_sics",
        {},
        lambda load: Sics(
            load,  # type: ignore[arg-type]  # A scale weighs, and senses nothing else.
            "dock-1",
            capacity_g=CAPACITY_G,
            division_g=DIVISION_G,
            serial="S1",
            rng=random.Random(1),
        ),
    ),
    "mt_continuous": ("mt_continuous", {}, lambda load: Toledo(_platform(load), decimals=1)),
    "mt_continuous_bare": (
        "mt_continuous",
        {},
        lambda load: Toledo(_platform(load), decimals=1, has_checksum=False),
    ),
    "and_standard": ("and_standard", {}, lambda load: AndScale(_platform(load), decimals=1)),
    "oem_three_field": (
        "oem_three_field",
        {"commands": True},
        lambda load: ThreeField(_platform(load), decimals=1),
    ),
    "cas": (
        "oem_three_field",
        {"commands": True, "address": "01"},
        lambda load: ThreeField(_platform(load), decimals=1, cas_id=1),
    ),
    "ohaus": ("ohaus", {}, lambda load: Ohaus(_platform(load), decimals=1)),
    "sartorius_sbi": ("sartorius_sbi", {}, lambda load: Sbi(_platform(load), decimals=1)),
    "rice_lake": ("rice_lake", {}, lambda load: RiceLake(_platform(load), decimals=1)),
    "nci": ("nci", {}, lambda load: Nci(_platform(load), decimals=1)),
    "cardinal_sb400": ("cardinal_sb400", {}, lambda load: Cardinal(_platform(load), decimals=1)),
}
"""Family, settings beyond the default ones, and the firmware on a load."""


@contextlib.asynccontextmanager
async def driven(name: str, load: Load, folder: Path) -> AsyncIterator[ScaleDriver]:
    """Run a simulator, and its family's driver on it."""
    family_name, settings, make = SIMULATORS[name]
    firmware: Firmware = make(load)
    family = FAMILIES[family_name]
    assert isinstance(family, ScaleFamily)
    line = Line(baud=19200, rng=random.Random(1))
    async with line.on_pty(folder / name):
        serving = asyncio.create_task(firmware.serve(line))
        edge_line = EdgeLine(str(folder / name), data_dir=folder, baud=19200)
        told = settings_of(family_name).model_copy(update={**settings, "silence_s": 3.0})
        driver = family.driver(told, edge_line)
        try:
            await edge_line.connect()
            await driver.greet()
            yield driver
        finally:
            edge_line.close()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


async def until(driver: ScaleDriver, is_so: Callable[[Weighed], bool]) -> Weighed:
    """Ask until the scale shows it."""
    shown = None
    async with asyncio.timeout(WAIT_S):
        while shown is None or not is_so(shown):
            shown = await driver.ask()
            await asyncio.sleep(0)
    return shown


async def story(name: str, folder: Path) -> None:
    """Load, overload, tare, zero: what every scale does."""
    load = Load()
    async with driven(name, load, folder) as driver:
        await until(driver, lambda one: one.value == 0 and one.is_stable is True)
        load.now_g = 123_400.0
        if name != "sartorius_sbi":
            await until(driver, lambda one: one.is_stable is False)
        shown = await until(driver, lambda one: one.is_stable is True and one.value != 0)
        assert (mass_g_from(shown), shown.range) == (Decimal(123_400), "ok"), (name, shown)
        assert "123.4" in shown.text
        assert shown.kind in {"gross", None}
        load.now_g = CAPACITY_G * 2.0
        over = await until(driver, lambda one: one.range == "over")
        assert over.value is None
        load.now_g = 123_400.0
        await until(driver, lambda one: one.is_stable is True and one.value == Decimal("123.4"))
        if "tare" in driver.verbs:
            done = await driver.tell("tare")
            assert done.outcome == "done", (name, done)
            net = await until(driver, lambda one: one.value == 0)
            assert net.kind in {"net", None}
            load.now_g = 0.0
            net = await until(driver, lambda one: one.is_stable is True and one.value != 0)
            assert net.value == Decimal("-123.4"), (name, net)
            load.now_g = 400_000.0
            await until(driver, lambda one: one.is_stable is True and (one.value or 0) > 0)
            refused = await driver.tell("zero")  # Far beyond the zero range.
            assert refused.outcome in {"refused", "failed"}, (name, refused)
            assert refused.reason
        else:
            assert (await driver.tell("zero")).outcome == "refused"
        assert driver.corrupt_count <= 2, name  # The line may have opened within a frame.


async def test_every_driver_reads_its_scale(tmp_path: Path) -> None:
    """Motion, rest, overload, tare and a zero that is too far, on every protocol at once."""
    async with asyncio.TaskGroup() as group:
        for name in SIMULATORS:
            group.create_task(story(name, tmp_path), name=name)


async def test_a_stream_that_falls_silent_shows_nothing(tmp_path: Path) -> None:
    """What was shown before a cable broke must never look fresh."""
    load = Load()
    line = Line(baud=9600, rng=random.Random(1))
    firmware = Toledo(_platform(load), decimals=1)
    async with line.on_pty(tmp_path / "scale"):
        serving = asyncio.create_task(firmware.serve(line))
        edge_line = EdgeLine(str(tmp_path / "scale"), data_dir=tmp_path, baud=9600)
        family = FAMILIES["mt_continuous"]
        assert isinstance(family, ScaleFamily)
        told = settings_of("mt_continuous").model_copy(update={"silence_s": 0.4})
        driver = family.driver(told, edge_line)
        await edge_line.connect()
        await until(driver, lambda one: one.value == 0)
        serving.cancel()
        await asyncio.wait([serving])
        async with asyncio.timeout(WAIT_S):
            while await driver.ask() is not None:
                pass
        assert await driver.ask() is None
        edge_line.close()


async def test_every_scale_family_has_a_simulator() -> None:
    """A family to come needs one too."""
    scales = {name for name, one in FAMILIES.items() if isinstance(one, ScaleFamily)}
    assert {family for family, _, _ in SIMULATORS.values()} == scales


@pytest.mark.parametrize("name", ["mt_sics"])
async def test_a_scale_says_who_it_is(name: str, tmp_path: Path) -> None:
    """The birth has model and serial number: a swapped terminal is seen."""
    async with driven(name, Load(), tmp_path) as driver:
        said = await driver.greet()
    assert (said.model, said.serial) == ("SIM 1500 kg", "S1")
