"""The production files hold together, as far as it can be seen without a container engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from entrepot.check import check

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
