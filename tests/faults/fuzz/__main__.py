"""Runs the long form: `python -m tests.faults.fuzz --inputs 10000000 [--first N] [--processes 2]`.

Prints a line for each failure, with family, seed and the shrunk input, and one JSON object last.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from edge.catalogue.families import FAMILIES
from tests.faults.fuzz.judge import targets
from tests.faults.fuzz.run import BATCH, Tally, run_batch


def families() -> list[str]:
    """Return every family that has a codec."""
    return sorted(name for name, one in FAMILIES.items() if hasattr(one, "codec"))


def work(first: int, rounds: int) -> Tally:
    """Run a batch of each target for each seed."""
    tally = Tally()
    made = [(target, target.maker()) for target in targets(families())]
    for seed in range(first, first + rounds):
        for target, make in made:
            run_batch(target, make, seed, tally)
    return tally


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz")
    parser.add_argument("--inputs", type=int, default=10_000_000, help="how many in all")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    per_seed = BATCH * len(targets(families()))
    seeds = -(-asked.inputs // per_seed)
    share = -(-seeds // asked.processes)
    began_s = time.monotonic()
    firsts = [asked.first + share * at for at in range(asked.processes)]
    with ProcessPoolExecutor(asked.processes) as pool:
        tallies = list(pool.map(work, firsts, [share] * asked.processes))
    failures = [line for tally in tallies for line in tally.failures]
    for line in failures:
        sys.stdout.write(line + "\n")
    counts: dict[str, int] = {}
    for tally in tallies:
        for name, count in tally.inputs.items():
            counts[name] = counts.get(name, 0) + count
    told = {
        "inputs": sum(counts.values()),
        "families": len(families()),
        "targets": len(counts),
        "seeds": [asked.first, asked.first + share * asked.processes - 1],
        "slowest_ms": max(tally.slowest_ms for tally in tallies),
        "failures": len(failures),
        "wall_s": round(time.monotonic() - began_s, 1),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
