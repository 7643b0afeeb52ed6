"""A log file bounded in size and age: DATA/log/<process>.log, older parts numbered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from pathlib import Path

PART_BYTES_MAX: Final = 10_000_000
PARTS_COUNT_MAX: Final = 5
_DAY_S: Final = 86_400


class LogFile:
    """Appends lines; the newest part has no number."""

    def __init__(self, path: Path, *, keep_days: float) -> None:
        self.path = path
        self._keep_days = keep_days
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab")
        self._prune()

    def write(self, line: bytes) -> None:
        """Append one line; a full disk loses log lines, never a process."""
        try:
            self._file.write(line)
            self._file.flush()
            if self._file.tell() > PART_BYTES_MAX:
                self._roll()
        except OSError:
            return

    def close(self) -> None:
        """Close the newest part."""
        self._file.close()

    def _part(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _roll(self) -> None:
        self._file.close()
        for number in range(PARTS_COUNT_MAX - 1, 0, -1):
            if self._part(number).exists():
                self._part(number).replace(self._part(number + 1))
        self.path.replace(self._part(1))
        self._file = self.path.open("ab")
        self._prune()

    def _prune(self) -> None:
        oldest = time.time() - self._keep_days * _DAY_S
        for number in range(1, PARTS_COUNT_MAX + 2):
            part = self._part(number)
            if part.exists() and (number > PARTS_COUNT_MAX or part.stat().st_mtime < oldest):
                part.unlink()
