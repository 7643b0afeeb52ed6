"""`entrepot scan`: what is connected, and the settings block of each thing that was found."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import TYPE_CHECKING, Final

from edge.catalogue.families import FAMILIES
from edge.discovery.listen import LineFound, Look
from edge.discovery.ports import Port, serial_ports
from edge.discovery.ranges import BadRange, targets
from edge.discovery.units import BusFound, Sweep
from entrepot.processes import StartRefused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    Say = Callable[[str], None]

CONNECT_S_MAX: Final = 0.5
CONNECTS_COUNT: Final = 64
"""TCP addresses that are tried at the same time."""
LOOKS_COUNT: Final = 8
"""Lines that are looked at at the same time: each is its own port."""


async def scan(asked: argparse.Namespace, *, tell: Say, say: Say) -> int:
    """Look at the ports and addresses asked for; `tell` takes results, `say` progress."""
    ports = _serial_ports(asked)
    lines = [port.stable for port in ports]
    try:
        wanted = [target for text in asked.tcp for target in targets(text)]
    except BadRange as error:
        raise StartRefused("scan", f"--tcp {error}") from error
    if not lines and not wanted:
        tell("no serial port here: plug one in, name one with --port, or give --tcp RANGE")
        return 1
    for port in ports:
        if not port.is_stable and port.device.startswith("/dev/tty"):
            say(f"{port.device}: no stable name; a reboot may number it otherwise")
    lines += [f"tcp://{host}:{port}" for host, port in await _open_ones(wanted)]
    look = Look(families=FAMILIES, data_dir=asked.data, say=say)
    sweep = Sweep(
        families=FAMILIES,
        clock=time.monotonic,
        data_dir=asked.data,
        units=units_from(asked.units) if asked.units else (),
        say=say,
    )
    turn = asyncio.Semaphore(LOOKS_COUNT)

    async def at(line: str) -> LineFound | BusFound:
        async with turn:
            if asked.units:
                return await sweep.at(line)
            found = await look.at(line)
            if found.guesses or found.reason:
                return found
            bus = await sweep.at(line)
            return bus if bus.units else found

    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(at(line), name=line) for line in lines]
    found = [one.result() for one in looks]
    for number, line in enumerate(found, start=1):
        if isinstance(line, BusFound):
            lines_of = _bus_json(line) if asked.json else bus_told(line, number)
        else:
            lines_of = _json_lines(line) if asked.json else _told(line, number)
        for text in lines_of:
            tell(text)
    is_known = [one.units if isinstance(one, BusFound) else one.guesses for one in found]
    return 0 if any(is_known) else 1


def units_from(text: str) -> tuple[int, ...]:
    """Return the units of a list like 1-16,240. Raises StartRefused."""
    units: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        try:
            span = range(int(first), int(last or first) + 1)
        except ValueError:
            span = range(0)
        if not span or span[0] < 0 or span[-1] > 255:  # noqa: PLR2004 - a byte
            raise StartRefused("scan", f"--units {part!r}: give units as 1-16,240, of 0 to 255")
        units += span
    return tuple(dict.fromkeys(units))


def bus_told(bus: BusFound, number: int) -> Iterator[str]:
    """Yield what a bus has for a person: a sentence a unit, then blocks ready to paste."""
    where = bus.port if bus.port.startswith("tcp://") else f"{bus.port} ({bus.baud} {bus.format})"
    if bus.reason:
        yield f"{where}: {bus.reason}"
        return
    yield f"{where}: Modbus {bus.framing}, {len(bus.units)} units"
    for one in bus.units:
        if not one.guesses:
            yield f"  unit {one.unit}: no map of ours fits ({one.said})"
            continue
        best = one.guesses[0]
        values = ", ".join(f"{key} {value:g}" for key, value in list(best.values.items())[:4])
        others = ", ".join(guess.family for guess in one.guesses[1:4])
        yield f"  unit {one.unit}: {best.family}: {values}" + (f" (or {others})" if others else "")
    yield ""
    yield "[[buses]]"
    yield f"id = {_toml(f'bus-{number}')}"
    yield f"port = {_toml(bus.port)}"
    if bus.framing != "rtu":
        yield f"framing = {_toml(bus.framing)}"
    if not bus.port.startswith("tcp://"):
        yield f"baud = {bus.baud}"
        yield f"format = {_toml(bus.format)}"
    for one in bus.units:
        if one.guesses:
            yield "[[devices]]"
            yield f"id = {_toml(f'unit-{number}-{one.unit}')}"
            yield f"family = {_toml(one.guesses[0].family)}"
            yield f"bus = {_toml(f'bus-{number}')}"
            yield f"unit = {one.unit}"
            yield 'zone = "ambient"  # the zone that it measures, as site.toml names it'
    yield ""


def _bus_json(bus: BusFound) -> Iterator[str]:
    yield json.dumps(dataclasses.asdict(bus))


def _serial_ports(asked: argparse.Namespace) -> list[Port]:
    if asked.port:
        return [
            Port(device=name, stable=name, is_stable=True, what="named by you")
            for name in asked.port
        ]
    return [] if asked.tcp else serial_ports()


async def _open_ones(wanted: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the addresses that take a connection; it is closed at once."""
    turn = asyncio.Semaphore(CONNECTS_COUNT)

    async def is_open(host: str, port: int) -> bool:
        async with turn:
            try:
                async with asyncio.timeout(CONNECT_S_MAX):
                    _, writer = await asyncio.open_connection(host, port)
            except (OSError, TimeoutError):
                return False
            writer.close()
            return True

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(is_open(host, port)) for host, port in wanted]
    return [target for target, one in zip(wanted, tries, strict=True) if one.result()]


