"""Runs a whole warehouse as a person would: `entrepot up` in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from entrepot.http import NoAnswer, call_now

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Warehouse:
    """One `entrepot up`; leaving the block ends it and everything it started."""

    def __init__(
        self, data_dir: Path, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        self.summary_file = data_dir.with_name(data_dir.name + "-summary.json")
        argv = [sys.executable, "-m", "entrepot", "up", "--data", str(data_dir)]
        argv += ["--http", str(free_port()), "--summary", str(self.summary_file), *arguments]
        data_dir.mkdir(parents=True, exist_ok=True)
        self._output = (data_dir.with_name(data_dir.name + "-up.log")).open("ab")
        self.process = subprocess.Popen(
            argv,
            cwd=ROOT,
            stdout=self._output,
            stderr=self._output,
            env=os.environ | (environment or {}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()

    def said(self) -> str:
        """Return what the launcher printed so far."""
        return self.data_dir.with_name(self.data_dir.name + "-up.log").read_text(errors="replace")

    def wait_exit(self, limit_s: float) -> int:
        """Return the exit code."""
        return self.process.wait(limit_s)

    def summary(self) -> dict[str, Any]:
        """Return the summary of a timed run."""
        return dict(json.loads(self.summary_file.read_text(encoding="utf-8")))

    def call(self, process: str, path: str, *, method: str = "GET") -> Any:  # noqa: ANN401 - JSON
        """Ask one of the processes."""
        return call_now(self.data_dir, process, path, method=method)

    def until(self, is_so: Callable[[], bool], *, limit_s: float, what: str) -> None:
        """Wait until a condition holds."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            with contextlib.suppress(NoAnswer, FileNotFoundError, KeyError, ValueError):
                if is_so():
                    return
            assert self.process.poll() is None, f"entrepot up ended: {self.said()[-2000:]}"
            time.sleep(0.1)
        raise AssertionError(f"not within {limit_s} s: {what}\n{self.said()[-2000:]}")

    def until_live(self) -> None:
        """Wait for the page."""
        self.until(lambda: bool(self.call("gateway", "/health")), limit_s=60, what="the page")

    def pids(self) -> dict[str, int]:
        """Return the pid of each running part."""
        rows = json.loads((self.data_dir / "run" / "processes.json").read_text(encoding="utf-8"))
        return {name: row["pid"] for name, row in rows.items() if row["pid"] is not None}

    def kill(self, name: str) -> None:
        """Pull the plug of one part."""
        os.kill(self.pids()[name], signal.SIGKILL)

    def kill_everything(self) -> None:
        """Pull the plug of the whole machine: the launcher first, so that it restarts nobody."""
        pids = list(self.pids().values())
        self.process.kill()
        self.process.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end_s = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end_s:
            time.sleep(0.05)


def assert_sound(summary: dict[str, Any]) -> None:
    """Check what every run promises, whatever happened in it."""
    assert summary["drained"], summary
    assert summary["lost"] == 0, summary
    assert summary["applied_twice"] == 0, summary
    assert summary["invariants"] == "ok", summary
    assert summary["events_captured"] == summary["events_applied"], summary
