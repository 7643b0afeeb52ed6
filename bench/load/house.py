"""The real gateway as a process, on a site with as many edges as a bench asks for."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.services import ORG, ROOT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.services import Broker, Influx

DEMO: Final = ROOT / "config" / "sites" / "demo"
LEDGER: Final = "bench-ledger"
READY_S_MAX: Final = 60.0
ASK_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway that runs."""

    pid: int
    http: str
    """HOST:PORT of its page."""

    def ask(self, path: str) -> tuple[Any, int, float]:
        """Return (document, bytes, seconds) of a GET."""
        began_s = time.perf_counter()
        with urllib.request.urlopen(f"http://{self.http}{path}", timeout=ASK_S_MAX) as answer:
            body = answer.read()
        return json.loads(body), len(body), time.perf_counter() - began_s


def make_site(folder: Path, *, edges_count: int) -> Path:
    """Write the demo site with docks for edges dock-1 to dock-N; return its folder."""
    text = (DEMO / "site.toml").read_text(encoding="utf-8")
    for number in range(3, edges_count + 1):
        text += (
            f'\n[[docks]]\nid = "dock-{number}"\npurpose = "inbound"\nedge = "dock-{number}"\n'
            f"at = {{ x_m = 2.0, y_m = {12.0 + number} }}\n"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


@contextlib.contextmanager
def gateway(  # noqa: PLR0913 - what a gateway may be given
    broker: Broker,
    folder: Path,
    *,
    edges_count: int,
    influx: Influx | None = None,
    bucket: str = "",
    database_url: str | None = None,
    name: str | None = None,
) -> Iterator[Gateway]:
    """Run a whole gateway with its page; what it logs lies in the folder.

    With a name of its own it is one of several: each takes its share.
    """
    data = folder / "data"
    argv = [
        sys.executable, "-m", "entrepot", "gateway", "--mqtt", broker.url, "--http", "0",
        "--data", str(data), "--ledger", LEDGER,
        "--site", str(make_site(folder / "site", edges_count=edges_count)),
    ]  # fmt: skip
    if influx is not None:
        argv += ["--influx", f"{influx.url}/?org={ORG}&bucket={bucket}"]
    if database_url is not None:
        argv += ["--database", database_url]
    if name is not None:
        argv += ["--name", name, "--shared"]
    with (folder / "gateway.log").open("wb") as log:
        environment = {**os.environ, "INFLUX_TOKEN": TOKEN}
        child = subprocess.Popen(argv, stdout=log, stderr=log, env=environment)
        try:
            yield Gateway(pid=child.pid, http=_until_told(data, child))
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _until_told(data: Path, child: subprocess.Popen[bytes]) -> str:
    """Return the page's address once its sessions are open."""
    end_s = time.monotonic() + READY_S_MAX
    file = data / "run" / "gateway.http"
    while time.monotonic() < end_s and child.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            http = file.read_text(encoding="ascii").strip()
            with urllib.request.urlopen(f"http://{http}/health", timeout=5) as answer:
                told = json.load(answer)
            if not any("session" in one or "not open" in one for one in told["reasons"]):
                return http
        time.sleep(0.05)
    raise AssertionError(f"the gateway is not ready (exit code {child.poll()})")


@contextlib.contextmanager
def part(module: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run a part of the load as a process of its own; its standard streams are ours."""
    argv = [sys.executable, "-m", module]
    for name, value in options.items():
        argv += [f"--{name.replace('_', '-')}", str(value)]
    child = subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def result_of(child: subprocess.Popen[str], *, wait_s_max: float) -> dict[str, Any]:
    """Return a part's last line, once it has ended."""
    out, _ = child.communicate(timeout=wait_s_max)
    assert child.returncode == 0, f"a part of the load ended with exit code {child.returncode}"
    document = json.loads(out.splitlines()[-1])
    assert isinstance(document, dict)
    return document


def say(child: subprocess.Popen[str], *, wait_for: str | None = None) -> None:
    """Wait for a word of a part, or give it the word to begin."""
    if wait_for is not None:
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        assert line == wait_for, f"a part of the load says {line!r}"
        return
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()
