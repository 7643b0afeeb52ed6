"""A full and a failing disk under the custody store: refused is refused, nothing is half there."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING, Final

from edge.outbox.custody import CustodyStore
from edge.outbox.errors import DiskRefuses, OutboxError
from tests.faults.storage.connection import Tuning, connector
from tests.faults.storage.custody_cuts import NAME, drawn_tuning, look
from tests.faults.storage.custody_state import State
from tests.faults.storage.custody_work import Work, Wrong
from tests.faults.storage.disk import Disk
from tests.faults.storage.vfs import Fault, Faults, mounted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.storage.tally import Tally

STEPS_COUNT_MAX: Final = 60
FOR_EVER: Final = 10**9
"""Until the rig relents."""


def run_seed(seed: int, tally: Tally, folder: Path) -> None:
    """Refuse some calls, look, give room, look again; end with a cut or in good order."""
    rng = random.Random(f"custody refusals {seed}")
    disk, faults = Disk(), Faults(rng)
    try:
        with mounted(disk, faults) as vfs:
            connect = connector(vfs, drawn_tuning(rng))
            work = Work(
                rng,
                lambda: CustodyStore.open(NAME, connect=connect),
                State(),
                is_killed_too=True,
            )
            for _ in range(rng.randint(1, 4)):
                refuse_for_a_while(rng, work, faults, tally)
            if is_cut := rng.random() < 0.5:
                faults.is_off = True
            elif work.store is not None:
                work.store.close()
                work.lawful = work.lawful[:1]
        image = disk.after_cut(rng) if is_cut else disk.view()
        tally.cuts += is_cut
        look(image, work.lawful, folder, rng, tally)
    except (Wrong, OutboxError, sqlite3.Error) as error:
        tally.fail("custody refusal", seed, f"{type(error).__name__}: {error}")


def run_restart(calls_count: int, tally: Tally, folder: Path, tuning: Tuning) -> None:
    """Let every call fail from one on, kill the process, start it on a disk that is well, cut."""
    rng = random.Random(f"restart {calls_count}")
    disk, faults = Disk(), Faults(rng)
    try:
        with mounted(disk, faults) as vfs:
            connect = connector(vfs, tuning)
            work = Work(rng, lambda: CustodyStore.open(NAME, connect=connect), State())
            faults.plan(Fault.BROKEN, after_calls=calls_count, fails_count=FOR_EVER)
            with contextlib.suppress(DiskRefuses):
                while not faults.hits_count or work.steps_count < STEPS_COUNT_MAX:
                    work.step()
            faults.relent()
            work.open()
            work.append(work.captures(5))
        tally.cuts += 1
        look(disk.after_cut(rng), work.lawful, folder, rng, tally)
    except (Wrong, OutboxError, sqlite3.Error) as error:
        tally.fail("custody restart", calls_count, f"{type(error).__name__}: {error}")


def refuse_for_a_while(rng: random.Random, work: Work, faults: Faults, tally: Tally) -> None:
    """Work on a disk that refuses from some call on, then on one that is well again."""
    fault = rng.choice((Fault.FULL, Fault.BROKEN))
    fails_count = rng.choice((1, 1, 3, 20, FOR_EVER))
    faults.plan(fault, after_calls=rng.randint(1, 120), fails_count=fails_count)
    refusals_count_max = tally.refusals + rng.randint(1, 5)
    for _ in range(rng.randint(1, STEPS_COUNT_MAX)):
        if tally.refusals >= refusals_count_max:
            break
        before = work.lawful[0]
        try:
            work.step()
        except DiskRefuses:
            tally.refusals += 1
            work.settle()
            # A command may be recorded and yet refused: then it is never obeyed, which is lawful.
            if work.doing == "append" and work.lawful[0] != before:
                raise Wrong("append was refused and something is there") from None
    faults.relent()
    if work.store is None:
        work.open()
    work.append(work.captures(rng.randint(1, 9)))
    work.settle()
