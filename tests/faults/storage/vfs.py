"""SQLite's view of our disk (an apsw VFS), and the faults that are let loose under it.

Faults count calls that change the disk (write, sync, truncation, deletion), so one number says
when: the same seed meets the same call. `-shm` lives in SQLite's heap (locking mode exclusive): no
power cut ever finds anything of use in it.
"""

from __future__ import annotations

import contextlib
import enum
from typing import TYPE_CHECKING, Final, cast

import apsw
from typing_extensions import override

from tests.faults.storage.disk import Disk, File

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

CREATE_FLAG: Final = apsw.SQLITE_OPEN_CREATE
LOG_FLAGS: Final = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL


class Fault(enum.Enum):
    """What happens at a call that changes the disk."""

    CUT = "power cut"
    FULL = "no space"
    BROKEN = "i/o error"


class Faults:
    """Which call fails, and how."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.calls_count = 0
        self.fault = Fault.CUT
        self.first_call = 0
        """The first call that fails; 0: none."""
        self.fails_count = 1
        self.is_off = False
        """The power is gone: nothing changes any more."""
        self.is_sync_a_lie = False
        """Some drives say done and are not; only to show that the rig sees it."""
        self.hits_count = 0

    def plan(self, fault: Fault, *, after_calls: int, fails_count: int = 1) -> None:
        """Let a fault loose at the call so many calls from now."""
        self.fault = fault
        self.first_call = self.calls_count + after_calls
        self.fails_count = fails_count

    def relent(self) -> None:
        """There is room again, the cable sits again."""
        self.first_call = 0

    def has_power(self) -> bool:
        """Tell whether the box still runs."""
        return not self.is_off

    def next_call(self) -> Fault | None:
        """Count a call; return what befalls it."""
        if self.is_off:
            raise apsw.IOError("the power is off")
        self.calls_count += 1
        last_call = self.first_call + self.fails_count
        if not self.first_call or not self.first_call <= self.calls_count < last_call:
            return None
        self.hits_count += 1
        self.is_off = self.fault is Fault.CUT
        return self.fault


class OpenFile:
    """One open file, as SQLite calls it."""

    def __init__(self, disk: Disk, file: File, faults: Faults, *, is_log: bool) -> None:
        self._disk = disk
        self._file = file
        self._faults = faults
        self._is_log = is_log

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's word
        """Read the page cache."""
        if self._faults.is_off:
            raise apsw.IOError("the power is off")
        return bytes(self._file.view[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write; a call that fails may have written its first part."""
        fault = self._faults.next_call()
        if fault is None or fault is Fault.CUT:
            self._file.write(offset, bytes(data))
        else:
            part = self._faults.rng.randint(0, len(data))
            self._file.write(offset, bytes(data[:part]))
        if fault is Fault.FULL:
            raise apsw.FullError("no space left")
        if fault is not None:
            raise apsw.IOError(fault.value)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut the file; a full disk has room for that."""
        fault = self._faults.next_call()
        if fault is not Fault.BROKEN:
            self._file.resize(newsize)
        if fault in {Fault.CUT, Fault.BROKEN}:
            raise apsw.IOError("truncation")

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Sync; the power may go before it is done, never after a part of it counted."""
        fault = self._faults.next_call()
        if fault is Fault.CUT:
            raise apsw.IOError(fault.value)
        if fault is Fault.BROKEN:
            self._file.fail_to_sync(self._faults.rng)
            raise apsw.IOError(fault.value)
        if self._faults.is_sync_a_lie:
            return
        self._file.sync()
        if self._is_log and not self._file.is_name_synced:
            self._disk.sync_names()

    def xFileSize(self) -> int:  # noqa: N802
        """Return the size that the program sees."""
        return len(self._file.view)

    def xLock(self, level: int) -> None:  # noqa: N802
        """One process uses the disk."""

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """One process uses the disk."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        """One process uses the disk."""
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802
        """Know no hints."""
        return False

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        """Say what SQLite takes for granted of every disk on Unix, and nothing more."""
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xSectorSize(self) -> int:  # noqa: N802
        """Return what SQLite takes for granted on Unix."""
        return 4096

    def excepthook(self, *about: object) -> bool:
        """Say nothing: the errors are ours."""
        return True

    def xClose(self) -> None:  # noqa: N802
        """Keep everything as it is: closing syncs nothing."""


class DiskVFS(apsw.VFS):
    """The files of one disk under a name that connections can ask for."""

    def __init__(self, name: str, disk: Disk, faults: Faults) -> None:
        super().__init__(name, base="")
        self.name = name
        self.disk = disk
        self.faults = faults
        self.connections: list[apsw.Connection] = []

    @override
    def excepthook(self, *about: object) -> bool:
        """Say nothing: the errors are ours."""
        return True

    def renew_log(self, name: str) -> None:
        """Do to this disk what edge.outbox.connect.renew_log does to a real one."""
        if (file := self.disk.files.get(f"{name}-wal")) is not None:
            log = OpenFile(self.disk, file, self.faults, is_log=True)
            log.xWrite(bytes(file.view), 0)
            log.xSync(apsw.SQLITE_SYNC_FULL)

    @override
    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        """Open or make a file; one without a name is scratch."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            file = File()
        elif (found := self.disk.files.get(str(path))) is not None:
            file = found
        elif flags[0] & CREATE_FLAG and not self.faults.is_off:
            file = self.disk.create(str(path))
        else:
            raise apsw.CantOpenError(str(path))
        flags[1] = flags[0]
        is_log = bool(flags[0] & LOG_FLAGS)
        opened = OpenFile(self.disk, file, self.faults, is_log=is_log)
        return cast("apsw.VFSFile", opened)

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete a file."""
        if filename not in self.disk.files:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT)
        fault = self.faults.next_call()
        if fault is Fault.BROKEN:
            raise apsw.IOError(fault.value)
        self.disk.delete(filename)
        if fault is Fault.CUT:
            raise apsw.IOError(fault.value)
        if syncdir:
            self.disk.sync_names()

    @override
    def xAccess(self, pathname: str, flags: int) -> bool:
        """Tell whether a file is there (on Unix SQLite takes an empty one for none)."""
        file = self.disk.files.get(pathname)
        return file is not None and bool(file.view)

    @override
    def xFullPathname(self, name: str) -> str:
        """Names have no folders here."""
        return name


@contextlib.contextmanager
def mounted(disk: Disk, faults: Faults) -> Iterator[DiskVFS]:
    """Register the disk for a while."""
    vfs = DiskVFS(f"disk-{id(disk)}", disk, faults)
    try:
        yield vfs
    finally:
        faults.is_off = True
        for one in vfs.connections:
            with contextlib.suppress(apsw.Error):
                one.close(force=True)
        vfs.unregister()
