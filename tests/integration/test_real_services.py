"""The same edge and gateway against Mosquitto, InfluxDB 2 and PostgreSQL, by settings alone."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.integration.warehouse import Warehouse, assert_sound

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.fixtures import Influx

FLUX = """from(bucket: "{bucket}") |> range(start: -1h)
  |> filter(fn: (r) => r._measurement == "environment" and r._field == "temperature_c")
  |> group() |> count()"""


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.influx
@pytest.mark.postgres
def test_the_warehouse_runs_on_mosquitto_influxdb_and_postgresql(
    tmp_path: Path, mosquitto_url: str, influx: Influx, postgres_url: str
) -> None:
    """Production is the embedded line with other addresses; a Flux query finds its points."""
    arguments = (
        "--for",
        "40",
        "--speed",
        "20",
        "--mqtt",
        mosquitto_url,
        "--influx",
        influx_url(influx),
    )
    with Warehouse(
        tmp_path / "data",
        *arguments,
        "--database",
        postgres_url,
        environment={"INFLUX_TOKEN": influx.token},
    ) as house:
        assert house.wait_exit(300) == 0, house.said()[-3000:]
        told = house.summary()
    assert_sound(told)
    assert told["received"] > 0
    found = flux_count(influx)
    assert found >= 100
    assert told["telemetry_points"] >= found


def influx_url(influx: Influx) -> str:
    """Return the URL as the command line takes it."""
    return f"{influx.url}/?org={quote(influx.org)}&bucket={quote(influx.bucket)}"


def flux_count(influx: Influx) -> int:
    """Ask InfluxDB itself how many temperature points there are."""
    request = urllib.request.Request(
        f"{influx.url}/api/v2/query?org={quote(influx.org)}",
        data=FLUX.format(bucket=influx.bucket).encode(),
        headers={
            "Authorization": f"Token {influx.token}",
            "Content-Type": "application/vnd.flux",
            "Accept": "application/csv",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        rows = [line.split(",") for line in answer.read().decode().splitlines() if line.strip()]
    column = rows[0].index("_value")
    return sum(int(row[column]) for row in rows[1:])
