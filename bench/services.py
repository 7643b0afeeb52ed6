"""Mosquitto, InfluxDB 2 and Telegraf on free loopback ports, each in a temporary folder of its own.

A program that is not here raises NotHere with the sentence that says how to get it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parents[1]
READY_S_MAX: Final = 40.0
QUERY_S_MAX: Final = 60.0
TOKEN: Final = "for-benches-only"  # noqa: S105 - of a store that lives for one run
ORG: Final = "entrepot"


class NotHere(Exception):
    """A program that a bench needs is not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A Mosquitto that keeps everything for a session that is away."""

    url: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Influx:
    """A real InfluxDB 2, set up."""

    url: str
    pid: int

    def make_bucket(self, name: str) -> None:
        """Make a bucket that keeps its points for ever."""
        found = json.loads(self._ask("GET", f"/api/v2/orgs?org={ORG}"))
        body = {"orgID": found["orgs"][0]["id"], "name": name, "retentionRules": []}
        self._ask("POST", "/api/v2/buckets", json.dumps(body).encode())

    def write(self, bucket: str, lines: str) -> None:
        """Write lines of line protocol."""
        self._ask("POST", f"/api/v2/write?org={ORG}&bucket={bucket}", lines.encode(), "text/plain")

    def count(self, bucket: str, field: str) -> int:
        """Return how many points of the bucket bear a field, by a Flux count."""
        flux = (
            f'from(bucket: "{bucket}") |> range(start: 0)'
            f' |> filter(fn: (r) => r._field == "{field}") |> count() |> group() |> sum()'
        )
        text = self._ask("POST", f"/api/v2/query?org={ORG}", flux.encode(), "application/vnd.flux")
        rows = csv.DictReader(io.StringIO(text.replace("\r\n", "\n").strip()))
        return sum(int(row["_value"]) for row in rows)

    def newest(self, bucket: str, field: str, *, edge: str, device: str) -> float | None:
        """Return a device's newest value of the last minute, by a Flux query."""
        flux = (
            f'from(bucket: "{bucket}") |> range(start: -1m) |> filter(fn: (r) => r._field =='
            f' "{field}" and r.edge == "{edge}" and r.device == "{device}") |> last()'
        )
        text = self._ask("POST", f"/api/v2/query?org={ORG}", flux.encode(), "application/vnd.flux")
        rows = list(csv.DictReader(io.StringIO(text.replace("\r\n", "\n").strip())))
        return float(rows[0]["_value"]) if rows else None

    def _ask(
        self, method: str, path: str, body: bytes | None = None, form: str = "application/json"
    ) -> str:
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": form}
        request = urllib.request.Request(
            f"{self.url}{path}", data=body, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=QUERY_S_MAX) as answer:
            return str(answer.read().decode())


@contextlib.contextmanager
def mosquitto() -> Iterator[Broker]:
    """Run a Mosquitto. Raises NotHere."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NotHere("Mosquitto is not installed: make services")
    port = free_port()
    with temporary_folder("mosquitto") as folder:
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_queued_messages 0\nmax_inflight_messages 5000\n",
            encoding="ascii",
        )
        with running([program, "-c", str(config)]) as child:
            _until_listening(port, child)
            yield Broker(url=f"mqtt://127.0.0.1:{port}", port=port, pid=child.pid)


@contextlib.contextmanager
def influxd() -> Iterator[Influx]:
    """Run an InfluxDB 2 and set it up. Raises NotHere."""
    program = cache_folder() / "influxd-2.7.12"
    if not program.exists():
        raise NotHere("InfluxDB is not built: make services (it needs Go 1.26 and Rust)")
    port = free_port()
    with temporary_folder("influx") as folder:
        argv = [str(program), "--http-bind-address", f"127.0.0.1:{port}", "--reporting-disabled"]
        for name in ("bolt", "sqlite", "engine"):
            argv += [f"--{name}-path", str(folder / name)]
        with running(argv) as child:
            _until_listening(port, child)
            found = Influx(url=f"http://127.0.0.1:{port}", pid=child.pid)
            _set_up(found.url)
            yield found


@contextlib.contextmanager
def telegraf(program: Path, config: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Telegraf with the text of its configuration."""
    with temporary_folder("telegraf") as folder:
        path = folder / "telegraf.conf"
        path.write_text(config, encoding="utf-8")
        with running([str(program), "--config", str(path)]) as child:
            yield child


def telegraf_program() -> Path:
    """Return the Telegraf in the user's cache, built when it is not there. Raises NotHere."""
    script = ROOT / "bench" / "telegraf" / "build.sh"
    built = subprocess.run([str(script)], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        raise NotHere(
            "Telegraf is not here and could not be built: bench/telegraf/build.sh needs Go 1.26"
        )
    return Path(built.stdout.strip())


@contextlib.contextmanager
def running(argv: Sequence[str], *, is_quiet: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child and end it on the way out; a quiet one's standard error is thrown away."""
    errors = subprocess.DEVNULL if is_quiet else None
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def temporary_folder(name: str, *, within: Path | None = None) -> Iterator[Path]:
    """Give a folder that goes with everything in it."""
    with tempfile.TemporaryDirectory(prefix=f"entrepot-bench-{name}-", dir=within) as folder:
        yield Path(folder)


def cache_folder() -> Path:
    """Return where programs are kept that were built from source."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "entrepot"


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_listening(port: int, child: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + READY_S_MAX
    while time.monotonic() < end_s and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port} (exit code {child.poll()})")


def _set_up(url: str) -> None:
    body = {"username": "bench", "password": TOKEN, "org": ORG, "bucket": "first", "token": TOKEN}
    request = urllib.request.Request(
        f"{url}/api/v2/setup",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    end_s = time.monotonic() + READY_S_MAX
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.2)
        else:
            return
