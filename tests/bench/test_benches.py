"""The benches run, and their last line is the JSON that a machine may read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.custody.through import measure_through
from bench.services import cache_folder
from tests.services.fixtures import missing

ROOT = Path(__file__).resolve().parents[2]


def run(name: str, *options: str) -> dict[str, Any]:
    """Run a bench small and return its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--rounds", "1", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr or done.stdout
    document = json.loads(done.stdout.splitlines()[-1])
    assert document["bench"] == name
    assert isinstance(document, dict)
    return document


def test_the_epc_bench_tells_each_scheme_beside_an_independent_library() -> None:
    """A decoder that became slow would cost the edge its core at 2,000 reads a second."""
    schemes = {one["scheme"]: one for one in run("epc", "--count", "20")["schemes"]}
    assert {"sgtin-96", "sgtin-198", "sscc-96", "sgtin+", "giai+"} <= set(schemes)
    assert all(one["uri_us"] > 0 and one["forms_us"] > 0 for one in schemes.values())
    assert schemes["sgtin-96"]["epcpy_us"] > 0


def test_the_outbox_bench_gives_a_rate_for_each_way_in_and_out() -> None:
    """A figure that nobody can repeat is a hope."""
    rates = run("outbox", "--rows", "200")["rates"]
    assert len({row["what"] for row in rates}) == 10
    assert all(row["per_s"] > 0 for row in rates)


def test_the_custody_bench_takes_every_event_of_one_edge_and_of_four() -> None:
    """The bench asserts the heads itself; this asserts that it measured them all."""
    rates = run("custody", "--count", "400", "--through", "ledger")["rates"]
    assert {row["edges"] for row in rates} == {1, 4}
    assert all(row["events"] == 400 for row in rates)


def test_the_bus_bench_counts_silences_and_rounds() -> None:
    """Its slave must see every frame, else no violation could be seen."""
    alive, dead = run(
        "bus", "--only", "ours", "--seconds", "1.5", "--units", "3", "--registers", "2", "--quick"
    )["runs"]
    assert alive["rounds"] > 2
    assert alive["silences"] >= 3 * alive["rounds"] - 3
    assert dead["is_one_dead"]


@pytest.mark.broker
def test_the_backlog_bench_drains_beside_live_readings() -> None:
    """Nothing of the backlog is left, and live readings were acknowledged meanwhile."""
    if shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        missing("Mosquitto")
    (drain,) = run("backlog", "--count", "2000")["drains"]
    assert drain["left"] == 0
    assert drain["idle_p50_ms"] > 0


@pytest.mark.broker
@pytest.mark.influx
def test_the_ingest_bench_drains_a_backlog_into_influxdb() -> None:
    """Every message that was queued while the gateway was away is in the store at the end."""
    if not (cache_folder() / "influxd-2.7.12").exists():
        missing("InfluxDB")
    if shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        missing("Mosquitto")
    has_peer = (cache_folder() / "telegraf-1.37.2-modbus").exists()
    drains = run("ingest", "--count", "3000", *([] if has_peer else ["--only", "gateway"]))[
        "drains"
    ]
    assert [one["consumer"] for one in drains] == ["gateway", "telegraf"][: 1 + has_peer]
    for one in drains:
        assert one["messages"] == 3000
        assert one["per_s"] > 0


def need_mosquitto() -> None:
    """Skip, or fail in CI, where there is no Mosquitto."""
    if shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        missing("Mosquitto")


@pytest.mark.broker
def test_the_custody_bench_moves_heads_to_their_tips_through_mosquitto() -> None:
    """The bench asserts that the ledger has each row once; this, that heads were heard."""
    need_mosquitto()
    row = measure_through(edges_count=2, what="departed", count=400)
    assert row["events"] == row["to_head"]["count"] == 400


@pytest.mark.broker
def test_the_latency_bench_sees_readings_acknowledged_and_shown() -> None:
    """Every reading is acknowledged at the end, and tabs saw some of them."""
    need_mosquitto()
    options = ("--rates", "200", "--tabs", "2", "--devices", "20", "--seconds", "3")
    (seen,) = run("latency", *options, "--store", "embedded")["seen"]
    assert (seen["edges"]["sent"], seen["edges"]["left"]) == (600, 0)
    assert seen["to_page"]["count"] > 0


@pytest.mark.broker
def test_the_devices_bench_knows_every_device() -> None:
    """Births are known and readings acknowledged; pictures have their size."""
    need_mosquitto()
    options = ("--devices", "150", "--rates", "each", "--seconds", "2", "--store", "embedded")
    (seen,) = run("devices", *options)["seen"]
    assert (seen["edges"], seen["left"]) == (2, 0)
    assert seen["picture_bytes"] > 10_000


@pytest.mark.broker
def test_edges_that_come_back_at_once_leave_no_backlog() -> None:
    """Twelve edges, each with a backlog, while live readings go on."""
    need_mosquitto()
    options = ("--edges", "12", "--devices", "24", "--backlog", "1200", "--seconds", "3")
    (seen,) = run("comeback", *options, "--store", "embedded")["seen"]
    assert (seen["left"], seen["live_left"]) == (0, 0)
    assert seen["drained_s"] > 0


@pytest.mark.broker
@pytest.mark.influx
def test_poison_of_every_kind_becomes_a_dead_letter_with_its_reason() -> None:
    """The bench itself asserts the reasons, and that every sound message is in the store."""
    if not (cache_folder() / "influxd-2.7.12").exists():
        missing("InfluxDB")
    need_mosquitto()
    drains = run("poison", "--count", "4000", "--poison", "32")["drains"]
    poisoned = next(one for one in drains if one["consumer"] == "poisoned")
    assert sum(poisoned["letters"].values()) == 32
    assert len(poisoned["letters"]) == 6
