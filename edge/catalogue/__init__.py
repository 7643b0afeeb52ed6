"""Families to runners: built by kind, and joined where they listen to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.catalogue.buses import BusRunner
from edge.catalogue.cameras import Camera, CameraRunner
from edge.catalogue.families import FAMILIES
from edge.catalogue.plcs import PlcRunner
from edge.catalogue.readers import ReaderRunner
from edge.catalogue.scales import ScaleRunner
from edge.families import ReaderFamily, ScaleFamily
from edge.settings import (
    CameraSettings,
    PlcSettings,
    ReaderSettings,
    ScaleSettings,
    UnitSettings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.catalogue.edge_settings import EdgeSettings
    from edge.ports import Runner
    from runtime.clock import Clock


def build_runners(settings: EdgeSettings, *, data_dir: Path, clock: Clock) -> list[Runner]:
    """Return a runner for each line, bus and TCP device, listening to each other where joined."""
    readers: list[ReaderRunner] = []
    scales: list[ScaleRunner] = []
    plcs: list[PlcRunner] = []
    others: list[Runner] = []
    for device in settings.devices:
        family = FAMILIES[device.family]
        match device:
            case ReaderSettings():
                assert isinstance(family, ReaderFamily)
                readers.append(ReaderRunner(family, device, data_dir=data_dir, clock=clock))
            case ScaleSettings():
                assert isinstance(family, ScaleFamily)
                scales.append(ScaleRunner(family, device, data_dir=data_dir, clock=clock))
            case PlcSettings():
                plcs.append(PlcRunner(device, data_dir=data_dir, clock=clock))
            case CameraSettings():
                others.append(CameraRunner(Camera(device, clock)))
            case UnitSettings():
                continue  # Its bus serves it.
            case _:
                raise AssertionError(f"no runner for {device.family}")
    for bus in settings.buses:
        units = [
            one for one in settings.devices if isinstance(one, UnitSettings) and one.bus == bus.id
        ]
        if units:
            others.append(BusRunner(bus, units, data_dir=data_dir, clock=clock))
    _join(readers, scales, plcs)
    return [*readers, *scales, *plcs, *others]


def cameras(runners: Sequence[Runner]) -> dict[str, Camera]:
    """Return the cameras by their device name."""
    return {one.camera.device: one.camera for one in runners if isinstance(one, CameraRunner)}


def _join(readers: list[ReaderRunner], scales: list[ScaleRunner], plcs: list[PlcRunner]) -> None:
    """Let scales hear of tags at their read point, and portals of photo-eyes."""
    for reader in readers:
        for scale in scales:
            if scale.settings.read_point == reader.settings.read_point:
                reader.tag_listeners.append(scale.tag_changed)
        for plc in plcs:
            plc.input_listeners.append(
                lambda device, channel, is_on, reader=reader: reader.eye_changed(  # type: ignore[misc]
                    device, channel, is_on=is_on
                )
            )
