"""A part of a house as a process that a rig kills and starts again: real services too.

A service that was killed starts again on its own data, as systemd would start it. Each part has a
session of its own and dies whole: PostgreSQL's backends go with their postmaster.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.broker import argv_for_broker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parents[3]
READY_S_MAX: Final = 40.0
END_S_MAX: Final = 15.0
POSTGRES_BIN: Final = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/local/bin"))
INFLUXD: Final = "influxd-2.7.12"


class NotHere(Exception):
    """A program that a part needs is not on this machine: make services."""


@dataclass(kw_only=True)
class Part:
    """A process that can be killed and started again."""

    name: str
    argv: Sequence[str]
    log: Path
    port: int = 0
    """Where it listens; 0 when nobody has to wait for that."""
    user: str | None = None
    cwd: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    starts_count: int = 0
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and do not wait."""
        self.starts_count += 1
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.argv,
                cwd=self.cwd,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(self.environment),
            )

    def until_listening(self) -> None:
        """Wait until it accepts connections."""
        end_s = time.monotonic() + READY_S_MAX
        while time.monotonic() < end_s:
            assert self.is_alive(), f"{self.name} ended by itself: {self.last_words()}"
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 0.2),
            ):
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.name} does not listen on {self.port}")

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._child is not None and self._child.poll() is None

    def pid(self) -> int:
        """Return the pid of the process that runs."""
        assert self._child is not None
        return self._child.pid

    def kill(self) -> None:
        """Pull its plug, and wait until the system has taken it away."""
        child = self._child
        assert child is not None
        assert child.poll() is None, f"{self.name} ended by itself: {self.last_words()}"
        self._signal(signal.SIGKILL)
        child.wait()
        self._let_go(child)

    def end(self) -> None:
        """Ask it to end, then insist; safe when it does not run."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_S_MAX)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self._let_go(child)

    def last_words(self) -> str:
        """Return the end of its log."""
        with contextlib.suppress(OSError):
            return self.log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        return ""

    def _signal(self, number: int) -> None:
        assert self._child is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def _let_go(self, child: subprocess.Popen[bytes]) -> None:
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mosquitto_program() -> str | None:
    """Return the program of the broker of production, where it is installed."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def embedded_broker(folder: Path) -> Part:
    """Return the broker that `entrepot up` starts."""
    port = free_port()
    argv = argv_for_broker(port, folder / "broker")
    return Part(name="broker", argv=argv, log=folder / "broker.log", port=port)


def mosquitto(folder: Path) -> Part:
    """Return a Mosquitto that keeps nothing. Raises NotHere."""
    program = mosquitto_program()
    if program is None:
        raise NotHere("Mosquitto")
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_inflight_messages 1000\nmax_queued_messages 0\n",
        encoding="ascii",
    )
    argv = [program, "-c", str(config)]
    return Part(name="broker", argv=argv, log=folder / "broker.log", port=port)


def influxd(folder: Path) -> Part:
    """Return an InfluxDB 2 on a folder of its own. Raises NotHere."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = cache / "entrepot" / INFLUXD
    if not program.exists():
        raise NotHere("InfluxDB 2")
    port = free_port()
    argv = [str(program), "--http-bind-address", f"127.0.0.1:{port}", "--reporting-disabled"]
    for name in ("bolt", "sqlite", "engine"):
        argv += [f"--{name}-path", str(folder / "influx" / name)]
    (folder / "influx").mkdir()
    return Part(name="influxdb", argv=argv, log=folder / "influxdb.log", port=port)


def postgres(folder: Path) -> Part:
    """Return a PostgreSQL with an empty database `postgres` of user `entrepot`. Raises NotHere."""
    programs = next((one for one in POSTGRES_BIN if (one / "initdb").exists()), None)
    if programs is None:
        raise NotHere("PostgreSQL")
    home, port = folder / "postgres", free_port()
    home.mkdir()
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
        user = "postgres"
        shutil.chown(home, user)
        for parent in (folder, *folder.parents):
            if parent not in {Path("/"), Path("/tmp")}:
                parent.chmod(parent.stat().st_mode | 0o011)
    data = home / "data"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "entrepot", "-A", "trust", "-N"]
    subprocess.run(initdb, user=user, check=True, cwd=home, capture_output=True)
    argv = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(home)]
    argv += ["-c", "listen_addresses=127.0.0.1"]
    return Part(
        name="postgresql",
        argv=argv,
        log=folder / "postgresql.log",
        port=port,
        user=user,
        cwd=home,
    )


def entrepot_argv(*words: str) -> list[str]:
    """Return the command line of one of our own parts."""
    return [sys.executable, "-m", "entrepot", *words]
