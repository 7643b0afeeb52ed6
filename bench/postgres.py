"""A PostgreSQL on a free loopback port, in a temporary folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.services import NotHere, free_port, temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/local/bin"))
READY_S_MAX: Final = 40.0


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run an empty PostgreSQL and give its URL. Raises NotHere."""
    programs = next((one for one in PROGRAMS if (one / "initdb").exists()), None)
    if programs is None:
        raise NotHere("PostgreSQL is not installed: make services")
    with temporary_folder("postgres") as folder:
        user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
            user = "postgres"
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "entrepot", "-A", "trust", "-N"]
        subprocess.run(initdb, user=user, check=True, cwd=folder, capture_output=True)
        argv = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder)]
        child = subprocess.Popen(
            [*argv, "-c", "listen_addresses=127.0.0.1"],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_listening(port, child)
            yield f"postgresql+psycopg://entrepot@127.0.0.1:{port}/postgres"
        finally:
            child.terminate()
            child.wait(20)


def _until_listening(port: int, child: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + READY_S_MAX
    while time.monotonic() < end_s and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL does not listen (exit code {child.poll()})")
