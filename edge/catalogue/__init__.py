"""Families to runners: the one place that a new family is entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.catalogue.buses import BusRunner
from edge.catalogue.cameras import Camera, CameraRunner
from edge.catalogue.plcs import PlcRunner
from edge.catalogue.readers import ReaderRunner
from edge.catalogue.scales import ScaleRunner
from edge.settings import BusUnit, DockPlc, MtSics, PlateCamera, UhfM100, UhfReader288

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.ports import Runner
    from edge.settings import EdgeSettings
    from runtime.clock import Clock


def build_runners(settings: EdgeSettings, *, data_dir: Path, clock: Clock) -> list[Runner]:
    """Return a runner for each line, bus and TCP device, listening to each other where joined."""
    readers: list[ReaderRunner] = []
    scales: list[ScaleRunner] = []
    plcs: list[PlcRunner] = []
    others: list[Runner] = []
    for device in settings.devices:
        match device:
            case UhfM100() | UhfReader288():
                readers.append(ReaderRunner(device, data_dir=data_dir, clock=clock))
            case MtSics():
                scales.append(ScaleRunner(device, data_dir=data_dir, clock=clock))
            case DockPlc():
                plcs.append(PlcRunner(device, data_dir=data_dir, clock=clock))
            case PlateCamera():
                others.append(CameraRunner(Camera(device, clock)))
            case BusUnit():
                continue
    for bus in settings.buses:
        units = [one for one in settings.devices if isinstance(one, BusUnit) and one.bus == bus.id]
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
