"""Real services for tests: given by the environment, else started here, else skipped with a reason.

In CI a missing service is a failure: a green run must not hide what it did not run.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator  # noqa: TC003 - pytest reads annotations
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.broker import EmbeddedBroker

READY_S_MAX = 40.0
POSTGRES_BIN = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/local/bin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Influx:
    """A real InfluxDB 2."""

    url: str
    token: str
    org: str
    bucket: str


def missing(what: str) -> None:
    """Skip on a desk, fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not here, and CI must not skip it: make services")
    pytest.skip(f"{what} is not installed: make services")


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_listening(port: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until something accepts connections."""
    end_s = time.monotonic() + READY_S_MAX
    while time.monotonic() < end_s and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port} (exit code {child.poll()})")


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process that we started."""
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@pytest.fixture
def embedded_broker_url(tmp_path: Path) -> Iterator[str]:
    """Give the broker that `entrepot up` starts."""
    with EmbeddedBroker(free_port(), tmp_path / "broker") as broker:
        yield broker.url


@pytest.fixture
def mosquitto_url(tmp_path: Path) -> Iterator[str]:
    """Give a real Mosquitto."""
    given = os.environ.get("MQTT_URL")
    if given:
        yield given
        return
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("Mosquitto")
        return
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_inflight_messages 1000\nmax_queued_messages 0\n",
        encoding="ascii",
    )
    child = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        until_listening(port, child)
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        end(child)


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[Influx]:
    """Give a real InfluxDB 2, set up."""
    url, token = os.environ.get("INFLUX_URL"), os.environ.get("INFLUX_TOKEN")
    if url and token:
        yield Influx(url=url, token=token, org="entrepot", bucket="warehouse")
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = cache / "entrepot" / "influxd-2.7.12"
    if not program.exists():
        missing("InfluxDB")
        return
    port = free_port()
    folder = tmp_path / "influx"
    folder.mkdir()
    child = subprocess.Popen(
        [
            str(program),
            "--bolt-path",
            str(folder / "bolt"),
            "--sqlite-path",
            str(folder / "sqlite"),
            "--engine-path",
            str(folder / "engine"),
            "--http-bind-address",
            f"127.0.0.1:{port}",
            "--reporting-disabled",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Influx(
        url=f"http://127.0.0.1:{port}", token="for-tests-only", org="entrepot", bucket="warehouse"
    )
    try:
        until_listening(port, child)
        set_up(found)
        yield found
    finally:
        end(child)


def set_up(influx: Influx) -> None:
    """Make organisation, bucket and token."""
    body = {
        "username": "tester",
        "password": "for-tests-only",
        "org": influx.org,
        "bucket": influx.bucket,
        "token": influx.token,
    }
    request = urllib.request.Request(
        f"{influx.url}/api/v2/setup",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    end_s = time.monotonic() + READY_S_MAX
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.2)


@pytest.fixture
def postgres_url(tmp_path: Path) -> Iterator[str]:
    """Give a real PostgreSQL with an empty database."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    programs = next((one for one in POSTGRES_BIN if (one / "initdb").exists()), None)
    if programs is None:
        missing("PostgreSQL")
        return
    folder, port = tmp_path / "postgres", free_port()
    folder.mkdir()
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
        user = "postgres"
        shutil.chown(folder, user)
        for parent in (tmp_path, *list(tmp_path.parents)[:3]):
            if parent not in {Path("/"), Path("/tmp")}:
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "entrepot", "-A", "trust", "-N"]
    subprocess.run(initdb, user=user, check=True, cwd=folder, capture_output=True)
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    child = subprocess.Popen(
        [str(programs / "postgres"), "-D", str(data), *options],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_listening(port, child)
        yield f"postgresql+psycopg://entrepot@127.0.0.1:{port}/postgres"
    finally:
        end(child)
