"""Power cuts and refusals under the telemetry queue: a lost tail is lawful, a wrong count is not.

In some runs the disk is full or fails for a while before the power goes.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.outbox.errors import OutboxError
from edge.outbox.telemetry import KEYS_BYTES, Queued, TelemetryQueue
from tests.faults.storage.connection import connector
from tests.faults.storage.custody_cuts import calls_until_cut, drawn_tuning, put_down
from tests.faults.storage.custody_work import Wrong
from tests.faults.storage.disk import Disk
from tests.faults.storage.telemetry_book import Book, content_of, within
from tests.faults.storage.vfs import Fault, Faults, mounted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.storage.tally import Tally

NAME: Final = Path("telemetry.db")
TOPIC: Final = "wh/v1/e/dock-1/tlm/environment/th-11"
STEPS_COUNT_MAX: Final = 100
BYTES_MAX: Final = 8_000
AGE_S_MAX: Final = 40.0


class Work:
    """One queue at work, with its book."""

    def __init__(
        self, rng: random.Random, open_queue: Callable[[], TelemetryQueue], book: Book
    ) -> None:
        self._rng = rng
        self._open_queue = open_queue
        self.book = book
        self.queue: TelemetryQueue | None = None
        self._boot = rng.randbytes(3).hex()
        self._seq = 0
        self.now_s = 1_000
        self.steps_count = 0

    def step(self) -> None:
        """Do one thing, drawn by lot, and look. Raises OutboxError, Wrong."""
        self.steps_count += 1
        if self.queue is None:
            self.queue = self._open_queue()
        doing = (self._append, self._append, self._append, self._forget, self._tell, self._reopen)
        self._rng.choice(doing)(self.queue)
        if self.queue is not None:
            if content_of(self.queue) != self.book.content:
                raise Wrong("what was committed is not what is read")
            self.look(self.queue)

    def look(self, queue: TelemetryQueue) -> int:
        """Hold the queue against the book; return how many readings it lacks. Raises Wrong."""
        content = content_of(queue)
        lost = self.book.find(content)
        if lost is None:
            raise Wrong("what lies there was never committed")
        if problems := self.book.problems():
            raise Wrong("; ".join(problems[:3]))
        if queue.waiting()[0] != len(content.kept):
            raise Wrong(f"it counts {queue.waiting()[0]} of {len(content.kept)} readings")
        return lost

    def _append(self, queue: TelemetryQueue) -> None:
        fresh: list[Queued] = []
        for _ in range(self._rng.randint(1, 12)):
            self._seq += 1
            self.now_s += self._rng.choice((0, 1, 1, 9))
            body = self._rng.randbytes(self._rng.choice((30, 200, 900)))
            fresh.append(
                Queued(
                    boot=self._boot,
                    seq=self._seq,
                    topic=TOPIC,
                    body=body,
                    at_ns=self.now_s * 10**9,
                )
            )
        self.book.appended += [(one.boot, one.seq) for one in fresh]
        queue.append([*fresh, fresh[-1]])

    def _forget(self, queue: TelemetryQueue) -> None:
        first = self._rng.randint(0, self._seq)
        last = first + self._rng.randrange(30)
        gone = within(self.book.content.kept, self._boot, first, last)
        self.book.acked += gone
        if queue.forget({self._boot: [(first, last)]}) != len(gone):
            raise Wrong("forget counts wrong")

    def _tell(self, queue: TelemetryQueue) -> None:
        for gap in queue.gaps():
            self.book.told += self.book.untold(gap.boot)
            queue.told(gap)

    def _reopen(self, queue: TelemetryQueue) -> None:
        self.queue = None
        queue.close()
        if self._rng.random() < 0.5:
            self._boot, self._seq = self._rng.randbytes(3).hex(), 0


def run_seed(
    seed: int,
    tally: Tally,
    folder: Path,
    *,
    make: Callable[..., TelemetryQueue] = TelemetryQueue,
) -> None:
    """Work, refuse, cut the power, look, and go on from what was left: up to three times."""
    rng = random.Random(f"telemetry cuts {seed}")
    image: dict[str, bytes] = {}
    book = Book()
    try:
        for _ in range(rng.randint(1, 3)):
            image = work_and_cut(rng, image, book, tally, make)
            tally.cuts += 1
            look(image, book, folder, rng, tally)
    except (Wrong, OutboxError, sqlite3.Error) as error:
        tally.fail("telemetry cut", seed, f"{type(error).__name__}: {error}")


def work_and_cut(
    rng: random.Random,
    image: Mapping[str, bytes],
    book: Book,
    tally: Tally,
    make: Callable[..., TelemetryQueue],
) -> dict[str, bytes]:
    """Return what a cut left."""
    disk, faults = Disk(image), Faults(rng)
    is_refusing = rng.random() < 0.4
    fault = rng.choice((Fault.FULL, Fault.BROKEN)) if is_refusing else Fault.CUT
    faults.plan(fault, after_calls=calls_until_cut(rng), fails_count=rng.choice((1, 4, 20)))
    tuning = replace(drawn_tuning(rng), before_commit=book.note)
    with mounted(disk, faults) as vfs:
        connect = connector(vfs, tuning)
        work = Work(rng, lambda: opened(make, NAME, connect=connect), book)
        while faults.has_power() and work.steps_count < STEPS_COUNT_MAX:
            try:
                work.step()
            except OutboxError:
                if not faults.has_power():
                    break
                if not faults.hits_count:
                    raise
                tally.refusals += 1
                if work.queue is not None:
                    work.look(work.queue)
                if rng.random() < 0.3:
                    faults.plan(Fault.CUT, after_calls=calls_until_cut(rng))
    return disk.after_cut(rng)


def opened(make: Callable[..., TelemetryQueue], path: Path, **more: object) -> TelemetryQueue:
    """Open a queue with bounds that a short run meets."""
    return make(path, bytes_max=BYTES_MAX, age_s_max=AGE_S_MAX, **more)


def look(
    image: Mapping[str, bytes], book: Book, folder: Path, rng: random.Random, tally: Tally
) -> None:
    """Open with Python's own SQLite, hold it against the book, and work on."""
    path = put_down(image, folder, NAME)
    queue = opened(TelemetryQueue, path)
    work = Work(rng, lambda: queue, book)
    try:
        tally.lost += work.look(queue)
        tally.rows_checked += len(book.content.kept)
        gaps_before = {gap.boot: gap for gap in queue.gaps()}
        queue.append(
            [Queued(boot="after", seq=1, topic=TOPIC, body=b"x", at_ns=work.now_s * 10**9)]
        )
        for gap in queue.gaps():
            was = gaps_before.get(gap.boot, replace(gap, count=0))
            if gap.count < was.count:
                raise Wrong("a gap shrank and nobody told it")
        size = sum(
            len(one.body) + len(one.topic) + KEYS_BYTES
            for one in queue.next_to_send(10**6, newest_count=0)
        )
        if queue.waiting()[1] != size:
            raise Wrong(f"it counts {queue.waiting()[1]} of {size} bytes")
    finally:
        queue.close()
    checking = sqlite3.connect(path)
    with contextlib.closing(checking):
        verdict = checking.execute("PRAGMA integrity_check").fetchall()
    if verdict != [("ok",)]:
        raise Wrong(f"integrity: {verdict[:2]}")
