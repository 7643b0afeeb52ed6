"""Others' programs agree on every register map: mbpoll reads our simulators, we read libmodbus.

The simulators were written from the makers' papers apart from the maps. What they show is given in
the field's unit, so a wrong address, order or scale on either side is a wrong number here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.services import free_port
from edge.devices.modbus.codec import NoValue, decode
from edge.devices.modbus.driver import MappedUnit
from edge.devices.modbus.maps import MAPS
from edge.modbus.open import rtu_bus, tcp_bus
from edge.modbus.pdu import BIT_TABLES
from edge.settings import Bus, UnitSettings
from firmware_sims.devices import catalogue_modbus, probes
from firmware_sims.devices.line import Line
from firmware_sims.devices.modbus import read_registers
from firmware_sims.devices.rtu import Bus as SimulatedBus
from firmware_sims.field import Climate
from tests.services.fixtures import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edge.devices.modbus.maps import Register
    from edge.modbus.open import OpenBus

AIR = Climate(temperature_c=4.5, humidity_percent=61.5, co2_ppm=812.5)
FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
MBPOLL_TABLE = {"coil": "0", "discrete": "1", "holding": "4", "input": "3"}
UNIT = 17
LINE = re.compile(r"^\[(\d+)\]:\s+(\S+)", re.MULTILINE)


def held_by(name: str) -> tuple[dict[int, int], frozenset[int], Mapping[str, float]]:
    """Return (words or bits, functions served, what they mean) of a simulated device."""
    if name in probes.MODELS:
        words, functions = probes.MODELS[name]
        told = {
            "temperature_c": AIR.temperature_c,
            "humidity_percent": AIR.humidity_percent,
            "co2_ppm": AIR.co2_ppm,
            "dew_point_c": probes.dew_point_c(AIR),
        }
        return words(AIR), functions, told
    model = catalogue_modbus.MODELS[name]
    return model.words(model.shown), model.functions, model.shown


def test_every_map_has_a_simulator() -> None:
    """A map that nobody plays is a map that nobody tried."""
    assert set(MAPS) == set(probes.MODELS) | set(catalogue_modbus.MODELS)


def wanted(name: str, told: Mapping[str, float]) -> dict[str, float]:
    """Return what the edge must tell: what is not shown has no value."""
    return {one.field: told[one.field] for one in MAPS[name].registers if one.field in told}


@contextlib.contextmanager
def simulated(name: str, folder: Path) -> Iterator[str]:
    """Serve a simulated device on a pty, in a thread of its own."""
    words, functions, _ = held_by(name)

    def answer(pdu: bytes) -> bytes:
        if pdu[0] in {1, 2}:
            return catalogue_modbus.bits_pdu(pdu, catalogue_modbus.MODELS[name])
        return read_registers(pdu, dict.fromkeys(functions, lambda: words))

    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        line = Line(baud=115200, rng=random.Random(1))
        async with line.on_pty(folder / "bus"):
            serving = asyncio.create_task(SimulatedBus({UNIT: answer}).serve(line))
            ready.set()
            await stop.wait()
            serving.cancel()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield str((folder / "bus").resolve())
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(5)


def polled_words(port: str, register: Register) -> tuple[int, ...]:
    """Return what mbpoll reads of one register, as bits or words."""
    is_bit = register.table in BIT_TABLES
    form = MBPOLL_TABLE[register.table] + ("" if is_bit else ":hex")
    argv = [
        "mbpoll", "-m", "rtu", "-a", str(UNIT), "-b", "115200", "-P", "none", "-t", form, "-0",
        "-r", str(register.address), "-c", str(register.count), "-1", "-q", port,
    ]  # fmt: skip
    said = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    found = [text for _, text in LINE.findall(said.stdout)]
    assert len(found) == register.count, said.stdout + said.stderr
    return tuple(int(text, 10 if is_bit else 16) for text in found)


@pytest.mark.parametrize("name", sorted(MAPS))
def test_mbpoll_reads_of_the_simulator_what_the_map_says(name: str, tmp_path: Path) -> None:
    """Mbpoll is what a technician has in the bag."""
    if shutil.which("mbpoll") is None:
        missing("mbpoll")
    told = held_by(name)[2]
    registers = MAPS[name].registers
    # One of each type and order, and the outermost: the others differ by their address only.
    chosen = {(one.type, one.order, one.kind): one for one in registers}
    with simulated(name, tmp_path) as port:
        for register in {one.field: one for one in (*chosen.values(), registers[-1])}.values():
            value = decode(polled_words(port, register), register)
            if register.field in told:
                assert value == pytest.approx(told[register.field], abs=6e-4), register.field
            else:
                assert isinstance(value, NoValue)


@functools.cache
def libmodbus_slave(folder: Path) -> Path:
    """Return the slave, built."""
    compiler = shutil.which("cc")
    source = Path(__file__).with_name("libmodbus") / "slave.c"
    if compiler is None or shutil.which("pkg-config") is None:
        missing("a C compiler and pkg-config")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if flags.returncode != 0:
        missing("libmodbus")
    program = folder / "slave"
    assert compiler is not None
    argv = [compiler, "-O1", "-Wall", "-o", str(program), str(source), *flags.stdout.split()]
    subprocess.run(argv, check=True, timeout=60)
    return program


@pytest.fixture(scope="module")
def slave_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the libmodbus slave."""
    return libmodbus_slave(tmp_path_factory.mktemp("libmodbus"))


