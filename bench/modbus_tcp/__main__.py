"""`python -m bench.modbus_tcp`: CPU and memory of reading 500 points at 1 s, Telegraf beside it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from bench.measure import last_line, machine, usage_of
from bench.services import (
    NotHere,
    mosquitto,
    running,
    telegraf,
    telegraf_program,
    temporary_folder,
)

if TYPE_CHECKING:
    from pathlib import Path

WARM_S: Final = 6.0
MAP_HEAD: Final = 'title = "bench"\nsource = "bench"\nverified = "not at all"\nkind = "signals"\n'


def site_of(folder: Path, ports: list[int], *, points: int) -> None:
    """Write a site whose one edge has nothing but these devices."""
    (folder / "maps").mkdir()
    registers = "".join(
        f'[[registers]]\nfield = "value_{at}"\ntable = "holding"\naddress = {at}\n'
        f'type = "uint16"\nscale = 0.1\n'
        for at in range(points)
    )
    (folder / "maps" / "bench.toml").write_text(MAP_HEAD + registers, encoding="ascii")
    devices = "".join(
        f'[[buses]]\nid = "bus-{at}"\nport = "tcp://127.0.0.1:{port}"\nframing = "tcp"\n'
        f'timeout_s = 1.0\n[[devices]]\nid = "device-{at}"\nfamily = "modbus_map"\n'
        f'map = "bench"\nbus = "bus-{at}"\nunit = 1\npoll_s = 1.0\n'
        for at, port in enumerate(ports)
    )
    head = 'edge = "bench"\n' + ("" if ports else "devices = []\n")
    (folder / "edge-bench.toml").write_text(f"{head}{devices}", encoding="ascii")
    (folder / "site.toml").write_text("[retention]\n", encoding="ascii")


def telegraf_config(ports: list[int], *, points: int) -> str:
    """Return Telegraf's configuration for the same points."""
    fields = ",".join(
        f'{{address={at}, name="value_{at}", type="UINT16", scale=0.1}}' for at in range(points)
    )
    head = '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n[[outputs.discard]]\n'
    return head + "".join(
        f'[[inputs.modbus]]\n  name = "device-{at}"\n  timeout = "1s"\n'
        f'  controller = "tcp://127.0.0.1:{port}"\n  configuration_type = "request"\n'
        f'  [[inputs.modbus.request]]\n    slave_id = 1\n    register = "holding"\n'
        f"    fields = [{fields}]\n"
        for at, port in enumerate(ports)
    )


def main() -> None:
    """Measure each reader; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--points", type=int, default=50, help="of each device")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    before = machine()
    rows: list[dict[str, object]] = []
    for number in range(1, asked.rounds + 1):
        for name in ("polling", "idle-edge", "edge", "telegraf"):
            try:
                row = run(name, asked)
            except NotHere as why:
                print(f"{name}: left out: {why}", flush=True)
                continue
            rows.append({"round": number, "reader": name, **row})
            print(
                f"{name}: CPU {row['cpu_ratio']:.2%} of a core, {row['rss_mb']:.0f} MB",
                flush=True,
            )
    last_line(bench="modbus_tcp", runs=rows, machine_before=before, machine_after=machine())


def run(name: str, asked: argparse.Namespace) -> dict[str, float]:
    """Return what one reader costs.

    polling: the bus runners alone, decoding included; edge: the whole process, every reading on
    disk and its uplink on a broker; idle-edge: the same without a device, so that the difference
    is what the points cost; telegraf: its input plugin with an output that discards.
    """
    argv = [sys.executable, "-m", "bench.modbus_tcp.slave", str(asked.devices)]
    with ExitStack() as stack:
        slave = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        stack.callback(slave.terminate)
        assert slave.stdout is not None
        ports: list[int] = json.loads(slave.stdout.readline())
        folder = stack.enter_context(temporary_folder("modbus-tcp"))
        if name == "telegraf":
            config = telegraf_config(ports, points=asked.points)
            child = stack.enter_context(telegraf(telegraf_program(), config))
        else:
            (folder / "site").mkdir()
            shown = [] if name == "idle-edge" else ports
            site_of(folder / "site", shown, points=asked.points)
            url = "none" if name == "polling" else stack.enter_context(mosquitto()).url
            child = stack.enter_context(
                running(
                    [sys.executable, "-m", "bench.modbus_tcp.reader", name, str(folder), url],
                    is_quiet=True,
                )
            )
        time.sleep(WARM_S)
        assert child.poll() is None, f"{name} ended with {child.poll()}"
        first = usage_of(child.pid)
        time.sleep(asked.seconds)
        last = usage_of(child.pid)
    return {
        "cpu_ratio": round((last.cpu_s - first.cpu_s) / asked.seconds, 5),
        "rss_mb": round(last.rss_mb, 1),
    }


if __name__ == "__main__":
    main()
