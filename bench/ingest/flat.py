"""`python -m bench.ingest.flat`: one gateway process takes millions of messages; its memory.

The backlog comes in parts, each published while the gateway drains it, so that broker and machine
hold a part and not the whole.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bench.ingest.consumers import gateway
from bench.ingest.drain import FIELD
from bench.ingest.fill import Publisher, fill, messages
from bench.measure import last_line, machine, usage_of
from bench.services import NotHere, influxd, mosquitto
from runtime.mqtt_url import parse_mqtt_url

if TYPE_CHECKING:
    from collections.abc import Callable

STALL_S_MAX: Final = 120.0
CLIENT: Final = "gateway"


def run(count: int, part_count: int) -> list[dict[str, Any]]:
    """Publish and drain part by part; return what was seen at the end of each."""
    seen: list[dict[str, Any]] = []
    with influxd() as influx, mosquitto() as broker:
        influx.make_bucket(CLIENT)
        fill(broker.url, [CLIENT], ())
        source = messages(count)
        began_s = time.monotonic()
        consumer = gateway(broker, influx, bucket=CLIENT, client_id=CLIENT)
        with consumer as child, Publisher(parse_mqtt_url(broker.url)) as publisher:
            sent = 0
            while part := publisher.publish(islice(source, part_count)):
                sent += part
                _await(lambda: influx.count(CLIENT, FIELD), sent)
                usage = usage_of(child.pid)
                seen.append(
                    {
                        "stored": sent,
                        "at_s": round(time.monotonic() - began_s, 1),
                        "rss_mb": round(usage.rss_mb, 1),
                        "peak_mb": round(usage.peak_mb, 1),
                        "cpu_us": round(usage.cpu_s / sent * 1e6, 2),
                    }
                )
                sys.stdout.write(f"{seen[-1]}\n")
                sys.stdout.flush()
    return seen


def _await(count: Callable[[], int], wanted: int) -> None:
    best, grew_s = 0, time.monotonic()
    while (stored := count()) < wanted:
        if stored > best:
            best, grew_s = stored, time.monotonic()
        assert time.monotonic() - grew_s < STALL_S_MAX, f"stands at {stored} of {wanted}"
        time.sleep(0.2)


def main() -> None:
    """Read the command line, measure, print one line of JSON last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--part", type=int, default=500_000)
    asked = parser.parse_args()
    before = machine()
    try:
        seen = run(asked.count, asked.part)
    except NotHere as error:
        sys.exit(str(error))
    last_line(bench="ingest.flat", seen=seen, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    main()
