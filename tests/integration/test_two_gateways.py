"""Two gateways on one Mosquitto and one PostgreSQL; one of them dies at work."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.live import parts
from tests.faults.live.kills import Told, compare, live_again
from tests.faults.live.plant import LEDGER, Plant, until
from tests.services.fixtures import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EDGES = ("dock-1", "dock-2")
SHARE_COUNT = 20


@contextlib.contextmanager
def _real_plant(folder: Path) -> Iterator[Plant]:
    try:
        plant = Plant(folder, EDGES, is_real=True, has_influx=False, gateways_count=2)
    except parts.NotHere as error:
        missing(str(error))
        raise
    with plant:
        yield plant


def _leaders(plant: Plant) -> list[str]:
    told = {name: plant.asked(name, "/health") for name in plant.gateways}
    return [name for name, one in told.items() if one and one["leads"]]


def _events_count(plant: Plant, gateway: str) -> int:
    told = plant.asked(gateway, "/health")
    return int(told["events_count"]) if told else 0


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
def test_two_gateways_share_two_edges_and_the_death_of_one_loses_nothing(tmp_path: Path) -> None:
    """A second gateway is there so that nobody waits for the first; it must not cost an event."""
    told = Told()
    with _real_plant(tmp_path) as plant:
        with contextlib.ExitStack() as cameras:
            for camera in plant.cameras.values():
                cameras.enter_context(camera)
            live_again(plant, time.monotonic(), dict.fromkeys(EDGES, 0))
            until(
                lambda: all(_events_count(plant, one) >= SHARE_COUNT for one in plant.gateways),
                "both take a share of the events",
            )
            until(lambda: len(_leaders(plant)) == 1, "one of them leads")
            [leader] = _leaders(plant)
            [other] = set(plant.gateways) - {leader}
            heads = {edge: plant.books.head_seq(edge) for edge in EDGES}
            began_s = time.monotonic()
            plant.kill(leader)
            live_again(plant, began_s, heads, gateways=[other])
            until(lambda: _leaders(plant) == [other], "the other one leads")
            plant.start(leader)
            until(lambda: _events_count(plant, leader) >= SHARE_COUNT, "it takes its share again")
            until(lambda: _leaders(plant) == [other], "the other one leads still")
            plant.silence()
        until(plant.is_drained, "everything is where it belongs")
        plant.end_own()
        compare(plant, told)
    assert told.captured >= 4 * SHARE_COUNT
    assert told.readings > 0


@pytest.mark.broker
@pytest.mark.postgres
def test_a_second_gateway_of_the_same_name_does_not_start(tmp_path: Path) -> None:
    """Edges tell gateways apart by name: two of one name would make them send again and again."""
    try:
        broker, postgres = parts.mosquitto(tmp_path), parts.postgres(tmp_path)
    except parts.NotHere as error:
        missing(str(error))
        raise
    url = f"postgresql+psycopg://entrepot@127.0.0.1:{postgres.port}/postgres"
    with contextlib.ExitStack() as undo:
        for one in (broker, postgres):
            one.start()
            undo.callback(one.end)
            one.until_listening()

        def argv(folder: str) -> list[str]:
            words = ["gateway", "--data", str(tmp_path / folder), "--ledger", LEDGER]
            words += ["--mqtt", f"mqtt://127.0.0.1:{broker.port}", "--database", url]
            return parts.entrepot_argv(*words, "--shared", "--http", str(parts.free_port()))

        first = parts.Part(name="gateway-1", argv=argv("a"), log=tmp_path / "first.log")
        first.start()
        undo.callback(first.end)
        until((tmp_path / "a" / "run" / "gateway.http").exists, "the first one runs")
        second = subprocess.run(
            argv("b"), cwd=parts.ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert second.returncode == 1, second.stderr
        assert "another gateway named gateway-1" in second.stderr
        assert first.is_alive()
