"""A disk in memory that knows what a power cut would leave: what was synced, and chance.

The program sees every write at once (the page cache). On the platter stands what was synced; of
the rest each sector of 512 bytes lands, is lost or is torn, each truncation lands or is lost, and
of the names made and deleted since the directory was synced the first few count. A torn sector
holds old and new bytes and no third ones: SQLite relies on that too (powersafe overwrite).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

SECTOR_BYTES: Final = 512
LANDS_RATIOS: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
"""A cut draws one of them: nothing, everything and all between must be met often."""
TORN_RATIO: Final = 0.1


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that are not synced yet."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A truncation that is not synced yet."""

    size: int


@dataclass(slots=True)
class File:
    """One file: what the program sees, what is on the platter, and what lies between."""

    view: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write | Resize] = field(default_factory=list)
    is_name_synced: bool = False
    """A log's first sync takes its directory along, as SQLite's own files do on Unix."""

    def write(self, offset: int, data: bytes) -> None:
        """Write into the page cache."""
        put(self.view, offset, data)
        self.pending.append(Write(offset, data))

    def resize(self, size: int) -> None:
        """Cut or lengthen in the page cache."""
        set_size(self.view, size)
        self.pending.append(Resize(size))

    def sync(self) -> None:
        """Put what is pending on the platter."""
        for change in self.pending:
            if isinstance(change, Resize):
                set_size(self.durable, change.size)
            else:
                put(self.durable, change.offset, change.data)
        self.pending.clear()

    def fail_to_sync(self, rng: random.Random) -> None:
        """Fail as Linux does: some landed, and no later sync tries the rest again."""
        self.durable = bytearray(self.after_cut(rng))
        self.pending.clear()

    def after_cut(self, rng: random.Random) -> bytes:
        """Return what a power cut leaves."""
        image = bytearray(self.durable)
        lands_ratio = rng.choice(LANDS_RATIOS)
        for change in self.pending:
            if isinstance(change, Resize):
                if rng.random() < lands_ratio:
                    set_size(image, change.size)
                continue
            for start, piece in sectors(change):
                if rng.random() < TORN_RATIO:
                    cut = rng.randrange(len(piece))
                    is_front = rng.random() < 0.5
                    put(image, *((start, piece[:cut]) if is_front else (start + cut, piece[cut:])))
                elif rng.random() < lands_ratio:
                    put(image, start, piece)
                elif rng.random() < lands_ratio:  # The size landed and the bytes did not.
                    set_size(image, max(len(image), start + len(piece)))
        return bytes(image)


class Disk:
    """A folder of files."""

    def __init__(self, image: Mapping[str, bytes] | None = None) -> None:
        self.files = {
            name: File(view=bytearray(data), durable=bytearray(data), is_name_synced=True)
            for name, data in (image or {}).items()
        }
        self._durable_files = dict(self.files)
        self._names_pending: list[tuple[str, File | None]] = []

    def create(self, name: str) -> File:
        """Make an empty file."""
        made = File()
        self.files[name] = made
        self._names_pending.append((name, made))
        return made

    def delete(self, name: str) -> None:
        """Delete a file; its name comes back when the power goes before the directory is synced."""
        del self.files[name]
        self._names_pending.append((name, None))

    def sync_names(self) -> None:
        """Sync the directory."""
        self._durable_files = dict(self.files)
        self._names_pending.clear()
        for file in self.files.values():
            file.is_name_synced = True

    def after_cut(self, rng: random.Random) -> dict[str, bytes]:
        """Return the files that a power cut leaves."""
        left = dict(self._durable_files)
        for name, file in self._names_pending[: rng.randint(0, len(self._names_pending))]:
            if file is None:
                left.pop(name, None)
            else:
                left[name] = file
        return {name: file.after_cut(rng) for name, file in sorted(left.items())}

    def view(self) -> dict[str, bytes]:
        """Return the files as the program sees them."""
        return {name: bytes(file.view) for name, file in self.files.items()}


def sectors(change: Write) -> list[tuple[int, bytes]]:
    """Return a write cut at the sector borders of the disk: (offset, bytes)."""
    pieces: list[tuple[int, bytes]] = []
    at = 0
    while at < len(change.data):
        start = change.offset + at
        size = SECTOR_BYTES - start % SECTOR_BYTES
        pieces.append((start, change.data[at : at + size]))
        at += size
    return pieces


def put(image: bytearray, offset: int, data: bytes) -> None:
    """Write into an image; a hole before it reads as zeros."""
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


def set_size(image: bytearray, size: int) -> None:
    """Cut or lengthen an image."""
    del image[size:]
    image.extend(bytes(size - len(image)))
