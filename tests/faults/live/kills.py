"""kill -9 of one real process after the other, while cameras post and probes are read.

Each round one part dies at a random moment and is started again at once. The house is live again
when, for every edge, an event that was captured after the kill has its effect in the ledger and a
reading that was taken after the kill is a point in the store, and the page answers.
"""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.faults.live.books import judge, missing_stamps
from tests.faults.live.plant import LOOK_S, Plant, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIVE_S_MAX: Final = 60.0
HOLD_S: Final = (0.1, 1.0)


@dataclass(slots=True)
class Told:
    """What the rounds measured."""

    rounds: int = 0
    captured: int = 0
    posted: int = 0
    """Plates whose post was answered: they are on disk."""
    readings: int = 0
    lost: int = 0
    twice: int = 0
    live_again_s: list[tuple[str, float, dict[str, float]]] = field(default_factory=list)
    """(victim, seconds from its kill to live again, seconds to each part of it)."""

    def quantile_s(self, ratio: float, victim: str = "") -> float:
        """Return a quantile of the seconds to live again, of one victim or of all."""
        ordered = sorted(took_s for name, took_s, _ in self.live_again_s if name.startswith(victim))
        return round(ordered[min(len(ordered) - 1, int(ratio * len(ordered)))], 2)

    def by_victim(self) -> dict[str, tuple[int, float, float]]:
        """Return (rounds, median, maximum) of each victim."""
        names = sorted({name for name, *_ in self.live_again_s})
        return {
            name: (
                sum(one == name for one, *_ in self.live_again_s),
                self.quantile_s(0.5, name),
                self.quantile_s(1.0, name),
            )
            for name in names
        }


def kill_rounds(folder: Path, seed: int, *, rounds_count: int, is_real: bool = False) -> Told:
    """Kill, start, wait until live; then compare both ends. Raises AssertionError."""
    rng = random.Random(seed)
    told = Told()
    edges = ("dock-1", "dock-2") if is_real else ("dock-2",)
    with Plant(folder, edges, is_real=is_real) as plant:
        with contextlib.ExitStack() as cameras:
            for camera in plant.cameras.values():
                cameras.enter_context(camera)
            live_again(plant, time.monotonic(), dict.fromkeys(edges, 0))
            victims = _in_turn(rng, list(plant.parts), rounds_count)
            for victim in victims:
                time.sleep(rng.uniform(*HOLD_S))
                heads = {edge: plant.books.head_seq(edge) for edge in edges}
                began_s = time.monotonic()
                plant.kill(victim)
                plant.start(victim)
                phases = live_again(plant, began_s, heads)
                told.live_again_s.append((victim, max(phases.values()), phases))
                told.rounds += 1
            plant.silence()
        until(plant.is_drained, "everything is where it belongs")
        plant.end_own()
        compare(plant, told)
    return told


def _in_turn(rng: random.Random, names: list[str], count: int) -> list[str]:
    """Return the victims: each once before one comes again, shuffled."""
    victims: list[str] = []
    while len(victims) < count:
        rng.shuffle(names)
        victims += names
    return victims[:count]


def live_again(
    plant: Plant,
    began_s: float,
    heads: Mapping[str, int],
    *,
    gateways: Sequence[str] | None = None,
) -> dict[str, float]:
    """Return the seconds from `began_s` until each of what makes a house live was true.

    `heads` is how far the ledger had each edge's chain before the kill; `gateways` are those whose
    page is looked at, all by default.
    """
    pages = plant.gateways if gateways is None else gateways
    phases: dict[str, float] = {}
    plates: dict[str, tuple[str, int]] = {}
    """By edge: a plate that was captured after the kill, and when."""

    def note(name: str, *, is_so: bool) -> None:
        if is_so and name not in phases:
            phases[name] = round(time.monotonic() - began_s, 2)

    wanted = {f"{what} {edge}" for what in ("event", "ledger", "store") for edge in plant.edges}
    wanted |= {f"page {gateway}" for gateway in pages}
    while missing := sorted(wanted - phases.keys()):
        assert time.monotonic() < began_s + LIVE_S_MAX, (missing, phases)
        for gateway in pages:
            if f"page {gateway}" in missing:
                note(f"page {gateway}", is_so=plant.asked(gateway, "/") is not None)
        for edge in plant.edges:
            if edge not in plates and (plate := plant.cameras[edge].post()):
                plates[edge] = (plate, time.time_ns())
                note(f"event {edge}", is_so=True)
            if edge not in plates:
                continue
            plate, at_ns = plates[edge]
            if f"ledger {edge}" in missing:
                note(f"ledger {edge}", is_so=plant.books.has_plate(edge, plate, heads[edge]))
            if f"store {edge}" in missing:
                note(f"store {edge}", is_so=bool(plant.points.stamps(edge, at_ns)))
        time.sleep(LOOK_S)
    return phases


def compare(plant: Plant, told: Told) -> None:
    """Add what both ends' files say. Raises AssertionError where something is lost or doubled."""
    for edge in plant.edges:
        _compare(plant, edge, told)


def _compare(plant: Plant, edge: str, told: Told) -> None:
    custody_file = plant.data_dir / "edge" / edge / "custody.db"
    found = judge(custody_file, plant.books, edge)
    kept = plant.cameras[edge].kept
    missing = kept - plant.books.plates(edge)
    readings = plant.points.stamps(edge)
    told.captured += found.captured
    told.posted += len(kept)
    told.readings += len(readings)
    told.lost += found.lost + len(missing)
    told.twice += found.twice
    assert not missing, f"answered and not in the ledger: {sorted(missing)[:5]}"
    found.check()
    assert plant.books.is_in_order(edge), f"effects of {edge} out of the chain's order"
    lives_count = plant.parts[f"edge-{edge}"].starts_count
    gone = missing_stamps([*readings, *plant.books.stamps(edge)], lives_count)
    assert not gone, f"numbers of {edge} that are nowhere: {gone[:10]}"
