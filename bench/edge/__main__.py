"""`python -m bench.edge`: CPU and memory of one edge process with everything on it.

64 serial devices, 500 Modbus TCP points at 1 s: readings go to disk and over a real broker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from bench.measure import last_line, machine, usage_of
from bench.modbus_tcp.__main__ import site_of
from bench.services import mosquitto, running, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

WARM_S: Final = 15.0
"""A scale's first weights and a reader's first arrivals are over by then."""


def add_serial(folder: Path, *, scales: int, probes: int, readers: int, ports: Path) -> None:
    """Add the serial devices to the edge's file."""
    entries = "".join(
        f'[[devices]]\nid = "scale-{at}"\nfamily = "mt_sics"\nport = "{ports}/scale-{at}"\n'
        f'read_point = "dock-{at}"\npoll_s = 1.0\n'
        for at in range(scales)
    )
    entries += "".join(
        f'[[buses]]\nid = "line-{at}"\nport = "{ports}/probe-{at}"\n[[devices]]\n'
        f'id = "probe-{at}"\nfamily = "xy_md02"\nbus = "line-{at}"\nunit = 1\n'
        f'zone = "ambient"\npoll_s = 1.0\n'
        for at in range(probes)
    )
    entries += "".join(
        f'[[devices]]\nid = "reader-{at}"\nfamily = "uhf_m100"\nport = "{ports}/reader-{at}"\n'
        f'read_point = "gate-{at}"\n'
        for at in range(readers)
    )
    path = folder / "edge-bench.toml"
    text = path.read_text(encoding="ascii").replace("devices = []\n", "")
    path.write_text(text + entries, encoding="ascii")


def run(asked: argparse.Namespace, *, points: int, with_serial: bool) -> dict[str, float]:
    """Return what an edge costs with so many TCP points, with or without serial devices."""
    counts = (asked.scales, asked.probes, asked.readers) if with_serial else (0, 0, 0)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("edge"))
        ports_at = folder / "ports"
        ports_at.mkdir()
        ports: list[int] = []
        if points:
            slave = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "bench.modbus_tcp.slave", str(points // 50)],
                    stdout=subprocess.PIPE, text=True,
                )
            )  # fmt: skip
            stack.callback(slave.terminate)
            assert slave.stdout is not None
            ports = json.loads(slave.stdout.readline())
        argv = [sys.executable, "-m", "bench.edge.hall", str(ports_at), *map(str, counts)]
        hall = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        stack.callback(hall.terminate)
        assert hall.stdout is not None
        assert hall.stdout.readline() == "ready\n"
        (folder / "site").mkdir()
        site_of(folder / "site", ports, points=50)
        scales, probes, readers = counts
        if with_serial:
            add_serial(
                folder / "site", scales=scales, probes=probes, readers=readers, ports=ports_at
            )
        url = stack.enter_context(mosquitto()).url
        child = stack.enter_context(
            running(
                [sys.executable, "-m", "bench.modbus_tcp.reader", "edge", str(folder), url],
                is_quiet=True,
            )
        )
        time.sleep(WARM_S)
        assert child.poll() is None, f"the edge ended with {child.poll()}"
        first = usage_of(child.pid)
        time.sleep(asked.seconds)
        last = usage_of(child.pid)
    return {
        "cpu_ratio": round((last.cpu_s - first.cpu_s) / asked.seconds, 4),
        "rss_mb": round(last.rss_mb, 1),
    }


def main() -> None:
    """Measure the parts and the whole; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=int, default=48)
    parser.add_argument("--probes", type=int, default=16)
    parser.add_argument("--readers", type=int, default=0)
    parser.add_argument("--points", type=int, default=500, help="in devices of 50")
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    before = machine()
    rows = {}
    for name, points, with_serial in (
        ("idle", 0, False),
        ("serial", 0, True),
        ("serial and TCP", asked.points, True),
    ):
        rows[name] = run(asked, points=points, with_serial=with_serial)
        print(f"{name}: CPU {rows[name]['cpu_ratio']:.2%} of a core, {rows[name]['rss_mb']} MB")
    last_line(
        bench="edge",
        scales=asked.scales,
        probes=asked.probes,
        readers=asked.readers,
        points=asked.points,
        runs=rows,
        machine_before=before,
        machine_after=machine(),
    )


if __name__ == "__main__":
    main()