def block_of(line: LineFound, name: str) -> Iterator[str]:
    """Yield the lines of a [[devices]] entry for the best guess, ready to paste."""
    guess = line.guesses[0]
    yield "[[devices]]"
    yield f"id = {_toml(name)}"
    yield f"family = {_toml(guess.family)}"
    yield f"port = {_toml(line.port)}"
    if not line.port.startswith("tcp://"):
        yield f"baud = {line.baud}"
        if line.format != "8N1":
            yield f"format = {_toml(line.format)}"
    for key, value in guess.settings.items():
        yield f"{key} = {_toml(value)}"
    yield 'read_point = "dock-1"  # the dock where it stands, as site.toml names it'


def _told(line: LineFound, number: int) -> Iterator[str]:
    where = (
        line.port if line.port.startswith("tcp://") else f"{line.port} ({line.baud} {line.format})"
    )
    if line.reason:
        yield f"{where}: {line.reason}"
        return
    if not line.guesses:
        heard = f"{line.heard_bytes} bytes that no family understands" if line.heard_bytes else ""
        yield f"{where}: {heard or 'silent on every line setting that our families use'}"
        return
    best = line.guesses[0]
    shown = f", tells {best.shown!r}" if best.shown else ""
    others = ", ".join(one.family for one in line.guesses[1:])
    yield f"{where}: {best.family}{shown}" + (f" (it could also be {others})" if others else "")
    yield ""
    yield from block_of(line, f"{best.family.replace('_', '-')}-{number}")
    yield ""


def _json_lines(line: LineFound) -> Iterator[str]:
    document: Mapping[str, object] = {
        "port": line.port,
        "baud": line.baud,
        "format": line.format,
        "heard_bytes": line.heard_bytes,
        "reason": line.reason,
        "guesses": [
            {
                "family": one.family,
                "settings": dict(one.settings),
                "good_count": one.good_count,
                "corrupt_count": one.corrupt_count,
                "shown": one.shown,
                "frame_hex": one.frame_hex,
            }
            for one in line.guesses
        ],
    }
    yield json.dumps(document, ensure_ascii=False)


def _toml(value: object) -> str:
    """Return a string, number, boolean or list as TOML; JSON's forms of them are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
