"""`python -m tests.faults.simulation --seeds 10000`: the long form; one JSON line last.

A violation prints its seed and the commit; `--first SEED --seeds 1` plays it again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.faults.simulation.day import day_away
from tests.faults.simulation.story import play


def commit() -> str:
    """Return what is being tested, for whoever plays a seed again."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def run_seed(seed: int) -> dict[str, Any]:
    """Play one seed; return what happened, with what was violated where anything was."""
    try:
        story = play(seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed is the finding
        told = f"{type(error).__name__}: {error}"
        if not isinstance(error, AssertionError):
            told += "\n" + "".join(traceback.format_exception(error)[-3:])
        return {"seed": seed, "violation": told}
    boxes = [*story.boxes, *story.clones]
    return {
        "seed": seed,
        "events": sum(len(box.captured) for box in boxes),
        "readings": sum(len(box.readings) for box in boxes),
        "openings": sum(len(box.acts) for box in boxes),
        "decisions": story.decisions_count,
        "faults": len(story.befall.names),
    }


def main() -> int:
    """Play seeds; print each failure with its seed and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-day", action="store_true", help="without the 24 h away")
    asked = parser.parse_args()
    violating, sums, began_s = [], Counter[str](), time.monotonic()
    seeds = range(asked.first, asked.first + asked.seeds)
    with ProcessPoolExecutor(max_workers=asked.processes) as pool:
        for told in pool.map(run_seed, seeds, chunksize=5):
            seed = told.pop("seed")
            if "violation" in told:
                violating.append(seed)
                sys.stdout.write(f"seed {seed} at {commit()}: {told['violation']}\n")
                sys.stdout.flush()
            else:
                sums.update(told)
    summary = {
        "seeds": asked.seeds,
        "first": asked.first,
        "commit": commit(),
        **sums,
        "violations": len(violating),
        "violating_seeds": violating[:20],
        "seconds": round(time.monotonic() - began_s, 1),
    }
    if not asked.no_day:
        summary["day_away"] = day_away(edge_hours=24.0)
    sys.stdout.write(json.dumps(summary) + "\n")
    return 1 if violating else 0


if __name__ == "__main__":
    sys.exit(main())
