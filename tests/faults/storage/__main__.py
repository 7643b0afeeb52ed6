"""Runs the long form: `python -m tests.faults.storage --seeds 1000 [--first N]`.

Prints a line for each failure, with the seed that repeats it, and one JSON object last.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.faults.storage import custody_cuts, custody_refusals, flips, telemetry_cuts
from tests.faults.storage.tally import Tally


def run(first: int, seeds_count: int) -> Tally:
    """Run every kind of fault with each seed."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="storage-faults-") as name:
        folder = Path(name)
        for seed in range(first, first + seeds_count):
            tally.seeds += 1
            custody_cuts.run_seed(seed, tally, folder)
            custody_refusals.run_seed(seed, tally, folder)
            flips.run_seed(seed, tally, folder)
            telemetry_cuts.run_seed(seed, tally, folder)
            for line in tally.failures:
                sys.stdout.write(f"{line}\n")
            tally.failures.clear()
    return tally


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.storage")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    asked = parser.parse_args()
    tally = run(asked.first, asked.seeds)
    sys.stdout.write(json.dumps(tally.counts()) + "\n")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
