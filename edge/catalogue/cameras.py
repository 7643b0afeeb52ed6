"""Plate cameras: bodies come in over the edge's HTTP endpoint."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Never

from edge.catalogue.base import Described, Health
from edge.devices.plate_camera.codec import PlateSeen, decode
from edge.ports import Outgoing
from runtime.http import HttpAnswer

if TYPE_CHECKING:
    from edge.ports import Driver, Emit
    from edge.settings import CameraSettings
    from runtime.clock import Clock


class Camera(Described):
    """One camera."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        health = Health(
            settings.id,
            family=settings.family,
            model="HTTP",
            clock=clock,
            read_point=settings.read_point,
        )
        super().__init__(health)
        health.good()  # A camera speaks only when a truck comes: silence is no fault.
        self._read_point = settings.read_point

    async def take(self, body: bytes, emit: Emit) -> HttpAnswer:
        """Take a post; answer after the event is on disk."""
        seen = decode(body)
        if not isinstance(seen, PlateSeen):
            return HttpAnswer(status=422, document={"problems": seen})
        self.health.good()
        event = {
            "read_point": self._read_point,
            "plate": seen.plate,
            "confidence_ratio": seen.confidence_ratio,
            "quality": "good",
        }
        seq = await emit(Outgoing(device=self.device, kind="plate", is_custody=True, body=event))
        return HttpAnswer(status=200, document={"seq": seq})


class CameraRunner:
    """Holds the camera's place among the runners; the endpoint does the work."""

    def __init__(self, camera: Camera) -> None:
        self.name = f"camera/{camera.device}"
        self.camera = camera
        self.drivers: list[Driver] = [camera]

    async def run(self, emit: Emit) -> Never:
        """Wait for ever."""
        assert emit is not None
        await asyncio.Event().wait()
        raise AssertionError("nobody sets this event")
