"""What survives an edge's process: its two files, in memory or on the rig's disk that loses power.

Both kinds hold real SQLite databases that the real stores work on.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from typing_extensions import override

from edge.outbox.custody import CustodyStore
from edge.outbox.errors import ChainDamaged, DiskRefuses
from edge.outbox.repair import open_custody, suspect
from edge.outbox.telemetry import TelemetryQueue
from tests.faults.storage.connection import Tuning, connector
from tests.faults.storage.disk import Disk
from tests.faults.storage.vfs import Fault, Faults, mounted

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from edge.outbox.telemetry import Queued

CUSTODY: Final = "custody.db"
TELEMETRY: Final = "telemetry.db"
AGE_S_MAX: Final = 48 * 3_600.0
PAGES_MAX: Final = 1_000_000


class NotingQueue(TelemetryQueue):
    """Tells what it took: only that counts as captured."""

    took: Callable[[Queued], None]

    @override
    def append(self, readings: Any) -> None:
        super().append(readings)
        for one in readings:
            self.took(one)


class EdgeDisk(Protocol):
    """The files of one box."""

    def open(self, *, bytes_max: int) -> tuple[CustodyStore, NotingQueue]:
        """Open both as a process that starts does; a chain that can't be read is repaired."""

    def stopped(self) -> None:
        """Note that the process ended; what it had not committed is gone."""

    def image(self) -> Mapping[str, bytes]:
        """Return the files as a backup has them."""

    def restore(self, image: Mapping[str, bytes]) -> None:
        """Put the files back."""

    def fill(self) -> None:
        """Take all room away."""

    def relent(self) -> None:
        """Give it back."""

    def suspect(self) -> None:
        """Have the chain repaired at the next start."""

    def close(self) -> None:
        """Let go of everything."""


class MemoryDisk:
    """Files that only a restore can take back: a process may die at any time, the power stays."""

    def __init__(self, image: Mapping[str, bytes] | None = None) -> None:
        self._dbs: dict[str, sqlite3.Connection] = {}
        self._is_suspect = False
        self.repairs_count = 0
        self.restore(image or _fresh())

    def open(self, *, bytes_max: int) -> tuple[CustodyStore, NotingQueue]:
        """Open both files."""
        if self._is_suspect:
            self._repair()
        try:
            custody = CustodyStore(self._dbs[CUSTODY])
        except ChainDamaged:
            self._repair()
            custody = CustodyStore(self._dbs[CUSTODY])
        telemetry = NotingQueue(
            Path(TELEMETRY),
            bytes_max=bytes_max,
            age_s_max=AGE_S_MAX,
            connect=lambda path: self._dbs[path.name],
        )
        return custody, telemetry

    def stopped(self) -> None:
        """End open transactions."""
        for db in self._dbs.values():
            if db.in_transaction:
                db.execute("ROLLBACK")

    def image(self) -> Mapping[str, bytes]:
        """Return the files."""
        return {name: db.serialize() for name, db in self._dbs.items()}

    def restore(self, image: Mapping[str, bytes]) -> None:
        """Put the files back."""
        self.close()
        for name in (CUSTODY, TELEMETRY):
            db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db.deserialize(image[name])
            self._dbs[name] = db

    def fill(self) -> None:
        """Let no file grow; SQLite may still use its free pages."""
        for db in self._dbs.values():
            db.execute("PRAGMA max_page_count=1")  # SQLite takes the present size for less.

    def relent(self) -> None:
        """Let them grow again."""
        for db in self._dbs.values():
            db.execute(f"PRAGMA max_page_count={PAGES_MAX}")

    def suspect(self) -> None:
        """Mark the chain."""
        self._is_suspect = True

    def close(self) -> None:
        """Close the files."""
        for db in self._dbs.values():
            db.close()
        self._dbs.clear()

    def _repair(self) -> None:
        """Let the real repair work on a file, and take its result back."""
        self._is_suspect = False
        self.repairs_count += 1
        with tempfile.TemporaryDirectory(prefix="simulation-") as name:
            path = Path(name) / CUSTODY
            path.write_bytes(self._dbs[CUSTODY].serialize())
            suspect(path)
            store = open_custody(path)
            store._db.execute("PRAGMA journal_mode=DELETE")  # Only so it can live in memory.
            image = store._db.serialize()
            store.close()
        db = self._dbs[CUSTODY]
        db.deserialize(image)


class RigDisk:
    """The storage rig's disk: a power cut drops and tears what was not synced."""

    def __init__(self, rng: random.Random, image: Mapping[str, bytes] | None = None) -> None:
        self._rng = rng
        self._mount: contextlib.ExitStack | None = None
        self._image: Mapping[str, bytes] = {} if image is None else dict(image)
        self._is_full = False
        self.faults = Faults(rng)

    def open(self, *, bytes_max: int) -> tuple[CustodyStore, NotingQueue]:
        """Mount the disk and open both files."""
        self.close()
        self._mount = contextlib.ExitStack()
        self.disk, self.faults = Disk(self._image), Faults(self._rng)
        vfs = self._mount.enter_context(mounted(self.disk, self.faults))
        connect = connector(vfs, Tuning(checkpoint_pages=self._rng.choice((15, 60, 1000))))
        custody = CustodyStore.open(Path(CUSTODY), connect=connect)
        telemetry = NotingQueue(
            Path(TELEMETRY), bytes_max=bytes_max, age_s_max=AGE_S_MAX, connect=connect
        )
        return custody, telemetry

    def cut(self) -> None:
        """Let the power go at once: what was not synced lies there by chance."""
        self.faults.is_off = True
        self._image = self.disk.after_cut(self._rng)
        self._unmount()

    def plan_cut(self) -> None:
        """Let the power go in the middle of one of the next writes."""
        self.faults.plan(Fault.CUT, after_calls=self._rng.randint(1, 12))

    def has_power(self) -> bool:
        """Tell whether the box still runs."""
        return self._mount is None or self.faults.has_power()

    def stopped(self) -> None:
        """Keep what the page cache holds: it survives the process."""
        if self._mount is not None:
            self._image = self.disk.view()
            self._unmount()

    def image(self) -> Mapping[str, bytes]:
        """Return the files."""
        return dict(self._image) if self._mount is None else self.disk.view()

    def restore(self, image: Mapping[str, bytes]) -> None:
        """Put the files back."""
        self._unmount()
        self._image = dict(image)

    def fill(self) -> None:
        """Refuse every write."""
        self.faults.plan(Fault.FULL, after_calls=1, fails_count=10**9)

    def relent(self) -> None:
        """Take writes again."""
        if self.faults.fault is Fault.FULL:
            self.faults.relent()

    def suspect(self) -> None:
        """Rows are not made rotten on this disk."""
        raise DiskRefuses("the rig's disk has nothing to repair")

    def close(self) -> None:
        """Unmount."""
        self.stopped()

    def _unmount(self) -> None:
        if self._mount is not None:
            self._mount.close()
            self._mount = None


@cache
def _fresh() -> Mapping[str, bytes]:
    """Return two new files: making their tables costs more than copying them."""
    image = {}
    with contextlib.ExitStack() as undo:
        store = CustodyStore.open(Path(":memory:"))
        undo.callback(store.close)
        image[CUSTODY] = store._db.serialize()
        queue = TelemetryQueue(Path(":memory:"), bytes_max=1, age_s_max=1.0)
        undo.callback(queue.close)
        image[TELEMETRY] = queue._db.serialize()
    return image
