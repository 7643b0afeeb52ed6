"""One supervised child process: started, logged, restarted with back-off, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
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
TELL_S: Final = 60.0
"""So often at most is told that one process fails again and again."""
EARLY_DEATHS_MIN: Final = 2
"""One death alone is a plug that was pulled."""
_MARK: Final = "entrepot: "
"""What a sentence for a person begins with."""


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


class StartFailed(Exception):
    """A part can't start now; a later start may succeed, so the exit code is 1."""


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
        self,
        name: str,
        argv: Sequence[str],
        log: LogFile,
        changed: Callable[[], None],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        self._log = log
        self._changed = changed
        self._tell = tell
        self._told_s = -TELL_S
        self._early_deaths_count = 0
        self._was_steady = False
        self._child: asyncio.subprocess.Process | None = None
        self._state = ProcessState.STARTING
        self._restarts_count = 0
        self._since = _now()
        self._last_exit = ""
        self._tail: deque[str] = deque(maxlen=40)
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
            if time.monotonic() - started_s > STEADY_S:
                delay_s = RESTART_DELAY_S_MIN
                self._early_deaths_count, self._was_steady = 0, True
            # Once it has run, a refusal is an accident of others: the rest must not end for it.
            if code == REFUSED_EXIT and not self._was_steady:
                self.refused = StartRefused(self.name, last_words(self._tail) or self._last_exit)
                break
            self._note_death()
            self._restarts_count += 1
            self._set(ProcessState.RESTARTING)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, RESTART_DELAY_S_MAX)
        self._set(ProcessState.STOPPED)

    def _note_death(self) -> None:
        """Tell the person when it fails again and again, not each time."""
        self._early_deaths_count += 1
        now_s = time.monotonic()
        if self._early_deaths_count < EARLY_DEATHS_MIN or now_s - self._told_s < TELL_S:
            return
        self._told_s = now_s
        why = last_words(self._tail).splitlines() or [self._last_exit]
        self._tell(f"{self.name} failed: {why[-1]}, see {self._log.path}")

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
        if self._stops():  # `stop` came while there was no child yet to be told.
            child.kill()
        self._tail.clear()
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


def last_words(lines: Sequence[str]) -> str:
    """Return what a process said last: its sentences for a person, else why its last line came."""
    told = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    if told:
        return "\n".join(told)
    if not lines:
        return ""
    try:
        record = json.loads(lines[-1])
        why = record.get("reason") or str(record.get("trace", "")).strip().rpartition("\n")[2]
        return f"{record['event']}: {why}" if why else str(record["event"])
    except (ValueError, AttributeError, KeyError):
        return lines[-1]


def _exit_words(code: int) -> str:
    if code < 0:
        return f"ended by signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
