"""One drain, timed from the consumer's start until InfluxDB counts every message."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bench.measure import Usage, usage_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bench.services import Broker, Influx

FIELD: Final = "temperature_c"
STALL_S_MAX: Final = 60.0
LOOK_S_MIN: Final = 0.05
LOOK_S_MAX: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment of a drain."""

    at_s: float
    """Since the consumer's start."""
    count: int
    usage: Usage


@dataclass(slots=True, kw_only=True)
class Drain:
    """A drain from its consumer's start to the last message in the store."""

    consumer: str
    count: int
    looks: list[Look] = field(default_factory=list)
    broker_cpu_s: float = 0.0
    influx_cpu_s: float = 0.0

    def document(self) -> dict[str, object]:
        """Return the figures: from the start, and from the first write on ("steady")."""
        first, last = self.looks[0], self.looks[-1]
        steady_count, steady_s = last.count - first.count, last.at_s - first.at_s
        steady_cpu_s = last.usage.cpu_s - first.usage.cpu_s
        return {
            "consumer": self.consumer,
            "messages": self.count,
            "seconds": round(last.at_s, 2),
            "first_write_s": round(first.at_s, 2),
            "per_s": round(self.count / last.at_s),
            "steady_per_s": round(steady_count / steady_s) if steady_s else None,
            "cpu_us": round(last.usage.cpu_s / self.count * 1e6, 1),
            "steady_cpu_us": round(steady_cpu_s / steady_count * 1e6, 1) if steady_count else None,
            "peak_mb": round(last.usage.peak_mb, 1),
            "rss_mb": [round(self._rss_mb_at(part), 1) for part in (0.0, 0.25, 0.5, 0.75, 1.0)],
            "broker_cpu_us": round(self.broker_cpu_s / self.count * 1e6, 1),
            "influx_cpu_us": round(self.influx_cpu_s / self.count * 1e6, 1),
        }

    def _rss_mb_at(self, part: float) -> float:
        """Return the memory at the first look at which so much of the backlog was stored."""
        return next(one.usage.rss_mb for one in self.looks if one.count >= part * self.count)


def drain(  # noqa: PLR0913 - what is drained, from where to where, and when it is done
    name: str,
    consumer: AbstractContextManager[subprocess.Popen[bytes]],
    broker: Broker,
    influx: Influx,
    *,
    bucket: str,
    count: int,
    until: Callable[[], bool] = lambda: True,
) -> Drain:
    """Start the consumer and watch until `count` points are in the bucket, and `until` holds."""
    done = Drain(consumer=name, count=count)
    broker_s, influx_s = usage_of(broker.pid).cpu_s, usage_of(influx.pid).cpu_s
    started_s = time.monotonic()
    best, grew_s = 0, 0.0
    with consumer as child:
        while True:
            stored = influx.count(bucket, FIELD)
            at_s = time.monotonic() - started_s
            assert child.poll() is None, f"{name} ended with exit code {child.returncode}"
            if stored > best:
                best, grew_s = stored, at_s
            assert at_s - grew_s < STALL_S_MAX, f"{name} stands at {stored} of {count}"
            if stored:
                done.looks.append(Look(at_s=at_s, count=stored, usage=usage_of(child.pid)))
            if stored >= count and until():
                break
            # A count costs the store: look rarely on the way and often near the end.
            rest_s = (count - stored) * at_s / stored if stored else LOOK_S_MIN
            time.sleep(min(LOOK_S_MAX, max(LOOK_S_MIN, rest_s / 2)))
        done.broker_cpu_s = usage_of(broker.pid).cpu_s - broker_s
        done.influx_cpu_s = usage_of(influx.pid).cpu_s - influx_s
    assert stored == count, f"{name}: {stored} points of {count} messages"
    return done
