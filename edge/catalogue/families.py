"""The device families that there are: a new one adds its folder's name here, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from edge.families import Family

FOLDERS: Final = (
    "and_standard",
    "cardinal_sb400",
    "coil_actuator",
    "dock_plc",
    "llrp",
    "modbus",
    "mt_continuous",
    "mt_sics",
    "nci",
    "oem_three_field",
    "ohaus",
    "plate_camera",
    "rice_lake",
    "sartorius_sbi",
    "uhf_m100",
    "uhf_m6e",
    "uhf_r2000",
    "uhf_reader18",
    "uhf_reader288",
)
"""Folders of edge/devices/ whose family.py holds FAMILIES."""


def _load() -> dict[str, Family[Any]]:
    families: dict[str, Family[Any]] = {}
    for folder in FOLDERS:
        for family in import_module(f"edge.devices.{folder}.family").FAMILIES:
            assert isinstance(family, Family), folder
            for name in family.names:
                assert name not in families, f"two folders name the family {name!r}"
                families[name] = family
    return families


FAMILIES: Final = _load()
"""Each family by the name that a site file writes."""
