"""`python -m bench.bus`: the round of a full RS-485 line against what the wire allows."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bench.bus.masters import telegraf_config
from bench.bus.slave import BITS, TURNAROUND_S
from bench.measure import last_line, machine, usage_of
from bench.services import NotHere, running, telegraf, telegraf_program

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_S: Final = 3.0
BEGUN_S_MAX: Final = 30.0
AROUND_BYTES: Final = 5
REQUEST_BYTES: Final = 8
SILENCE_CHARACTERS: Final = 3.5
LOST_S: Final = 5.0
"""What the first failures of a dead unit cost; afterwards it is probed."""


@dataclass
class Report:
    """What the slave's log says."""

    exchanges: list[tuple[int, float, float]]
    """(unit, when its request came, when the wire fell silent)."""
    silences_s: list[float]


@dataclass
class Slave:
    """The slave's process, talked to in lines."""

    child: subprocess.Popen[str]
    port: str

    def say(self, line: str) -> None:
        """Send a line."""
        assert self.child.stdin is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def report(self) -> Report:
        """Return what happened since the last report."""
        self.say("report")
        assert self.child.stdout is not None
        document = json.loads(self.child.stdout.readline())
        return Report(exchanges=document["exchanges"], silences_s=document["silences_s"])


@contextmanager
def slave_on(baud: int) -> Iterator[Slave]:
    """Run the slave."""
    argv = [sys.executable, "-m", "bench.bus.slave", "--baud", str(baud)]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield Slave(child, child.stdout.readline().strip())
    finally:
        child.terminate()
        child.wait(10)


def rounds_of(report: Report, *, silence_s: float) -> list[float]:
    """Return each round of all living units: from a first request to the last silence's end."""
    exchanges = report.exchanges
    starts = [at for at, (unit, *_) in enumerate(exchanges) if unit == 1]
    rounds = []
    for first, following in pairwise(starts):
        rounds.append(exchanges[following - 1][2] + silence_s - exchanges[first][1])
    return rounds


def measure(
    slave: Slave, pid: int, asked: argparse.Namespace, *, is_back_to_back: bool
) -> dict[str, object]:
    """Return a master's rounds, its violations and its CPU."""
    character_s = BITS / asked.baud
    silence_s = SILENCE_CHARACTERS * character_s
    sizes = REQUEST_BYTES + AROUND_BYTES + 2 * asked.registers
    limit_s = asked.units * (sizes * character_s + TURNAROUND_S + silence_s)
    end_s = time.monotonic() + BEGUN_S_MAX
    while not slave.report().exchanges:
        assert time.monotonic() < end_s, "the master asks for nothing"
        time.sleep(0.2)
    time.sleep(0 if asked.quick else WARM_S)
    slave.report()
    before = usage_of(pid)
    time.sleep(asked.seconds)
    spent_s = usage_of(pid).cpu_s - before.cpu_s
    report = slave.report()
    rounds = rounds_of(report, silence_s=silence_s)
    if is_back_to_back:  # Then the round is from each first request to the next one.
        starts = [came for unit, came, _ in report.exchanges if unit == 1]
        rounds = [later - earlier for earlier, later in pairwise(starts)]
    silences = report.silences_s[1:]
    return {
        "rounds": len(rounds),
        "limit_ms": round(1000 * limit_s, 1),
        "round_ms": round(1000 * statistics.mean(rounds), 1),
        "round_worst_ms": round(1000 * max(rounds), 1),
        "ratio": round(statistics.mean(rounds) / limit_s, 4),
        "silences": len(silences),
        "violations": sum(one < silence_s for one in silences),
        "silence_least_ms": round(1000 * min(silences), 3),
        "silence_wanted_ms": round(1000 * silence_s, 3),
        "cpu_ratio": round(spent_s / asked.seconds, 4),
    }


def with_dead_unit(slave: Slave, pid: int, asked: argparse.Namespace) -> dict[str, object]:
    """Return the same once the last unit is dead."""
    slave.say(f"kill {asked.units}")
    time.sleep(0.5 if asked.quick else LOST_S)
    return measure(slave, pid, asked, is_back_to_back=True)


def main() -> None:
    """Read the command line, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--registers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--quick", action="store_true", help="no time to settle: a check, no figure"
    )
    parser.add_argument("--only", choices=["ours", "pymodbus", "telegraf"])
    asked = parser.parse_args()
    before = machine()
    rows: list[dict[str, object]] = []
    for number in range(1, asked.rounds + 1):
        for name in ("ours", "pymodbus", "telegraf"):
            if asked.only in (None, name):
                rows += [{"round": number, "master": name, **row} for row in run(name, asked)]
    last_line(bench="bus", runs=rows, machine_before=before, machine_after=machine())


def run(name: str, asked: argparse.Namespace) -> list[dict[str, object]]:
    """Return a master's rows: all units alive, and for ours with one dead."""
    shape = [f"--{key}={getattr(asked, key)}" for key in ("baud", "units", "registers")]
    rows: list[dict[str, object]] = []
    with slave_on(asked.baud) as slave:
        if name == "telegraf":
            try:
                program = telegraf_program()
            except NotHere as why:
                print(f"{name}: left out: {why}", flush=True)
                return []
            config = telegraf_config(
                slave.port, baud=asked.baud, units=asked.units, registers=asked.registers
            )
            with telegraf(program, config) as child:
                rows.append(measure(slave, child.pid, asked, is_back_to_back=False))
        else:
            argv = [sys.executable, "-m", "bench.bus.masters", name, slave.port, *shape]
            with running(argv, is_quiet=False) as child:
                rows.append(measure(slave, child.pid, asked, is_back_to_back=True))
                if name == "ours":
                    rows.append(with_dead_unit(slave, child.pid, asked))
                    alive_ms, dead_ms = rows[0]["round_ms"], rows[1]["round_ms"]
                    assert isinstance(alive_ms, float)
                    assert isinstance(dead_ms, float)
                    rows[1] |= {"is_one_dead": True, "rise_ratio": round(dead_ms / alive_ms - 1, 4)}
    for row in rows:
        dead = ", one unit dead" if row.get("is_one_dead") else ""
        print(
            f"{name}{dead}: {row['round_ms']} ms of {row['limit_ms']} ms: {row['ratio']} x,"
            f" {row['violations']} violations in {row['silences']}, CPU {row['cpu_ratio']:.1%}",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
