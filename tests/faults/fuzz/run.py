"""Runs inputs against targets, in batches that one seed each repeats."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.faults.fuzz.judge import (
    HELD_BYTES_MAX,
    LIMIT_S,
    cpu_s,
    fault_of,
    held_bytes,
    shrunk,
    untellable,
)
from tests.faults.fuzz.mutate import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.families import Codec
    from tests.faults.fuzz.judge import Target

BATCH: Final = 500
LOOK_S: Final = 0.01


@dataclass(kw_only=True)
class Tally:
    """What was run and what broke."""

    inputs: dict[str, int] = field(default_factory=dict)
    slowest_ms: float = 0.0
    failures: list[str] = field(default_factory=list)


def run_batch(
    target: Target,
    make: Callable[[], Codec],
    seed: int,
    tally: Tally,
    *,
    inputs_count: int = BATCH,
) -> None:
    """Run the inputs of one seed; note the first that breaks a rule, shrunk."""
    rng = random.Random(f"{target.name} {seed}")
    inputs = [mutated(target.frames, rng) for _ in range(inputs_count)]
    tally.inputs[target.name] = tally.inputs.get(target.name, 0) + inputs_count
    for data in inputs:
        began_s = time.perf_counter()
        if fault := fault_of(make, data):
            _note(target, seed, fault, shrunk(lambda one: bool(fault_of(make, one)), data), tally)
            return
        if time.perf_counter() - began_s > LOOK_S:  # Slow, or the machine was busy elsewhere.
            slow_s = cpu_s(make, data)
            tally.slowest_ms = max(tally.slowest_ms, round(slow_s * 1000, 2))
            if slow_s > LIMIT_S:
                _note(target, seed, f"takes {slow_s * 1000:.0f} ms", data, tally)
                return
    sampled = inputs[seed % inputs_count]
    if fault := untellable(make, sampled):
        _note(target, seed, fault, shrunk(lambda one: bool(untellable(make, one)), sampled), tally)
    codec = make()
    codec.feed(b"".join(inputs))
    if held_bytes(codec) > HELD_BYTES_MAX:
        _note(target, seed, f"holds {held_bytes(codec)} bytes", sampled, tally)


def _note(target: Target, seed: int, fault: str, data: bytes, tally: Tally) -> None:
    tally.failures.append(f"{target.name} seed {seed}: {fault}: {data[:400].hex().upper()}")
