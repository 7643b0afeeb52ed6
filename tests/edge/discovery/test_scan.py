"""A scan finds simulated devices on ptys and TCP, tells what they are, and changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tomllib
import tty
from typing import TYPE_CHECKING, Final

import pytest

from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.families import FAMILIES
from edge.discovery.listen import LineFound, Look
from edge.discovery.ports import consoles, named
from edge.discovery.ranges import TARGETS_COUNT_MAX, BadRange, targets
from entrepot.scan import block_of
from firmware_sims.devices.line import Line
from firmware_sims.devices.m100 import M100
from firmware_sims.devices.reader288 import Reader288
from firmware_sims.devices.sics import Sics
from firmware_sims.field import Climate, TagInField

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from firmware_sims.devices.line import Firmware

pytestmark = pytest.mark.anyio
RNG_SEED: Final = 6


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio only."""
    return "asyncio"


class Still:
    """A field in which nothing moves: 123 kg on the scale, no tag."""

    def tags(self, read_point: str) -> list[TagInField]:
        """Return none."""
        return []

    def mass_g(self, read_point: str) -> float:
        """Return the load."""
        return 123_000.0

    def climate(self, zone: str, probe: int) -> Climate:
        """Return the air."""
        return Climate(temperature_c=20.0, humidity_percent=50.0, co2_ppm=400.0)

    def input_is_on(self, dock: str, channel: str) -> bool:
        """Return off."""
        return False

    def set_coil(self, dock: str, channel: str, *, is_on: bool) -> None:
        """Take nothing."""
        raise AssertionError("a scan drives no output")

    def take_plate(self, dock: str) -> str | None:
        """Return none."""
        return None


def firmware(family: str) -> tuple[Firmware, int]:
    """Return a simulated device and its baud."""
    rng = random.Random(RNG_SEED)
    match family:
        case "mt_sics":
            scale = Sics(
                Still(), "dock-1", capacity_g=1_500_000, division_g=500, serial="S1", rng=rng
            )
            return scale, 9600
        case "uhf_m100":
            return M100(Still(), "dock-1", rng), 115200
        case "uhf_reader288":
            return Reader288(Still(), "dock-1", rng), 57600
    raise AssertionError(family)


@contextlib.asynccontextmanager
async def powered(family: str, folder: Path, *, tcp: bool = False) -> AsyncIterator[str]:
    """Run a device; yield the port to name."""
    device, baud = firmware(family)
    line = Line(baud=baud, rng=random.Random(RNG_SEED))
    async with contextlib.AsyncExitStack() as stack:
        if tcp:
            number = await stack.enter_async_context(line.on_tcp("127.0.0.1", 0))
            port = f"tcp://127.0.0.1:{number}"
        else:
            await stack.enter_async_context(line.on_pty(folder / "dev" / family))
            port = str(folder / "dev" / family)
        task = asyncio.create_task(device.serve(line))
        try:
            yield port
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def look_at(port: str) -> LineFound:
    """Scan one port, faster than a technician would."""
    return await Look(families=FAMILIES, listen_s=0.3, answer_s=0.6).at(port)


@pytest.mark.parametrize("family", ["mt_sics", "uhf_m100", "uhf_reader288"])
async def test_a_device_on_a_serial_line_is_recognised(family: str, tmp_path: Path) -> None:
    """A technician sees what hangs on the cable, and pastes a block that loads."""
    async with powered(family, tmp_path) as port:
        found = await look_at(port)
    assert family in [guess.family for guess in found.guesses[:2]]
    text = "\n".join(block_of(found, "found-1"))
    settings = EdgeSettings.model_validate({"edge": "dock-1", **tomllib.loads(text)})
    assert settings.devices[0].family == found.guesses[0].family


async def test_a_scale_behind_a_tcp_converter_is_recognised(tmp_path: Path) -> None:
    """Weighbridges stand far away, behind a converter; what it shows is told."""
    async with powered("mt_sics", tmp_path, tcp=True) as port:
        found = await look_at(port)
    assert found.guesses[0].family == "mt_sics"
    shown_kg, unit = found.guesses[0].shown.split()
    assert unit == "kg"
    assert float(shown_kg) == pytest.approx(123.0, abs=5.0)  # The cell may still be settling.
    assert found.guesses[0].frame_hex.startswith("5320")


