"""The supervisor: what dies comes back, what refuses to start is not tried for ever."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from entrepot.logfile import PART_BYTES_MAX, LogFile
from entrepot.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable


def python(code: str) -> list[str]:
    """Return the command line of a small child."""
    return [sys.executable, "-c", code]


async def until(is_so: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for a condition."""
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s
        await asyncio.sleep(0.02)


def test_a_process_that_dies_is_started_again_and_the_status_says_so(tmp_path: Path) -> None:
    """A kill -9 of an edge must cost seconds, not a call to a technician."""

    async def scenario() -> None:
        log = LogFile(tmp_path / "child.log", keep_days=1)
        process = Process("child", python("import time; time.sleep(60)"), log, lambda: None)
        running = asyncio.create_task(process.run())
        await until(lambda: process.status().pid is not None)
        first = process.status().pid
        assert first is not None
        os.kill(first, 9)
        await until(lambda: process.status().pid not in {None, first})
        status = process.status()
        assert status.restarts_count == 1
        assert status.last_exit == "ended by signal SIGKILL"
        await process.stop()
        await running
        assert process.status().state == "stopped"
        log.close()

    asyncio.run(scenario())


def test_a_stop_that_comes_while_the_child_is_being_made_ends_it(tmp_path: Path) -> None:
    """Ctrl-C half a second after the start left a warehouse that nothing but kill -9 could end."""

    async def scenario() -> None:
        log = LogFile(tmp_path / "child.log", keep_days=1)
        process = Process("child", python("import time; time.sleep(60)"), log, lambda: None)
        running = asyncio.create_task(process.run())
        await asyncio.sleep(0)  # It has begun to make the child, and has none yet.
        assert process.status().pid is None
        await process.stop()
        async with asyncio.timeout(20):
            await running
        assert process.status().state == "stopped"
        log.close()

    asyncio.run(scenario())


def test_a_process_that_refuses_to_start_tells_its_last_line(tmp_path: Path) -> None:
    """A broken site file is a sentence for a person, not a restart loop."""

    async def scenario() -> None:
        log = LogFile(tmp_path / "child.log", keep_days=1)
        code = "import sys; print('port 8080 is taken'); sys.exit(2)"
        process = Process("child", python(code), log, lambda: None)
        await process.run()
        assert process.refused is not None
        assert process.refused.sentence == "port 8080 is taken"
        assert process.status().restarts_count == 0
        log.close()

    asyncio.run(scenario())


def test_a_child_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    """An orphan edge would go on speaking for a warehouse that is gone."""
    launcher = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from entrepot.logfile import LogFile\n"
        "from entrepot.processes import Process\n"
        "child = 'import sys; from entrepot.daemons import _end_with_parent; _end_with_parent()'\n"
        "log = LogFile(Path(sys.argv[1]), keep_days=1)\n"
        "process = Process('child', [sys.executable, '-c', child], log, lambda: None)\n"
        "async def main():\n"
        "    task = asyncio.create_task(process.run())\n"
        "    while process.status().pid is None: await asyncio.sleep(0.01)\n"
        "    print(process.status().pid, flush=True)\n"
        "    await task\n"
        "asyncio.run(main())\n"
    )

    async def scenario() -> None:
        parent = await asyncio.create_subprocess_exec(
            *python(launcher), str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        child = int(await parent.stdout.readline())
        parent.kill()
        await parent.wait()
        await until(lambda: not is_running(child))

    asyncio.run(scenario())


def is_running(pid: int) -> bool:
    """Tell whether a pid is alive; a zombie that nobody reaps is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_log_is_bounded(tmp_path: Path) -> None:
    """A chatty process must not fill the disk that custody needs."""
    log = LogFile(tmp_path / "x.log", keep_days=1)
    line = b"x" * 1_000_000 + b"\n"
    for _ in range(9 * PART_BYTES_MAX // len(line)):
        log.write(line)
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 7 * PART_BYTES_MAX
