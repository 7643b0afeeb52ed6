"""How much of a line's time the polls of a bus need (pure).

Bytes at the line's speed, 3.5 characters of silence and the bus's own pause before each request,
and what a unit takes to begin its answer. Above 1 it can't be; near 1 a time-out delays all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.modbus.rtu import AROUND_BYTES
from edge.modbus.timing import LineTiming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge.modbus.pdu import Request
    from edge.settings import Bus

REPLY_DELAY_S: Final = 0.01
"""What a slow sensor takes to begin its answer; the manuals of ours promise 5 to 20 ms."""
NEARLY_FULL_RATIO: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class BusPlan:
    """What the polls of a bus need."""

    ratio: float
    """Of the line's time."""
    requests_per_s: float
    round_s: float
    """One round of every poll."""


def request_s(request: Request, timing: LineTiming, *, turnaround_s: float = 0.0) -> float:
    """Return the seconds that one request and its answer hold the line."""
    size = len(request.pdu) + request.reply_bytes + 2 * AROUND_BYTES
    return timing.silence_s + turnaround_s + timing.wire_s(size) + REPLY_DELAY_S


def bus_plan(bus: Bus, polls: Iterable[tuple[Sequence[Request], float]]) -> BusPlan | None:
    """Return what (requests, every how many seconds) need; None where the line has no speed."""
    if bus.framing == "tcp":
        return None
    timing = LineTiming(baud=bus.baud, form=bus.format)
    ratio = requests_per_s = round_s = 0.0
    for requests, every_s in polls:
        took_s = sum(request_s(one, timing, turnaround_s=bus.turnaround_s) for one in requests)
        ratio += took_s / every_s
        requests_per_s += len(requests) / every_s
        round_s += took_s
    return BusPlan(ratio=ratio, requests_per_s=requests_per_s, round_s=round_s)
