"""Power cuts under the custody store: every row whose append returned is there afterwards."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edge.outbox.custody import CustodyStore
from edge.outbox.errors import OutboxError
from tests.faults.storage.connection import Tuning, connector
from tests.faults.storage.custody_state import State, problems_of
from tests.faults.storage.custody_work import Work, Wrong
from tests.faults.storage.disk import Disk
from tests.faults.storage.vfs import Fault, Faults, mounted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.storage.tally import Tally

NAME: Final = Path("custody.db")
STEPS_COUNT_MAX: Final = 400


def run_seed(seed: int, tally: Tally, folder: Path, *, tuning: Tuning | None = None) -> None:
    """Work, cut the power, look, and go on from what was left: up to three times."""
    rng = random.Random(f"custody cuts {seed}")
    image: dict[str, bytes] = {}
    state = State()
    try:
        for _ in range(rng.randint(1, 3)):
            image, lawful = work_and_cut(rng, image, state, tuning or drawn_tuning(rng))
            tally.cuts += 1
            state = look(image, lawful, folder, rng, tally)
    except (Wrong, OutboxError, sqlite3.Error) as error:
        tally.fail("custody cut", seed, f"{type(error).__name__}: {error}")


def drawn_tuning(rng: random.Random) -> Tuning:
    """Draw how often the log is written back and how much is held in memory."""
    return Tuning(
        checkpoint_pages=rng.choice((3, 15, 60, 1000)), cache_pages=rng.choice((5, 20, 2000))
    )


def calls_until_cut(rng: random.Random) -> int:
    """Draw when: often in the first moments of a file, seldom late."""
    return rng.randint(1, rng.choice((40, 400, 400, 2_000)))


def work_and_cut(
    rng: random.Random, image: Mapping[str, bytes], state: State, tuning: Tuning
) -> tuple[dict[str, bytes], list[State]]:
    """Return what a cut left on the disk, and what may lawfully be read from it."""
    disk, faults = Disk(image), Faults(rng)
    faults.plan(Fault.CUT, after_calls=calls_until_cut(rng))
    with mounted(disk, faults) as vfs:
        connect = connector(vfs, tuning)
        work = Work(
            rng,
            lambda: CustodyStore.open(NAME, connect=connect),
            state,
            is_killed_too=True,
        )
        with contextlib.suppress(OutboxError, sqlite3.Error):
            while faults.has_power() and work.steps_count < STEPS_COUNT_MAX:
                work.step()
        if faults.has_power() and work.steps_count < STEPS_COUNT_MAX:
            raise Wrong("an operation failed and nothing was wrong with the disk")
    return disk.after_cut(rng), work.lawful


def put_down(image: Mapping[str, bytes], folder: Path, name: Path = NAME) -> Path:
    """Write the files into a folder; return the database's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for one, data in image.items():
        (folder / one).write_bytes(data)
    return folder / name


def look(
    image: Mapping[str, bytes],
    lawful: Sequence[State],
    folder: Path,
    rng: random.Random,
    tally: Tally,
) -> State:
    """Open with Python's own SQLite, compare, and work on; return which content was found."""
    path = put_down(image, folder)
    store = CustodyStore.open(path)
    try:
        found = [problems_of(store, one) for one in lawful]
        tally.rows_checked += store.tip[0] - store.base[0]
        if [] not in found:
            raise Wrong("; ".join(found[0][:3]))
        state = lawful[found.index([])].pruned_to(store.base[0])
        # The store has to go on, on the files as the cut left them.
        work = Work(rng, lambda: CustodyStore.open(path), state)
        work.store = store
        for _ in range(3):
            work.append(work.captures(rng.randint(1, 5)))
        for command in state.begun.values():
            if store.begin_command(command):
                raise Wrong(f"command {command.command_id} would be obeyed twice")
    finally:
        store.close()
    store = CustodyStore.open(path)
    problems = problems_of(store, work.lawful[0])
    store.close()
    checking = sqlite3.connect(path)
    verdict = checking.execute("PRAGMA integrity_check").fetchall()
    count = checking.execute("SELECT COUNT(*) FROM custody").fetchone()[0]
    checking.close()
    if verdict != [("ok",)]:
        problems.append(f"integrity: {verdict[:2]}")
    if count != len(work.lawful[0].rows):
        problems.append(f"{count} rows lie in the file, {len(work.lawful[0].rows)} are the chain")
    if problems:
        raise Wrong("; ".join(problems[:3]))
    return state
