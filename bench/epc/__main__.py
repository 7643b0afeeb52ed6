"""`python -m bench.epc`: microseconds of CPU a decode, beside epcpy in the same run."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Final

from epcpy.utils.parsers import hex_to_tag_encodable

from bench.measure import last_line, machine
from wire.epc import decode, uri_from_hex

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS: Final = {
    "sgtin-96": "3074257BF7194E4000001A85",
    "sgtin-198": "3666C4409047E159B2C2BF100000000000000000000000000000",
    "sscc-96": "3174257BF4499602D2000000",
    "sgln-96": "3276451FD46072000000162E",
    "grai-96": "3376451FD40C0E400000162E",
    "grai-170": "3776451FD40C0E59B2C2BF1000000000000000000000",
    "giai-96": "3476451FD40000000000162E",
    "giai-202": "3876451FD59B2C2BF10000000000000000000000000000000000",
    "gdti-96": "2C76451FD46072000000162E",
    "sgtin+": "F73795211411234538566CB0AFC4",
    "sscc+": "F90095201234567891235000",
    "sgln+": "F2395211411234548566CB0AFC40",
    "grai+": "F13095211411234548566CB0AFC4",
    "giai+": "FA3952114132E83C2BF10000",
}
"""Examples of the standard's annex E.3."""


def us_each(work: Callable[[], object], *, count: int, rounds: int) -> float:
    """Return the least CPU time of one call, in µs: what others do on the machine adds to it."""
    best_s = float("inf")
    for _ in range(rounds):
        started_s = time.process_time()
        for _ in range(count):
            work()
        best_s = min(best_s, time.process_time() - started_s)
    return best_s / count * 1e6


def main() -> None:
    """Read the command line, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--count",
        type=int,
        default=200,
        help="decodes a round: short, so that some rounds find the core quiet",
    )
    parser.add_argument("--rounds", type=int, default=200)
    asked = parser.parse_args()
    before = machine()
    rows: list[dict[str, object]] = []
    print(f"{'scheme':<10} {'URI':>7} {'all forms':>10} {'epcpy URI':>10}   µs of CPU")
    for scheme, text in TAGS.items():

        def forms(text: str = text) -> object:
            return decode(text).forms()

        def uri(text: str = text) -> object:
            return uri_from_hex(text)

        def theirs(text: str = text) -> object:
            return hex_to_tag_encodable(text).epc_uri

        assert decode(text).scheme == scheme
        row: dict[str, object] = {
            "scheme": scheme,
            "uri_us": round(us_each(uri, count=asked.count, rounds=asked.rounds), 2),
            "forms_us": round(us_each(forms, count=asked.count, rounds=asked.rounds), 2),
        }
        if not scheme.endswith("+"):  # epcpy has no "+" schemes.
            count = max(1, asked.count // 5)
            row["epcpy_us"] = round(us_each(theirs, count=count, rounds=asked.rounds), 2)
        rows.append(row)
        print(
            f"{scheme:<10} {row['uri_us']:>7} {row['forms_us']:>10} {row.get('epcpy_us', '-'):>10}",
            flush=True,
        )
    after = machine()
    last_line(
        bench="epc",
        worst_uri_us=max(float(str(row["uri_us"])) for row in rows),
        worst_forms_us=max(float(str(row["forms_us"])) for row in rows),
        schemes=rows,
        machine_before=before,
        machine_after=after,
    )


if __name__ == "__main__":
    main()
