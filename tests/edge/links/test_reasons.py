"""Why a device is lost, in words that a technician can act on."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path

import pytest

from edge.catalogue.base import Health
from edge.devices.dock_plc.driver import PlcClient
from edge.errors import LinkLost, NoReply, SettingsUntaken
from edge.links.line import Line
from edge.modbus.open import tcp_bus
from runtime.clock import SystemClock


def lost(port: str, folder: Path) -> str:
    """Return why a line can't be opened."""

    async def opened() -> str:
        line = Line(port, data_dir=folder, baud=9600)
        with pytest.raises(LinkLost) as why:
            await line.connect()
        line.close()
        return str(why.value)

    return asyncio.run(opened())


def test_a_port_that_takes_no_parity_is_lost_in_words() -> None:
    """A pty has eight bits: the library's own error would have ended the whole task."""

    async def opened(folder: Path) -> None:
        master, slave = os.openpty()
        line = Line(os.ttyname(slave), data_dir=folder, baud=9600, form="7E1")
        await line.connect()  # Linux takes the first for its other changes, silently.
        with pytest.raises(SettingsUntaken, match="does not take 9600 7E1"):
            await line.connect()
        os.close(master)
        os.close(slave)

    asyncio.run(opened(Path("/")))


def test_a_port_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    """The path stood there three times and the errno twice."""
    assert lost("dev/scale", tmp_path) == "dev/scale: No such file or directory (errno 2)"


def test_a_path_that_is_no_port_says_so(tmp_path: Path) -> None:
    """`Inappropriate ioctl for device` is nobody's language."""
    assert lost("/dev/null", tmp_path) == "/dev/null: is no serial port (errno 25)"


def test_a_refused_connection_says_so(tmp_path: Path) -> None:
    """A serial server that is off."""
    assert (
        lost("tcp://127.0.0.1:1", tmp_path) == "tcp://127.0.0.1:1: Connection refused (errno 111)"
    )


def test_a_silent_plc_is_named_by_its_address_and_how_long_it_was_waited_for(
    tmp_path: Path,
) -> None:
    """`continue with next request` said neither who nor how long."""

    async def scenario() -> str:
        is_over = asyncio.Event()

        async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await is_over.wait()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bus = tcp_bus(f"127.0.0.1:{port}", timeout_s=0.05, data_dir=tmp_path, clock=time.monotonic)
        await bus.line.connect()
        serving = asyncio.create_task(bus.master.serve())
        await asyncio.sleep(0)
        with pytest.raises(NoReply) as why:
            await PlcClient(bus.master, 1).inputs(5)
        serving.cancel()
        bus.line.close()
        is_over.set()
        server.close()
        await asyncio.sleep(0)
        return str(why.value).replace(str(port), "PORT")

    assert asyncio.run(scenario()) == "no answer from 127.0.0.1:PORT within 0.05 s"


def test_a_device_that_comes_up_at_the_start_is_no_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A warning is something that a person should look at today."""
    caplog.set_level(logging.INFO)
    health = Health("scale-1", family="mt_sics", model="x", clock=SystemClock())
    health.good()
    health.bad("no answer")
    health.good()
    told = [(one.levelname, one.getMessage()) for one in caplog.records]
    assert told == [
        ("INFO", "device_back"),
        ("WARNING", "device_lost"),
        ("WARNING", "device_back"),
    ]
