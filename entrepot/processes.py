"""One supervised child process: started, logged, restarted with back-off, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from entrepot.logfile import LogFile

RESTART_DELAY_S_MIN: Final = 0.5
RESTART_DELAY_S_MAX: Final = 10.0
STEADY_S: Final = 30.0
"""A process that ran so long starts again with the shortest delay."""
REFUSED_EXIT: Final = 2
"""Exit code of a process whose settings or ports can't be used: restarting would not help."""
STOP_S_MAX: Final = 8.0


class ProcessState(StrEnum):
    """What the page shows of a process."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class StartRefused(Exception):
    """A process can't start, and its last line says why."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """One row of DATA/run/processes.json."""

    pid: int | None
    state: str
    restarts_count: int
    since: str
    last_exit: str

    def as_json(self) -> dict[str, object]:
        """Return the row as plain values."""
        return {
            "pid": self.pid,
            "state": self.state,
            "restarts_count": self.restarts_count,
            "since": self.since,
            "last_exit": self.last_exit,
        }


class Process:
    """A child in a session of its own; it ends when its standard input closes: no orphans."""

    def __init__(
        self, name: str, argv: Sequence[str], log: LogFile, changed: Callable[[], None]
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        self._log = log
        self._changed = changed
        self._child: asyncio.subprocess.Process | None = None
        self._state = ProcessState.STARTING
        self._restarts_count = 0
        self._since = _now()
        self._last_exit = ""
        self._tail: deque[str] = deque(maxlen=5)
        self._is_stopping = False
        self.refused: StartRefused | None = None

    def status(self) -> ProcessStatus:
        """Return what the page shows."""
        return ProcessStatus(
            pid=self._child.pid if self._child is not None else None,
            state=self._state.value,
            restarts_count=self._restarts_count,
            since=self._since,
            last_exit=self._last_exit,
        )

    async def run(self) -> None:
        """Keep the child alive until `stop`, or until it refuses to start."""
        delay_s = RESTART_DELAY_S_MIN
        while not self._stops():
            started_s = time.monotonic()
            code = await self._run_once()
            if self._stops():
                break
            self._last_exit = _exit_words(code)
            if code == REFUSED_EXIT:
                sentence = self._tail[-1] if self._tail else self._last_exit
                self.refused = StartRefused(self.name, sentence.removeprefix("entrepot: "))
                break
            if time.monotonic() - started_s > STEADY_S:
                delay_s = RESTART_DELAY_S_MIN
            self._restarts_count += 1
            self._set(ProcessState.RESTARTING)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, RESTART_DELAY_S_MAX)
        self._set(ProcessState.STOPPED)

    async def _run_once(self) -> int:
        child = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 20,
        )
        self._child = child
        self._set(ProcessState.RUNNING)
        assert child.stdout is not None
        try:
            while True:
                try:
                    line = await child.stdout.readline()
                except ValueError:  # Longer than the limit: the stream has dropped it.
                    continue
                if not line:
                    break
                self._log.write(line)
                self._tail.append(line.decode(errors="replace").strip())
            return await child.wait()
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
            self._child = None

    def _stops(self) -> bool:
        """Tell whether `stop` was called, maybe while the child ran."""
        return self._is_stopping

    def kill(self) -> None:
        """End a child that no longer answers; `run` starts it again."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()

    async def stop(self) -> None:
        """Ask the child to end, wait, then insist."""
        self._is_stopping = True
        child = self._child
        if child is None or child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    def _set(self, state: ProcessState) -> None:
        self._state = state
        self._since = _now()
        self._changed()


def _exit_words(code: int) -> str:
    if code < 0:
        return f"ended by signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
