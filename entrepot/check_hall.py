"""hall.toml, checked: the simulators import nothing of ours, so their settings are told here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_sims.settings import HallSettings
from runtime.addresses import check_address
from runtime.settings import Fault, SettingsRefused, read_toml, settings_from
from runtime.settings_words import as_remedy

if TYPE_CHECKING:
    from pathlib import Path


def hall_faults(path: Path) -> list[Fault]:
    """Return every fault of the hall's file."""
    try:
        hall = settings_from(path, read_toml(path), HallSettings)
    except SettingsRefused as refused:
        return refused.faults
    faults = []
    if hall.transport == "tcp" and hall.tcp_base_port is None:
        message, remedy = "is missing: transport is tcp", "Add the first port, as 7001."
        faults.append(Fault(file=str(path), key="tcp_base_port", message=message, remedy=remedy))
    addresses = {f"addresses.{name}": (text, 1) for name, text in hall.addresses.items()}
    for key, (text, port_min) in {"http": (hall.http, 0), **addresses}.items():
        try:
            check_address(text, port_min=port_min)
        except ValueError as error:
            message, _, remedy = str(error).partition(": ")
            faults.append(
                Fault(
                    file=str(path),
                    key=key,
                    message=f"{text!r} {message}",
                    remedy=as_remedy(remedy),
                )
            )
    return faults
