"""One daemon a folder: an exclusive lock that the system releases even after a kill -9."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from entrepot.processes import StartRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOK_S: Final = 0.1


@contextlib.contextmanager
def locked(path: Path, taken: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file, waiting `wait_s` for a holder that is ending.

    Raises StartRefused with the sentence `taken`, whose {pid} is the holder's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened without truncating: the file tells who holds it.
    with path.open("a+", encoding="ascii") as lock:
        end_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= end_s:
                    lock.seek(0)
                    pid = lock.read(32).strip() or "unknown"
                    raise StartRefused("lock", taken.format(pid=pid)) from error
            time.sleep(LOOK_S)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
