"""The production files hold together, as far as it can be seen without a container engine."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from entrepot.check import check
from firmware_sims.devices import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_sims.field import Field

ROOT = Path(__file__).resolve().parents[2]


def test_the_compose_file_is_valid() -> None:
    """A typo in it would be met on the day of the installation."""
    tool = shutil.which("docker-compose")
    if tool is None:
        pytest.skip("docker-compose is not installed: make services")
    asked = subprocess.run(
        [tool, "-f", str(ROOT / "docker-compose.yml"), "config"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    for service in (
        "mosquitto",
        "influxdb",
        "postgres",
        "gateway",
        "edge-dock-1",
        "hall",
        "grafana",
    ):
        assert f"  {service}:" in asked.stdout


@pytest.mark.parametrize("name", ["demo", "compose"])
def test_the_sites_that_are_shipped_have_no_fault(name: str) -> None:
    """What `entrepot check` says of them is what a user sees first."""
    assert check(ROOT / "config" / "sites" / name) == []


def test_the_edges_of_the_containers_meet_the_devices_that_the_hall_serves() -> None:
    """An address that is off by one reads another dock's scale."""
    folder = ROOT / "config" / "sites" / "compose"
    hall = tomllib.loads((folder / "hall.toml").read_text(encoding="utf-8"))
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    port = hall["tcp_base_port"]
    for number in (1, 2):
        edge = tomllib.loads((folder / f"edge-dock-{number}.toml").read_text(encoding="utf-8"))
        of = {one["id"]: one for one in edge["devices"]}
        scale = "scale-1" if number == 1 else "bridge-2"
        assert [
            of[f"uhf-{number}"]["port"],
            of[scale]["port"],
            edge["buses"][0]["port"],
            f"tcp://{of[f'plc-{number}']['address']}",
        ] == [f"tcp://hall:{one}" for one in range(port, port + 4)]
        port += 4
        name, _, http = hall["addresses"][f"edge-dock-{number}"].partition(":")
        assert f"  {name}:\n" in compose
        assert edge["http"] == f"0.0.0.0:{http}"


def test_the_hall_numbers_its_ports_as_its_settings_say(tmp_path: Path) -> None:
    """The order is part of the settings' meaning: reader, scale, bus, PLC, dock by dock."""
    folder = ROOT / "config" / "sites" / "compose"
    hall = tomllib.loads((folder / "hall.toml").read_text(encoding="utf-8"))
    site = tomllib.loads((folder / "site.toml").read_text(encoding="utf-8"))
    first = free_ports(8)
    hall |= {"tcp_base_port": first, "tcp_host": "127.0.0.1"}

    async def served() -> dict[str, int]:
        devices = build(hall, site, tmp_path, cast("Field", _NoField()), random.Random(1))
        tasks = [asyncio.create_task(one.run()) for one in devices]
        folder = tmp_path / "dev"
        try:
            async with asyncio.timeout(10):
                while not folder.exists() or len(list(folder.iterdir())) < 8:  # noqa: ASYNC110 - files tell no event
                    await asyncio.sleep(0.05)
            return {
                one.name: int(one.read_text(encoding="ascii").rpartition(":")[2]) - first
                for one in folder.iterdir()
            }
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.run(served()) == {
        "dock-1-uhf": 0, "dock-1-scale": 1, "dock-1-bus": 2, "dock-1-plc": 3,
        "dock-2-uhf": 4, "dock-2-bridge": 5, "dock-2-bus": 6, "dock-2-plc": 7,
    }  # fmt: skip


class _NoField:
    """A field in which nothing stands."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        return lambda *_args, **_kwargs: None


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row that nobody listens on."""
    for first in range(27001, 28000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def test_the_image_has_the_driver_of_the_database_that_compose_names() -> None:
    """It was a tool of the tests only: the gateway of the containers could not have started."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert "postgresql+psycopg://" in compose
    pinned = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for package in ("psycopg", "psycopg-binary"):
        assert re.search(rf"^{package}==\S+ \\\n    --hash=sha256:", pinned, re.MULTILINE), package
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert any(one.startswith("psycopg[binary]") for one in project["project"]["dependencies"])


def test_the_dockerfile_copies_every_package() -> None:
    """A package that is left out is found missing only in the container."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for package in ("wire", "runtime", "edge", "gateway", "firmware_sims", "entrepot", "config"):
        assert f"COPY {package} {package}\n" in text


def test_the_dashboard_is_json_and_asks_for_measurements_that_exist() -> None:
    """A renamed measurement would leave an empty panel."""
    path = ROOT / "config" / "grafana" / "dashboards" / "climate.json"
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    queries = [panel["targets"][0]["query"] for panel in dashboard["panels"]]
    assert queries
    assert all('"environment"' in query or '"bus"' in query for query in queries)
