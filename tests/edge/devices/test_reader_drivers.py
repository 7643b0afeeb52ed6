"""Drivers of UHF readers against simulated readers on serial lines: reads, faults, replugging."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from firmware_sims.devices.m6e import M6e
from firmware_sims.devices.m100 import M100
from firmware_sims.devices.r2000 import R2000
from firmware_sims.devices.reader18 import Reader18
from firmware_sims.devices.reader288 import PushingReader288, Reader288
from firmware_sims.field import TagInField
from tests.edge.devices.hall_of_readers import EPC, OTHER, TagField, plugged, reader, running, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.catalogue.readers import ReaderRunner
    from firmware_sims.devices.line import Firmware


def m100(field: TagField) -> M100:
    """Return the module."""
    return M100(field, "dock-1", random.Random(1))


def reader18(field: TagField) -> Reader18:
    """Return the reader."""
    return Reader18(field, "dock-1", random.Random(1))


def reader288(field: TagField) -> Reader288:
    """Return the reader."""
    return Reader288(field, "dock-1", random.Random(1))


def pushing(field: TagField) -> Reader288:
    """Return the reader in real-time mode."""
    return PushingReader288(field, "dock-1", random.Random(1), heartbeat_s=0.3)


def network(field: TagField) -> Reader288:
    """Return an HW-VX."""
    return PushingReader288(field, "dock-1", random.Random(1), heartbeat_s=0.3, is_vx=True)


def r2000(field: TagField) -> R2000:
    """Return the reader."""
    return R2000(field, "dock-1", random.Random(1))


def m6e(field: TagField) -> M6e:
    """Return a fresh module."""
    return M6e(field, "dock-1", random.Random(1))


FAMILIES: dict[str, tuple[Callable[[TagField], Firmware], dict[str, Any], str]] = {
    "m100": (m100, {"family": "uhf_m100"}, "M100 26dBm V1.0"),
    "reader18": (reader18, {"family": "uhf_reader18"}, "UHFReader18 type 08, firmware 2.07"),
    "reader288": (reader288, {"family": "uhf_reader288"}, "UHFReader type 20, firmware 1.14"),
    "pushing": (
        pushing,
        {"family": "uhf_reader288", "mode": "push", "heartbeat_s": 0.4},
        "UHFReader288",
    ),
    "network": (
        network,
        {"family": "uhf_reader288", "mode": "hwvx", "heartbeat_s": 0.4},
        "UHFReader288",
    ),
    "m6e": (
        m6e,
        {"family": "uhf_m6e", "region": "eu3"},
        "M6e hardware 30.00.00.02, firmware 01.0B.00.34",
    ),
    "r2000": (r2000, {"family": "uhf_r2000"}, "R2000, firmware 3.7"),
}


def status(runner: ReaderRunner) -> tuple[str, str]:
    """Return what the reader's birth says of it now."""
    (driver,) = runner.drivers
    birth = driver.birth()
    return birth.status, birth.status_reason


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_tag_comes_and_goes_and_a_replugged_reader_comes_back(name: str, tmp_path: Path) -> None:
    """A cable is pulled and put back: the reader is there again within five seconds, by itself."""
    make, settings, model = FAMILIES[name]
    place = tmp_path / "dev" / "uhf"

    async def scenario() -> None:
        field = TagField()
        runner = reader(tmp_path, **settings)
        async with running(runner) as told:
            async with plugged(make(field), place):
                await until(lambda: told.whats() == ["arrived"])
                await until(lambda: status(runner)[0] == "ok")
                (driver,) = runner.drivers
                assert driver.birth().model == model
                assert told.events[0]["epc_uri"] == "urn:epc:id:sscc:0614141.1234567890"
                tags, field.here = field.here, []
                await until(lambda: told.whats() == ["arrived", "departed"])
                assert status(runner)[0] == "ok"
                field.here = tags
            await until(lambda: status(runner)[0] == "lost")
            assert status(runner)[1].startswith("dev/uhf: ")
            async with plugged(make(field), place):
                back_s = time.monotonic()
                await until(lambda: told.whats() == ["arrived", "departed", "arrived"])
                assert time.monotonic() - back_s < 5.0
                assert status(runner) == ("ok", "")

    asyncio.run(scenario())


