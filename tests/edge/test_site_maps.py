"""Register maps of a site: found beside its files, and refused with their own file and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.site_file import load_edge
from runtime.settings import SettingsRefused

if TYPE_CHECKING:
    from pathlib import Path

MAP = """title = "A level probe"
source = "its sheet"
verified = "one source"
kind = "signals"

[[registers]]
field = "level_mm"
table = "holding"
address = 4
type = "uint16"
"""
EDGE = """edge = "x"
[[buses]]
id = "b"
port = "dev/b"
[[devices]]
id = "level-1"
family = "modbus_map"
map = "level"
bus = "b"
unit = 3
"""


def site(folder: Path, *, device_map: str = MAP, edge: str = EDGE) -> Path:
    """Write a site."""
    (folder / "maps").mkdir()
    (folder / "maps" / "level.toml").write_text(device_map, encoding="utf-8")
    (folder / "edge-x.toml").write_text(edge, encoding="utf-8")
    return folder


def test_a_map_beside_the_sites_files_makes_a_device(tmp_path: Path) -> None:
    """A device that nobody has met yet needs no programmer."""
    (device,) = load_edge(site(tmp_path), "x").devices
    assert device.family == "modbus_map"
    assert device.definition.registers[0].field == "level_mm"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("device_map", "edge", "file", "words"),
    [
        (MAP.replace("uint16", "uint17"), EDGE, "maps/level.toml", "registers"),
        (MAP.replace("address = 4", "adress = 4"), EDGE, "maps/level.toml", "adress"),
        (MAP, EDGE.replace('"level"', '"levle"'), "edge-x.toml", "level"),
        (MAP, EDGE + "polls = { slow = 5.0 }\n", "edge-x.toml", "slow"),
        (MAP, EDGE.replace("unit = 3", "unit = 0"), "edge-x.toml", "address"),
        (MAP, EDGE + "definition = {}\n", "edge-x.toml", "maps/level.toml"),
    ],
)
def test_a_wrong_map_is_told_with_its_file_and_word(
    tmp_path: Path, device_map: str, edge: str, file: str, words: str
) -> None:
    """The technician mends the file that is wrong."""
    with pytest.raises(SettingsRefused) as refused:
        load_edge(site(tmp_path, device_map=device_map, edge=edge), "x")
    told = str(refused.value)
    assert file in told
    assert words in told
