"""A sweep finds Modbus units, guesses their maps and sends nothing but reads."""

from __future__ import annotations

import asyncio
import random
import time
import tomllib
from typing import TYPE_CHECKING

import pytest

from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.families import FAMILIES
from edge.discovery.units import Sweep
from entrepot.processes import StartRefused
from entrepot.scan import bus_told, units_from
from firmware_sims.devices import probes
from firmware_sims.devices.line import Line
from firmware_sims.devices.rtu import Bus
from tests.edge.discovery.test_scan import Still

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio only."""
    return "asyncio"


async def test_units_are_found_with_their_maps_by_reads_alone(tmp_path: Path) -> None:
    """Two probes, one Vaisala and one CO2 sensor: what hangs on the bus, ready to paste."""
    asked: list[bytes] = []

    def heard(unit: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def answer(pdu: bytes) -> bytes:
            asked.append(pdu)
            return unit(pdu)

        return answer

    wanted = {1: "xy_md02", 97: "scd30", 240: "vaisala_hmp"}
    slaves = {
        unit: heard(probes.unit(model, Still(), zone="ambient", probe=unit))
        for unit, model in wanted.items()
    }
    line = Line(baud=19200, rng=random.Random(1))
    async with line.on_pty(tmp_path / "bus"):
        serving = asyncio.create_task(Bus(slaves).serve(line))
        sweep = Sweep(families=FAMILIES, clock=time.monotonic, units=(1, 2, 97, 240))
        found = await sweep.at(str(tmp_path / "bus"))
        serving.cancel()
    assert [one.unit for one in found.units] == [1, 97, 240]
    for one in found.units:
        assert wanted[one.unit] in [guess.family for guess in one.guesses[:3]]
    assert {pdu[0] for pdu in asked} <= {1, 2, 3, 4}
    text = "\n".join(line for line in bus_told(found, 1) if not line.startswith((" ", "/")))
    settings = EdgeSettings.model_validate({"edge": "dock-1", **tomllib.loads(text)})
    assert len(settings.buses) == 1


def test_a_list_of_units_is_read_or_refused() -> None:
    """1-3,240."""
    assert units_from("1-3,240,2") == (1, 2, 3, 240)
    for text in ("x", "3-1", "256", "1-300", ""):
        with pytest.raises(StartRefused, match="--units"):
            units_from(text)