def test_a_reader_that_falls_silent_is_lost_and_says_what_to_check(tmp_path: Path) -> None:
    """The line is there and nobody speaks: power, address or baud rate."""

    async def scenario() -> None:
        firmware = Reader18(TagField(), "dock-1", random.Random(1))
        runner = reader(tmp_path, family="uhf_reader18", address=3)
        async with running(runner), plugged(firmware, tmp_path / "dev" / "uhf"):
            await until(lambda: status(runner)[0] == "lost")
            assert "check its power, address and baud rate" in status(runner)[1]
            assert firmware.inventories_count == 0
            firmware.address = 3
            await until(lambda: status(runner)[0] == "ok")

    asyncio.run(scenario())


def test_what_is_asked_is_written_once_and_what_is_refused_is_said(tmp_path: Path) -> None:
    """A reader's flash wears out, and its power is the law's matter: nothing is written unasked."""

    async def scenario() -> None:
        place = tmp_path / "dev" / "uhf"
        plain, wanted = R2000(TagField(), "dock-1", random.Random(1)), 25
        async with running(reader(tmp_path, family="uhf_r2000")) as told, plugged(plain, place):
            await until(lambda: told.whats() == ["arrived"])
        assert plain.power_writes_count == 0
        assert plain.choices_count == 1, "one antenna is chosen once, not before each round"
        for _ in range(2):
            runner = reader(tmp_path, family="uhf_r2000", power_dbm=wanted)
            async with running(runner) as told, plugged(plain, place):
                await until(told.whats)
        assert (plain.power_writes_count, plain.power_dbm) == (1, wanted)
        module = M100(TagField(), "dock-1", random.Random(1))
        runner = reader(tmp_path, family="uhf_m100", region="eu", power_dbm=20.5)
        async with running(runner) as told, plugged(module, place):
            await until(told.whats)
        assert (module._region, module._power) == (3, (2050).to_bytes(2, "big"))
        old = Reader18(TagField(), "dock-1", random.Random(1))
        runner = reader(tmp_path, family="uhf_reader18", power_dbm=20, scan_time_s=0.5)
        async with running(runner), plugged(old, place):
            await until(lambda: status(runner)[0] == "ok")
            assert (old.power_dbm, old.scan_100ms) == (20, 5)

    asyncio.run(scenario())


@pytest.mark.parametrize("family", ["uhf_reader288", "uhf_r2000"])
def test_an_antenna_without_a_plug_is_named_and_the_others_read_on(
    family: str, tmp_path: Path
) -> None:
    """Half of a portal is worse than none when nobody knows."""

    async def scenario() -> None:
        field = TagField()
        field.here.append(TagInField(epc=OTHER, rssi_dbm=-50, read_ratio=1.0, antenna=2))
        firmware = reader288(field) if family == "uhf_reader288" else r2000(field)
        runner = reader(tmp_path, family=family, antennas=[1, 2, 3])
        async with running(runner) as told, plugged(firmware, tmp_path / "dev" / "uhf"):
            await until(lambda: len(told.events) == 2)
            assert {one["epc_hex"] for one in told.events} == {
                EPC.hex().upper(),
                OTHER.hex().upper(),
            }
            await until(lambda: status(runner)[0] == "degraded")
            assert status(runner)[1] == "antenna 3 is not connected: check its plug and cable"

    asyncio.run(scenario())


def test_a_module_without_a_region_says_so(tmp_path: Path) -> None:
    """It reads nothing, and nobody would know why."""

    async def scenario() -> None:
        firmware = M6e(TagField(), "dock-1", random.Random(1))
        runner = reader(tmp_path, family="uhf_m6e")
        async with running(runner), plugged(firmware, tmp_path / "dev" / "uhf"):
            await until(lambda: status(runner) == ("degraded", "wrong region"))
        assert firmware.power_writes_count == 0

    asyncio.run(scenario())


def test_more_tags_than_a_frame_holds_are_all_read(tmp_path: Path) -> None:
    """Status 03 says that more follow: what follows must not be taken for the next round's."""

    async def scenario(family: str) -> None:
        epcs = {number.to_bytes(12, "big") for number in range(1, 41)}
        field = TagField([TagInField(epc=epc, rssi_dbm=-50, read_ratio=1.0) for epc in epcs])
        firmware = reader288(field) if family == "uhf_reader288" else reader18(field)
        settings = {"fast_id": True} if family == "uhf_reader288" else {}
        runner = reader(tmp_path, family=family, **settings)
        async with running(runner) as told, plugged(firmware, tmp_path / "dev" / "uhf"):
            await until(lambda: len(told.events) == len(epcs))
            assert {bytes.fromhex(one["epc_hex"]) for one in told.events} == epcs

    for family in ("uhf_reader288", "uhf_reader18"):
        asyncio.run(scenario(family))
