"""Settings to runners: one for each line, bus and TCP device, joined where they listen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from edge.catalogue.buses import BusRunner
from edge.catalogue.cameras import Camera, CameraRunner
from edge.catalogue.families import FAMILIES
from edge.catalogue.plcs import PlcRunner
from edge.catalogue.readers import ReaderRunner
from edge.catalogue.scales import ScaleRunner
from edge.families import ReaderFamily, ScaleFamily
from edge.settings import (
    Bus,
    CameraSettings,
    Device,
    PlcSettings,
    ReaderSettings,
    ScaleSettings,
    UnitSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edge.catalogue.edge_settings import EdgeSettings
    from edge.ports import Runner
    from runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that shapes one runner: two that are equal make runners that behave alike."""

    name: str
    devices: tuple[Device, ...]
    bus: Bus | None = None


def recipes(settings: EdgeSettings) -> dict[str, Recipe]:
    """Return what an edge has to run, by the runner's name."""
    found = [
        Recipe(name=one.id, devices=(one,))
        for one in settings.devices
        if not isinstance(one, UnitSettings)
    ]
    for bus in settings.buses:
        units = [
            one for one in settings.devices if isinstance(one, UnitSettings) and one.bus == bus.id
        ]
        if units:
            found.append(Recipe(name=f"bus/{bus.id}", devices=tuple(units), bus=bus))
    return {one.name: one for one in found}


def build(recipe: Recipe, *, data_dir: Path, clock: Clock) -> Runner:
    """Return a runner that listens to nobody yet; nothing is opened."""
    if recipe.bus is not None:
        units = [one for one in recipe.devices if isinstance(one, UnitSettings)]
        return BusRunner(recipe.bus, units, data_dir=data_dir, clock=clock)
    (device,) = recipe.devices
    family = FAMILIES[device.family]
    match device:
        case ReaderSettings():
            assert isinstance(family, ReaderFamily)
            return ReaderRunner(family, device, data_dir=data_dir, clock=clock)
        case ScaleSettings():
            assert isinstance(family, ScaleFamily)
            return ScaleRunner(family, device, data_dir=data_dir, clock=clock)
        case PlcSettings():
            return PlcRunner(device, data_dir=data_dir, clock=clock)
        case CameraSettings():
            return CameraRunner(Camera(device, clock))
    raise AssertionError(f"no runner for {device.family}")


def join(runners: Iterable[Runner]) -> None:
    """Let scales hear of tags at their read point, and portals of photo-eyes; nobody else."""
    every = list(runners)
    readers = [one for one in every if isinstance(one, ReaderRunner)]
    plcs = [one for one in every if isinstance(one, PlcRunner)]
    for scale in every:
        if isinstance(scale, ScaleRunner):
            scale.tag_confidences[:] = [
                reader.confidence_ratio
                for reader in readers
                if reader.settings.read_point == scale.settings.read_point
            ]
    for reader in readers:
        reader.tag_listeners[:] = [
            scale.tag_changed
            for scale in every
            if isinstance(scale, ScaleRunner)
            and scale.settings.read_point == reader.settings.read_point
        ]
    for plc in plcs:
        plc.input_listeners[:] = [partial(_eye_changed, reader) for reader in readers]


def build_runners(settings: EdgeSettings, *, data_dir: Path, clock: Clock) -> list[Runner]:
    """Return every runner of an edge's file, joined."""
    made = [build(recipe, data_dir=data_dir, clock=clock) for recipe in recipes(settings).values()]
    join(made)
    return made


def cameras(runners: Sequence[Runner]) -> dict[str, Camera]:
    """Return the cameras by their device name."""
    return {one.camera.device: one.camera for one in runners if isinstance(one, CameraRunner)}


def _eye_changed(reader: ReaderRunner, device: str, channel: str, is_on: bool) -> None:  # noqa: FBT001 - what a listener takes
    reader.eye_changed(device, channel, is_on=is_on)


def bus_accounts(runners: Iterable[Runner]) -> dict[str, dict[str, object]]:
    """Return what each bus told of its line last: planned and used share, counts."""
    return {one.bus: one.account for one in runners if isinstance(one, BusRunner)}
