"""`python -m tests.faults.simulation --seeds 10000`: the long form; one JSON line last."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback

from tests.faults.simulation.story import play


def main() -> int:
    """Play seeds; print each failure with its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    violations, events, began_s = [], 0, time.monotonic()
    for seed in range(asked.first, asked.first + asked.seeds):
        try:
            story = play(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed is the finding
            violations.append(seed)
            sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
        else:
            events += sum(len(box.captured) for box in story.boxes)
    told = {
        "seeds": asked.seeds,
        "first": asked.first,
        "events": events,
        "violations": len(violations),
        "violating_seeds": violations[:20],
        "seconds": round(time.monotonic() - began_s, 1),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