async def test_a_scan_sends_only_questions(tmp_path: Path) -> None:
    """A device in production must not be changed by looking at it: each byte sent is accounted for.

    The line is silent, so every family's every question is tried.
    """
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    (tmp_path / "silent").symlink_to(os.ttyname(slave))
    sent = bytearray()
    asyncio.get_running_loop().add_reader(master, lambda: sent.extend(os.read(master, 4096)))
    try:
        found = await Look(families=FAMILIES, listen_s=0.02, answer_s=0.02).at(
            str(tmp_path / "silent")
        )
    finally:
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)
        os.close(slave)
    assert (found.guesses, found.heard_bytes, found.reason) == ([], 0, "")
    asks = {ask for one in FAMILIES.values() if one.hints for ask in one.hints.asks}
    left = bytes(sent)
    for ask in sorted(asks, key=len, reverse=True):
        assert ask in left
        left = left.replace(ask, b"")
    assert left == b""


async def test_a_port_that_is_held_says_by_what(tmp_path: Path) -> None:
    """The usual reason for an empty scan: the edge itself has the port open."""
    found = await look_at(str(tmp_path / "nothing"))
    assert "No such file" in found.reason
    async with powered("mt_sics", tmp_path) as port:
        from edge.links.line import Line as EdgeLine  # noqa: PLC0415

        holder = EdgeLine(port, data_dir=tmp_path, baud=9600)
        await holder.connect()
        found = await look_at(port)
        holder.close()
    assert "another program holds it" in found.reason


def test_the_machines_console_is_left_alone(tmp_path: Path) -> None:
    """Questions to a scale are commands to a login prompt."""
    active = tmp_path / "active"
    active.write_text("tty0 ttyS0\n", encoding="ascii")
    assert consoles(active) == {"/dev/tty0", "/dev/ttyS0"}
    assert consoles(tmp_path / "none") == set()


def test_ports_have_names_that_survive_a_reboot(tmp_path: Path) -> None:
    """ttyUSB0 and ttyUSB1 may be exchanged by a reboot: by-id first, by-path for a CH340."""
    usb = [tmp_path / f"ttyUSB{number}" for number in range(3)]
    for one in usb:
        one.touch()
    for folder, link, target in (
        ("by-id", "usb-FTDI_FT232R_A50285BI-if00-port0", usb[0]),
        ("by-path", "pci-0000:00:14.0-usb-0:1", usb[0]),
        ("by-path", "pci-0000:00:14.0-usb-0:2", usb[1]),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / link).symlink_to(target)
    ports = named([(str(one), "n/a") for one in usb], tmp_path)
    assert [port.stable for port in ports] == [
        str(tmp_path / "by-id" / "usb-FTDI_FT232R_A50285BI-if00-port0"),
        str(tmp_path / "by-path" / "pci-0000:00:14.0-usb-0:2"),
        str(usb[2]),
    ]
    assert [port.is_stable for port in ports] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.10:502", [("192.0.2.10", 502)]),
        ("192.0.2.10-11:502,5084", [(f"192.0.2.1{n}", p) for n in (0, 1) for p in (502, 5084)]),
        ("192.0.2.0/30:502", [("192.0.2.1", 502), ("192.0.2.2", 502)]),
        ("scale.example:4001", [("scale.example", 4001)]),
    ],
)
def test_a_range_is_what_a_person_means(text: str, expected: list[tuple[str, int]]) -> None:
    """Addresses and ports, nothing more."""
    assert targets(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("192.0.2.40-10", "40-10"),
        ("192.0.2.10-300", "300"),
        ("192.0.2.10:0", "port 0"),
        ("192.0.2.10:x", "'x'"),
        ("192.0.0.0/8", str(TARGETS_COUNT_MAX)),
        ("192.0.0.0/20", str(TARGETS_COUNT_MAX)),
        ("192.0.2.256", "192.0.2.256"),
        ("", "192.0.2.10"),
    ],
)
def test_a_bad_range_is_refused_with_its_part(text: str, told: str) -> None:
    """A typo must not sweep half the internet."""
    with pytest.raises(BadRange, match=r".") as refused:
        targets(text)
    assert told in str(refused.value)
