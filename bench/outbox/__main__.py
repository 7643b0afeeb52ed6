"""`python -m bench.outbox`: rows a second onto the edge's disk, and out of its telemetry queue."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from bench.measure import last_line, machine
from bench.outbox import custody, telemetry
from bench.services import temporary_folder

CUSTODY_GROUPS: Final = (1, 10, 50, 500)
TELEMETRY_GROUPS: Final = (1, 50)
DRIVERS: Final = (1, 50)


def main() -> None:
    """Read the command line, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows a measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="the disk to measure; else the temporary one")
    asked = parser.parse_args()
    before = machine()
    rows: list[dict[str, object]] = []

    def tell(number: int, what: str, per_s: float) -> None:
        rows.append({"round": number, "what": what, "per_s": round(per_s)})
        print(f"round {number}: {what:<36} {per_s:>10,.0f} rows/s", flush=True)

    for number in range(1, asked.rounds + 1):
        with temporary_folder("outbox", within=asked.folder) as folder:
            for group in CUSTODY_GROUPS:
                # One by one is slow: a tenth of the rows tells as much.
                count = asked.rows if group > 1 else asked.rows // 10
                path = folder / f"custody-{group}.db"
                rate = custody.append_rate(path, rows_count=count, group_count=group)
                tell(number, f"custody append, {group} a commit", rate)
            for drivers in DRIVERS:
                count = asked.rows if drivers > 1 else asked.rows // 10
                path = folder / f"writer-{drivers}.db"
                rate = custody.writer_rate(path, rows_count=count, drivers_count=drivers)
                tell(number, f"custody writer, {drivers} drivers at once", rate)
            for group in TELEMETRY_GROUPS:
                path = folder / f"telemetry-{group}.db"
                queued, drained = telemetry.rates(path, rows_count=asked.rows, group_count=group)
                tell(number, f"telemetry append, {group} a commit", queued)
                tell(number, f"telemetry drain after {group} a commit", drained)
    after = machine()
    print(f"load {before['load']} -> {after['load']}")
    last_line(bench="outbox", rates=rows, machine_before=before, machine_after=after)


if __name__ == "__main__":
    main()
