"""What a process costs (from /proc, Linux) and how busy the machine is."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
IDLE_RATIO: Final = 0.05
_SETTLE_STEP_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process has used so far, all of its threads."""

    cpu_s: float
    """User and system."""
    rss_mb: float
    peak_mb: float


def usage_of(pid: int) -> Usage:
    """Return what a living process has used. Source: proc(5), `stat` and `status`."""
    # The name in brackets may hold blanks: count from the bracket's end, where field 3 stands.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    return Usage(
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        rss_mb=int(status["VmRSS"].split()[0]) / 1024,
        peak_mb=int(status["VmHWM"].split()[0]) / 1024,
    )


def settle(pid: int, *, wait_s_max: float = 20.0) -> None:
    """Wait until a process is idle, so that what one consumer left does not cost the next."""
    end_s = time.monotonic() + wait_s_max
    before = usage_of(pid).cpu_s
    while time.monotonic() < end_s:
        time.sleep(_SETTLE_STEP_S)
        now = usage_of(pid).cpu_s
        if now - before < IDLE_RATIO * _SETTLE_STEP_S:
            return
        before = now


def percentiles(values_s: Iterable[float]) -> dict[str, float | int | None]:
    """Return p50, p95, p99 and the largest of some times in milliseconds, and their count."""
    ordered = sorted(values_s)
    count = len(ordered)
    told: dict[str, float | int | None] = {"count": count}
    for name, ratio in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1.0)):
        at = min(count - 1, int(ratio * count))
        told[name] = round(1000 * ordered[at], 1) if ordered else None
    return told


def machine() -> dict[str, object]:
    """Return what else was going on: load averages over 1, 5 and 15 minutes, and the cores."""
    return {"cores": os.cpu_count(), "load": [round(one, 2) for one in os.getloadavg()]}


def last_line(**document: object) -> None:
    """Print a bench's result as one line of JSON; nothing is printed after it."""
    print(json.dumps(document, separators=(",", ":")), flush=True)
