"""The accounts of a telemetry queue: each reading is kept, acknowledged, told or in a gap, once.

A cut may take the newest commits, so what is found must be one of the contents that ever stood at
a commit, and the accounts of that moment must close.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.outbox.telemetry import TelemetryQueue
    from tests.faults.storage.connection import Connection

Name = tuple[str, int]
Gap = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Content:
    """What lies in the file."""

    kept: frozenset[Name]
    gaps: frozenset[Gap]


@dataclass(frozen=True, slots=True)
class Entry:
    """A content at a commit, and how many names each list of the book had then."""

    content: Content
    appended_count: int
    acked_count: int
    told_count: int


EMPTY = Content(frozenset(), frozenset())


@dataclass(slots=True)
class Book:
    """Names in the order in which they came and went, and every content that was committed."""

    appended: list[Name] = field(default_factory=list)
    acked: list[Name] = field(default_factory=list)
    told: list[Name] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=lambda: [Entry(EMPTY, 0, 0, 0)])

    @property
    def content(self) -> Content:
        """The newest content."""
        return self.entries[-1].content

    def note(self, db: Connection) -> None:
        """Write down what a commit is about to make true; runs inside of its transaction."""
        kept = frozenset((row[0], row[1]) for row in db.execute("SELECT boot, seq FROM reading"))
        found = db.execute("SELECT boot, first_seq, last_seq, dropped_count FROM evicted")
        gaps = frozenset((row[0], row[1], row[2], row[3]) for row in found)
        counts = len(self.appended), len(self.acked), len(self.told)
        self.entries.append(Entry(Content(kept, gaps), *counts))

    def untold(self, boot: str) -> list[Name]:
        """Return the readings of a boot that went and were not told."""
        gone = set(self.appended) - self.content.kept - set(self.acked) - set(self.told)
        return sorted(name for name in gone if name[0] == boot)

    def find(self, content: Content) -> int | None:
        """Return how many readings the newest entry with this content lacks; go back to it."""
        for number in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[number]
            if entry.content == content:
                lost = len(self.appended) - entry.appended_count
                del self.entries[number + 1 :]
                del self.appended[entry.appended_count :]
                del self.acked[entry.acked_count :]
                del self.told[entry.told_count :]
                return lost
        return None

    def problems(self) -> list[str]:
        """Return where the accounts of the newest entry don't close."""
        gaps = {gap[0]: gap for gap in self.content.gaps}
        problems: list[str] = []
        for boot in {name[0] for name in self.appended} | set(gaps):
            gone = self.untold(boot)
            _, first, last, count = gaps.get(boot, (boot, 0, 0, 0))
            if count != len(gone):
                problems.append(f"{len(gone)} readings of {boot} went, the gap says {count}")
            problems += [
                f"reading {one} is in no gap" for one in gone if not first <= one[1] <= last
            ]
        return problems


def content_of(queue: TelemetryQueue) -> Content:
    """Return what a queue says of itself."""
    kept = queue.next_to_send(10**6, newest_count=0)
    gaps = ((gap.boot, gap.first_seq, gap.last_seq, gap.count) for gap in queue.gaps())
    return Content(frozenset((one.boot, one.seq) for one in kept), frozenset(gaps))


def within(names: Iterable[Name], boot: str, first: int, last: int) -> list[Name]:
    """Return the names of a range."""
    return sorted(name for name in names if name[0] == boot and first <= name[1] <= last)
