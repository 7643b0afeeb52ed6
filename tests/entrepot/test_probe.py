"""`entrepot probe` shows a device at work: frames both ways, readings, and its state."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from typing import TYPE_CHECKING

import pytest

from entrepot.probe import probe, settings_of
from entrepot.processes import StartRefused
from firmware_sims.devices.line import Line
from firmware_sims.devices.sics import Sics
from tests.edge.discovery.test_scan import Still

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

ENTRY = """
[[devices]]
id = "scale-1"
family = "mt_sics"
port = "dev/scale"
read_point = "dock-1"
"""


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio only."""
    return "asyncio"


async def test_frames_and_readings_of_a_scale_are_shown_and_kept(tmp_path: Path) -> None:
    """What a technician compares with the display, and sends in with a bug report."""
    file, capture = tmp_path / "scale.toml", tmp_path / "frames.jsonl"
    file.write_text(ENTRY, encoding="utf-8")
    scale = Sics(
        Still(), "dock-1", capacity_g=1_500_000, division_g=500, serial="S1",
        rng=random.Random(1),
    )  # fmt: skip
    line, lines = Line(baud=9600, rng=random.Random(1)), list[str]()
    asked = argparse.Namespace(
        file=file, device=None, json=True, capture=capture, data=tmp_path, for_s=2.0
    )
    async with line.on_pty(tmp_path / "dev" / "scale"):
        serving = asyncio.create_task(scale.serve(line))
        code = await probe(asked, tell=lines.append)
        serving.cancel()
    rows = [json.loads(one) for one in lines]
    assert code == 0
    assert {row["way"] for row in rows if "way" in row} == {"in", "out"}
    assert any(row.get("text", "").endswith(" kg") and "mass_g" in row for row in rows)
    assert rows[-1]["device"] == "scale-1"
    kept = [json.loads(one) for one in capture.read_text(encoding="ascii").splitlines()]
    assert any(bytes.fromhex(row["frame_hex"]).startswith(b"SI") for row in kept)


def test_which_device_has_to_be_clear(tmp_path: Path) -> None:
    """A file with several devices is no question."""
    file = tmp_path / "edge.toml"
    file.write_text(ENTRY + ENTRY.replace("scale", "bridge"), encoding="utf-8")
    with pytest.raises(StartRefused, match="scale-1"):
        settings_of(file, None)
    assert settings_of(file, "bridge-1").devices[0].id == "bridge-1"