@contextlib.contextmanager
def running(argv: list[str]) -> Iterator[None]:
    """Run the slave until the block ends; it says when it listens."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "listening\n"
        yield
    finally:
        child.kill()
        child.wait(5)
        assert child.stdout is not None
        child.stdout.close()


def write_words(name: str, path: Path) -> None:
    """Put a device's words into the slave's file, in each table that the device serves."""
    words, functions, _ = held_by(name)
    lines = [f"{function} {at} {word}" for function in functions for at, word in words.items()]
    path.write_text("\n".join(lines), encoding="ascii")


def read_all(name: str, make_bus: Callable[[], OpenBus]) -> dict[str, float]:
    """Return what our unit tells of a device."""

    async def story() -> dict[str, float]:
        bus = make_bus()
        await bus.line.connect()
        serving = asyncio.create_task(bus.master.serve())
        await asyncio.sleep(0)
        settings = UnitSettings(id="u", family=name, bus="b", unit=UNIT)
        unit = MappedUnit(settings, MAPS[name], master=bus.master, clock=time.monotonic)
        try:
            told: dict[str, float] = {}
            for poll in unit.polls:
                reading = await unit.read(poll, timeout_s=None)
                for values in reading.values.values():
                    told.update(values)
            return told
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            bus.line.close()

    return asyncio.run(story())


@pytest.mark.parametrize("name", sorted(MAPS))
def test_we_read_of_libmodbus_what_the_device_shows_over_tcp(
    name: str, slave_program: Path, tmp_path: Path
) -> None:
    """The most used slave library, with every map."""
    write_words(name, tmp_path / "words")
    port = free_port()
    argv = [str(slave_program), "tcp", str(port), str(UNIT), str(tmp_path / "words")]
    with running(argv):
        told = read_all(
            name,
            lambda: tcp_bus(
                f"127.0.0.1:{port}", timeout_s=2, data_dir=tmp_path, clock=time.monotonic
            ),
        )
    assert told == pytest.approx(wanted(name, held_by(name)[2]), abs=6e-4)


@pytest.mark.parametrize("name", ["xy_md02", "vaisala_hmp", "abb_b23", "adam_4150"])
def test_we_read_of_libmodbus_what_the_device_shows_over_rtu(
    name: str, slave_program: Path, tmp_path: Path
) -> None:
    """Words, swapped floats, 64 bits and coils on a line."""
    if shutil.which("socat") is None:
        missing("socat")
    write_words(name, tmp_path / "words")
    ends = [tmp_path / "ours", tmp_path / "theirs"]
    pair = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={one}" for one in ends)])
    try:
        end_s = time.monotonic() + 5
        while not all(one.exists() for one in ends):
            assert time.monotonic() < end_s
            time.sleep(0.01)
        argv = [str(slave_program), "rtu", str(ends[1]), str(UNIT), str(tmp_path / "words")]
        settings = Bus(id="b", port=str(ends[0]), baud=115200, timeout_s=1.0)
        with running(argv):
            told = read_all(
                name, lambda: rtu_bus(settings, data_dir=tmp_path, clock=time.monotonic)
            )
    finally:
        pair.terminate()
        pair.wait(5)
    assert told == pytest.approx(wanted(name, held_by(name)[2]), abs=6e-4)
