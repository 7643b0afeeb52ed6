"""The end of a timed run: drain, compare the world's own count with the ledger's, and tell."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from entrepot.http import NoAnswer, call
from gateway.ledger.verify import verify
from wire.epc import EpcError, uri_from_hex

if TYPE_CHECKING:
    from pathlib import Path

DRAIN_S_MAX: Final = 240.0
QUIET_ROUNDS: Final = 4
"""Rounds of 0.5 s in which nothing may move before the drain counts as done."""

Summary = dict[str, Any]


async def drain(data_dir: Path, edges: list[str]) -> Summary:
    """Stop arrivals, wait until everything has settled, and return the counts."""
    started_s = time.monotonic()
    quiet = 0
    stuck: list[str] = ["nothing answered"]
    is_told = False
    while time.monotonic() - started_s < DRAIN_S_MAX:
        try:
            if not is_told:
                await call(data_dir, "hall", "/drain", method="POST")
                is_told = True
            stuck = await _unsettled(data_dir, edges)
        except NoAnswer as error:
            stuck = [str(error)]
        quiet = 0 if stuck else quiet + 1
        if quiet >= QUIET_ROUNDS:
            break
        await asyncio.sleep(0.5)
    told: Summary = {"drained": not stuck, "drain_s": round(time.monotonic() - started_s, 1)}
    if stuck:
        told["undrained"] = stuck
    told |= await _counts(data_dir, edges)
    return told


async def _unsettled(data_dir: Path, edges: list[str]) -> list[str]:
    """Return in words what is still under way."""
    stuck = []
    world = await call(data_dir, "hall", "/world")
    if not world["idle"]:
        stuck.append("the hall still works")
    heads = (await call(data_dir, "gateway", "/api/summary"))["heads"]
    for edge in edges:
        health = await call(data_dir, f"edge-{edge}", "/health")
        captured = health["captured_count"]
        if heads.get(edge, 0) != captured:
            stuck.append(f"{edge}: {captured} captured, head at {heads.get(edge, 0)}")
    return stuck


async def _counts(data_dir: Path, edges: list[str]) -> Summary:
    told: Summary = dict(await call(data_dir, "gateway", "/api/summary"))
    captured = 0
    for edge in edges:
        captured += int((await call(data_dir, f"edge-{edge}", "/health"))["captured_count"])
    told["events_captured"] = captured
    world = await call(data_dir, "hall", "/world")
    units = await call(data_dir, "gateway", "/api/units")
    differing = differences(world["units"], units["units"] if isinstance(units, dict) else units)
    told["lost"] = len(differing)
    if differing:
        told["lost_units"] = differing[:20]
    told["world"] = world["counts"]
    told["planted"] = world.get("planted", {})
    return told


def differences(
    world: dict[str, dict[str, Any]], ledger: list[dict[str, Any]]
) -> list[dict[str, str]]:
    """Return every carton whose place the world and the ledger tell differently."""
    known = {str(row["unit"]): str(row["place"]) for row in ledger}
    found = []
    for epc_hex, carton in sorted(world.items()):
        try:
            unit = uri_from_hex(epc_hex)
        except EpcError:
            unit = epc_hex
        place = known.get(unit, "unknown")
        # A carton still outside that the ledger has never heard of has not been moved by anybody.
        if place != carton["place"] and not (place == "unknown" and carton["place"] == "expected"):
            found.append({"unit": unit, "world": str(carton["place"]), "ledger": place})
    return found


def with_invariants(told: Summary, database_url: str) -> Summary:
    """Return the summary with what `entrepot verify` finds."""
    report = verify(database_url)
    return told | {"invariants": "ok" if report.ok else str(report.violations[0])}


def is_sound(told: Summary) -> bool:
    """Tell whether the run was what it promises."""
    return (
        bool(told["drained"])
        and told["lost"] == 0
        and told["applied_twice"] == 0
        and told["invariants"] == "ok"
        and told["events_captured"] == told["events_applied"]
    )
