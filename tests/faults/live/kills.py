"""kill -9 of one real process after the other: broker, gateway, edge; a camera posts all the time.

Each round one of them dies at a random moment and is started again at once; the round ends when a
plate that was posted after the start is in the ledger.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from entrepot.http import NoAnswer, call_now
from runtime.broker import argv_for_broker
from tests.faults.live.house import LEDGER, ROOT, Verdict, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EDGE: Final = "dock-2"
CAMERA: Final = "cam-2"
POST_PAUSE_S: Final = 0.05
LIVE_S_MAX: Final = 60.0
HOLD_S: Final = (0.1, 1.0)
VICTIMS: Final = ("broker", "gateway", f"edge-{EDGE}")
_EDGE_TOML: Final = """\
edge = "dock-2"
http = "127.0.0.1:0"
[[devices]]
id = "cam-2"
family = "plate_camera"
read_point = "dock-2"
"""


@dataclass(slots=True)
class Told:
    """What the rounds measured."""

    rounds: int = 0
    captured: int = 0
    posted: int = 0
    """Plates whose post was answered: they are on disk."""
    lost: int = 0
    twice: int = 0
    live_again_s: list[tuple[str, float]] = field(default_factory=list)
    """(victim, seconds from its kill to live again)."""

    def quantile_s(self, ratio: float) -> float:
        """Return a quantile of the seconds to live again."""
        ordered = sorted(took_s for _, took_s in self.live_again_s)
        return round(ordered[min(len(ordered) - 1, int(ratio * len(ordered)))], 2)


class Processes:
    """The three processes on one data folder: `with Processes(folder)`."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        site_dir = folder / "site"
        shutil.copytree(ROOT / "config" / "sites" / "demo", site_dir)
        (site_dir / f"edge-{EDGE}.toml").write_text(_EDGE_TOML, encoding="utf-8")
        self.data_dir.mkdir()
        self._log = (folder / "processes.log").open("ab")
        port = free_port()
        part = [
            "--site", str(site_dir), "--data", str(self.data_dir),
            "--mqtt", f"mqtt://127.0.0.1:{port}", "--ledger", LEDGER,
        ]  # fmt: skip
        entrepot = [sys.executable, "-m", "entrepot"]
        self._argv = {
            "broker": argv_for_broker(port, folder / "broker"),
            "gateway": [*entrepot, "gateway", *part, "--http", str(free_port())],
            f"edge-{EDGE}": [*entrepot, "edge", EDGE, *part],
        }
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for name in VICTIMS:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(VICTIMS):
            child = self._children[name]
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15)
            child.kill()
            child.wait()
            if child.stdin is not None:
                child.stdin.close()
        self._log.close()

    def start(self, name: str) -> None:
        """Start one of them."""
        self._children[name] = subprocess.Popen(
            self._argv[name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def kill(self, name: str) -> None:
        """Pull its plug, and wait until the system has taken it away."""
        child = self._children[name]
        assert child.poll() is None, f"{name} ended by itself: {child.returncode}"
        child.send_signal(signal.SIGKILL)
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
        # Where a process listened is no news of the next one's life.
        (self.data_dir / "run" / f"{name}.http").unlink(missing_ok=True)

    def post(self, plate: str) -> bool:
        """Let the camera see a plate; tell whether the edge says that it is on disk."""
        body: dict[str, object] = {"plate": plate, "confidence_ratio": 0.9}
        try:
            call_now(self.data_dir, f"edge-{EDGE}", f"/camera/{CAMERA}", method="POST", body=body)
        except (NoAnswer, OSError):
            return False
        return True

    def asked(self, process: str, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return an answer, or an empty document."""
        try:
            return call_now(self.data_dir, process, path)
        except (NoAnswer, OSError):
            return {}

    def captured_count(self) -> int:
        """Return how many events the edge has, 0 when it does not say."""
        return int(self.asked(f"edge-{EDGE}", "/health").get("captured_count", 0))

    def head_seq(self) -> int:
        """Return how far the ledger is, 0 when the gateway does not say."""
        return int(self.asked("gateway", "/api/summary").get("heads", {}).get(EDGE, 0))


class Camera:
    """Posts plates from a thread of its own until the block is left; each plate once."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera")
        self._lock = threading.Lock()
        self._count = 0
        self.kept: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def post(self) -> bool:
        """Post the next plate; tell whether it is on disk."""
        with self._lock:
            self._count += 1
            plate = f"P{self._count:07d}"
        is_kept = self._processes.post(plate)
        if is_kept:
            self.kept.add(plate)
        return is_kept

    def _run(self) -> None:
        while not self._stop.wait(POST_PAUSE_S):
            self.post()


def kill_rounds(folder: Path, seed: int, *, rounds_count: int) -> Told:
    """Kill, start, wait until live; then compare both ends. Raises AssertionError."""
    rng = random.Random(seed)
    told = Told()
    with Processes(folder) as processes:
        with Camera(processes) as camera:
            _until_live(processes, camera)
            for _ in range(rounds_count):
                time.sleep(rng.uniform(*HOLD_S))
                victim = rng.choice(VICTIMS)
                began_s = time.monotonic()
                processes.kill(victim)
                processes.start(victim)
                _until_live(processes, camera)
                told.live_again_s.append((victim, round(time.monotonic() - began_s, 2)))
                told.rounds += 1
        _until(
            lambda: 0 < processes.captured_count() == processes.head_seq(), "the head is the tip"
        )
    found = Verdict(
        processes.data_dir / "edge" / EDGE / "custody.db",
        processes.data_dir / "gateway" / "ledger.db",
        EDGE,
    )
    missing = camera.kept - found.plates
    told.captured, told.posted = found.captured_count, len(camera.kept)
    told.lost, told.twice = found.lost_count + len(missing), found.twice_count
    assert not missing, f"answered and not in the ledger: {sorted(missing)[:5]}"
    found.check()
    return told


def _until_live(processes: Processes, camera: Camera) -> None:
    """Wait until an event that is captured from now on is in the ledger."""
    _until(camera.post, "the edge takes events")
    seq = 0

    def has_captured() -> bool:
        nonlocal seq
        seq = processes.captured_count()
        return seq > 0

    _until(has_captured, "the edge tells what it has")
    _until(lambda: processes.head_seq() >= seq, f"event {seq} is in the ledger")


def _until(holds: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + LIVE_S_MAX
    while not holds():
        assert time.monotonic() < end_s, f"not within {LIVE_S_MAX} s: {what}"
        time.sleep(0.05)
