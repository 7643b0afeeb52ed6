"""Builds what speaks Modbus on a bus of a site's file: line, framing, master."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.links.line import Line
from edge.modbus.master import Master
from edge.modbus.timing import LineTiming
from edge.modbus.wire_rtu import RtuWire
from edge.modbus.wire_tcp import TcpWire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.settings import Bus


@dataclass(slots=True, kw_only=True)
class OpenBus:
    """One bus: nothing is opened yet."""

    line: Line
    wire: RtuWire | TcpWire
    master: Master


def rtu_bus(settings: Bus, *, data_dir: Path, clock: Callable[[], float]) -> OpenBus:
    """Return an RS-485 line, or one behind a converter that carries its bytes over TCP."""
    line = Line(settings.port, data_dir=data_dir, baud=settings.baud, form=settings.format)
    wire = RtuWire(
        line=line,
        timing=LineTiming(baud=settings.baud, form=settings.format),
        timeout_s=settings.timeout_s,
        gap_s=settings.turnaround_s,
        echo=settings.echo,
        clock=clock,
    )
    return OpenBus(line=line, wire=wire, master=Master(wire=wire, clock=clock))


def tcp_bus(
    address: str, *, timeout_s: float, data_dir: Path, clock: Callable[[], float]
) -> OpenBus:
    """Return a Modbus TCP device or gateway at HOST:PORT, or dev/NAME of a file that holds it."""
    line = Line(address, data_dir=data_dir, is_tcp=True)
    wire = TcpWire(line=line, timeout_s=timeout_s, clock=clock, where=address)
    return OpenBus(line=line, wire=wire, master=Master(wire=wire, clock=clock))


def bus_of(settings: Bus, *, data_dir: Path, clock: Callable[[], float]) -> OpenBus:
    """Return a bus by its framing."""
    if settings.framing == "tcp":
        return tcp_bus(
            settings.port.removeprefix("tcp://"),
            timeout_s=settings.timeout_s,
            data_dir=data_dir,
            clock=clock,
        )
    return rtu_bus(settings, data_dir=data_dir, clock=clock)
