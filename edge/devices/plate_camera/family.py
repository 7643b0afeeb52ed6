"""The family plate_camera."""

from __future__ import annotations

from typing import Final, Literal

from edge.families import CameraFamily
from edge.settings import CameraSettings


class PlateCamera(CameraSettings):
    """family plate_camera."""

    family: Literal["plate_camera"]


FAMILIES: Final = (CameraFamily(settings=PlateCamera, model="HTTP"),)
