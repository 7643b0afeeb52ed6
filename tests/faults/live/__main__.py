"""`python -m tests.faults.live --rounds 200 --seed S`: the long forms; one JSON line last."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults.live import kills, store, wires
from tests.faults.live.house import mosquitto

if TYPE_CHECKING:
    from collections.abc import Callable

WIRE_ROUNDS: Final = 4
FORGOTTEN_EVENTS: Final = 10_000
READINGS: Final = 10_000


def _wires(folder: Path, seed: int, rounds_count: int) -> dict[str, Any]:
    del rounds_count
    found: dict[str, Any] = {}
    for is_embedded in (False, True) if mosquitto() else (True,):
        inner = folder / f"embedded-{is_embedded}"
        inner.mkdir()
        story = wires.break_wires(inner, seed, rounds_count=WIRE_ROUNDS, is_embedded=is_embedded)
        told = asyncio.run(story)
        name = "embedded" if is_embedded else "mosquitto"
        found[name] = {
            "events": told.events_count,
            "readings": told.readings_count,
            "live_again_s_max": max(again_s for *_, again_s in told.steps),
            "half_open_found_s_max": max(told.found_s),
        }
    return found


def _broker(folder: Path, seed: int, rounds_count: int) -> dict[str, Any]:
    del rounds_count
    story = wires.forget(folder, seed, events_count=FORGOTTEN_EVENTS, kills_count=10)
    return {"events": FORGOTTEN_EVENTS, "forgotten_by_broker": asyncio.run(story), "lost": 0}


def _store(folder: Path, seed: int, rounds_count: int) -> dict[str, Any]:
    del rounds_count
    answers = asyncio.run(store.write_badly(folder, seed, readings_count=READINGS))
    return {"readings": READINGS, "answers": dict(answers)}


def _kills(folder: Path, seed: int, rounds_count: int) -> dict[str, Any]:
    return _killed(folder, seed, rounds_count, is_real=False)


def _killed(folder: Path, seed: int, rounds_count: int, *, is_real: bool) -> dict[str, Any]:
    told = kills.kill_rounds(folder, seed, rounds_count=rounds_count, is_real=is_real)
    return {
        "rounds": told.rounds,
        "captured": told.captured,
        "posted": told.posted,
        "readings": told.readings,
        "lost": told.lost,
        "twice": told.twice,
        "live_again_s_p50": told.quantile_s(0.5),
        "live_again_s_p99": told.quantile_s(0.99),
        "by_victim": told.by_victim(),
    }


def _real_kills(folder: Path, seed: int, rounds_count: int) -> dict[str, Any]:
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own below it.
    return _killed(folder, seed, rounds_count, is_real=True)


STORIES: Final[dict[str, Callable[[Path, int, int], dict[str, Any]]]] = {
    "wires": _wires,
    "broker": _broker,
    "store": _store,
    "kills": _kills,
    "real-kills": _real_kills,
}


def main() -> int:
    """Play the stories; print each failure with its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=[*STORIES], help="one story")
    asked = parser.parse_args()
    told: dict[str, Any] = {"seed": asked.seed}
    failures = []
    for name, play in STORIES.items():
        if asked.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory(prefix="live-faults-") as folder:
            try:
                found = play(Path(folder), asked.seed, asked.rounds)
            except Exception as error:  # noqa: BLE001 - whatever it is, the seed is the finding
                failures.append(name)
                sys.stdout.write(f"{name}, seed {asked.seed}: {type(error).__name__}: {error}\n")
                traceback.print_exc(file=sys.stdout)
            else:
                told[name] = found
    told["failures"] = failures
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
