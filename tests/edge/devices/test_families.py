"""Every device family: its folder is whole, its sample loads, and the catalogue knows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge import devices
from edge.catalogue import build_runners
from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.families import FAMILIES, FOLDERS
from runtime.clock import SystemClock
from runtime.settings import read_toml, settings_from

if TYPE_CHECKING:
    from runtime.settings import Settings

HOME = Path(devices.__path__[0])
HEADINGS = (
    "Device and manual",
    "Wiring",
    "Sample settings",
    "What it emits",
    "Limits",
    "Known faults",
)


def sample(folder: str) -> EdgeSettings:
    """Return a family's sample as an edge's file would hold it."""
    path = HOME / folder / "sample.toml"
    document = {"edge": "sample", **read_toml(path)}
    buses = {one["bus"] for one in document["devices"] if "bus" in one}
    known = {one["id"] for one in document.get("buses", [])}
    document["buses"] = [
        *document.get("buses", []),
        *({"id": bus, "port": f"dev/{bus}"} for bus in sorted(buses - known)),
    ]
    return settings_from(path, document, EdgeSettings)


def test_the_catalogue_names_every_folder() -> None:
    """A family that nobody can configure is no family."""
    folders = {one.name for one in HOME.iterdir() if (one / "family.py").exists()}
    assert set(FOLDERS) == folders
    assert list(FOLDERS) == sorted(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_family_is_whole(folder: str) -> None:
    """A technician finds wiring, limits and known faults at the same place of each page."""
    page = (HOME / folder / "README.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert tuple(sections)[: len(HEADINGS)] == HEADINGS
    assert all(sections[heading].strip() for heading in HEADINGS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_sample_loads_and_makes_a_runner(folder: str, tmp_path: Path) -> None:
    """The sample is what a technician copies: it has to be right."""
    settings = sample(folder)
    assert settings.devices
    for device in settings.devices:
        assert isinstance(device, FAMILIES[device.family].settings)
    runners = build_runners(settings, data_dir=tmp_path, clock=SystemClock())
    assert {driver.device for runner in runners for driver in runner.drivers} == {
        device.id for device in settings.devices
    }


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_forbids_what_it_does_not_know(family: str) -> None:
    """A typo must stop a daemon."""
    model: type[Settings] = FAMILIES[family].settings
    assert model.model_config["extra"] == "forbid"
    assert model.model_fields["family"].is_required()
