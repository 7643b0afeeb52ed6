"""Serial ports by names that survive a reboot.

Linux numbers /dev/ttyUSB* in the order of discovery, so a reboot may exchange two of them. The
links below /dev/serial/by-id hold an adapter's own serial number; adapters without one (CH340)
are told apart by the socket they sit in, /dev/serial/by-path.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from serial.tools import list_ports

if TYPE_CHECKING:
    from collections.abc import Iterable

SERIAL_LINKS: Final = Path("/dev/serial")
CONSOLES: Final = Path("/sys/class/tty/console/active")
"""Linux names here the terminals that its own console is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A serial port of this machine."""

    device: str
    """The kernel's name, as /dev/ttyUSB0."""
    stable: str
    """The name to write into a site file."""
    is_stable: bool
    """Whether `stable` survives a reboot and another socket (by-id) or a reboot (by-path)."""
    what: str
    """Maker and product, as the adapter tells them."""


def serial_ports(links: Path = SERIAL_LINKS) -> list[Port]:
    """Return the machine's serial ports, by name, without its console."""
    own = consoles()
    found = [
        (one.device, one.description or "")
        for one in list_ports.comports()
        if one.device not in own
    ]
    return named(found, links)


def consoles(active: Path = CONSOLES) -> set[str]:
    """Return the terminals that the machine itself speaks on: nobody scans a login prompt."""
    try:
        return {f"/dev/{name}" for name in active.read_text(encoding="ascii").split()}
    except OSError:  # Not Linux, or no console.
        return set()


def named(found: Iterable[tuple[str, str]], links: Path) -> list[Port]:
    """Return (device, description) pairs as ports with their stable names below `links`."""
    names: dict[str, str] = {}
    for folder in ("by-path", "by-id"):  # The better name is written last.
        try:
            entries = sorted((links / folder).iterdir())
        except OSError:  # No adapter is plugged in: the folder is not there.
            continue
        names.update({str(entry.resolve()): str(entry) for entry in entries})
    return [
        Port(
            device=device,
            stable=names.get(str(Path(device).resolve()), device),
            is_stable=str(Path(device).resolve()) in names,
            what="" if what == "n/a" else what,
        )
        for device, what in sorted(found)
    ]
