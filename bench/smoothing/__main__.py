"""Precision, recall and delay of arrivals and departures at read ratios of 60 to 95 %."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from dataclasses import dataclass, field
from typing import Final

from bench.measure import last_line, machine
from bench.smoothing.hall import Day, day_of
from edge.normalise.read_point import ReadPoint
from edge.settings import ReaderSettings

RATIOS: Final = (0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
LOOK_S: Final = 0.1
SLACK_S: Final = 8.0
"""A departure that is told later than that after the tag left is a miss."""
FIXED_S: Final = (1.0, 1.5, 3.0)
LOAD_TAGS_COUNT: Final = 200
LOAD_READS_COUNT: Final = 60_000


@dataclass(slots=True)
class Score:
    """What was told against what was."""

    told_count: int = 0
    right_count: int = 0
    true_count: int = 0
    delays_s: list[float] = field(default_factory=list)

    def document(self) -> dict[str, float]:
        """Return precision, recall, their harmonic mean, and the delay of what was right."""
        precision = self.right_count / self.told_count if self.told_count else 0.0
        recall = self.right_count / self.true_count if self.true_count else 0.0
        both = precision + recall
        return {
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(2 * precision * recall / both, 4) if both else 0.0,
            "delay_p50_s": round(statistics.median(self.delays_s), 2) if self.delays_s else 0.0,
        }


def settings(mode: str, depart_s: float) -> ReaderSettings:
    """Return a read point's settings."""
    return ReaderSettings.model_validate(
        {
            "id": "r", "family": "r", "port": "dev/r", "read_point": "p",
            "depart_s": depart_s, "smoothing": {"mode": mode},
        }
    )  # fmt: skip


def play(day: Day, wanted: ReaderSettings, length_s: float) -> tuple[Score, Score]:
    """Return the scores of arrivals and of departures."""
    point = ReadPoint(wanted)
    told: list[tuple[str, bytes, float]] = []
    reads = iter(day.reads)
    read = next(reads, None)
    now_s = 0.0
    while now_s < length_s + 2 * SLACK_S:
        now_s += LOOK_S
        while read is not None and read.at_s <= now_s:
            event = point.read(read.epc, 1, read.rssi_dbm, now_s=read.at_s, t_ns=0)
            if event is not None:
                told.append((event.what, read.epc, read.at_s))
            read = next(reads, None)
        told += [(one.what, one.crossing.epc, now_s) for one in point.expire(now_s)]
    return _score(day, told, "arrived"), _score(day, told, "departed")


def _score(day: Day, told: list[tuple[str, bytes, float]], what: str) -> Score:
    score = Score(true_count=len(day.stays))
    events: dict[bytes, list[float]] = {}
    for kind, epc, at_s in told:
        if kind == what:
            events.setdefault(epc, []).append(at_s)
            score.told_count += 1
    for stay in day.stays:
        begin_s = stay.from_s if what == "arrived" else stay.to_s
        end_s = stay.to_s if what == "arrived" else stay.to_s + SLACK_S
        hits = [at_s for at_s in events.get(stay.epc, []) if begin_s <= at_s <= end_s]
        if hits:
            score.right_count += 1
            score.delays_s.append(hits[0] - begin_s)
    return score


def cost_us() -> float:
    """Return the CPU microseconds a read through the whole read point, 200 tags in the field."""
    point = ReadPoint(settings("adaptive", 1.5))
    epcs = [b"\x30" + number.to_bytes(11, "big") for number in range(LOAD_TAGS_COUNT)]
    began_s = time.process_time()
    for number in range(LOAD_READS_COUNT):
        now_s = number / 2_000
        point.read(epcs[number % LOAD_TAGS_COUNT], 1, -60, now_s=now_s, t_ns=number)
        if number % 200 == 0:  # Ten looks a second at 2,000 reads a second.
            point.expire(now_s)
    return (time.process_time() - began_s) / LOAD_READS_COUNT * 1e6


def main() -> None:
    """Print a row for each ratio and way, and the whole as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tags", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=1_800.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    curve = []
    for ratio in RATIOS:
        rng = random.Random(asked.seed)  # noqa: S311 - a simulated hall
        day = day_of(rng, read_ratio=ratio, tags_count=asked.tags, length_s=asked.seconds)
        ways = {"adaptive": settings("adaptive", 1.5)}
        ways |= {f"fixed {depart_s:g} s": settings("fixed", depart_s) for depart_s in FIXED_S}
        row: dict[str, object] = {"read_ratio": ratio, "stays": len(day.stays)}
        for name, wanted in ways.items():
            arrivals, departures = play(day, wanted, asked.seconds)
            row[name] = {"arrived": arrivals.document(), "departed": departures.document()}
            a, d = arrivals.document(), departures.document()
            print(
                f"{ratio:.0%} {name:<12} arrived p {a['precision']:.3f} r {a['recall']:.3f}"
                f"  departed p {d['precision']:.3f} r {d['recall']:.3f} f1 {d['f1']:.3f}"
                f" after {d['delay_p50_s']:.2f} s"
            )
        curve.append(row)
    read_us = cost_us()
    print(f"{read_us:.1f} us a read; 2,000 reads/s are {read_us * 0.2:.1f} % of a core")
    last_line(
        bench="smoothing",
        curve=curve,
        read_us=round(read_us, 2),
        core_percent_at_2000_per_s=round(read_us * 0.2, 2),
        machine=machine(),
    )


if __name__ == "__main__":
    main()
