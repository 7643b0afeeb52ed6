"""Seeded work on a custody store, and what is lawful on its disk at any moment of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from edge.outbox.custody import Capture, CustodyStore, OpenCommand
from tests.faults.storage.custody_state import State, problems_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

T = TypeVar("T")

DEVICES: Final = ("plc-1", "portal-1", "scale-1")
BODY_BYTES: Final = (0, 40, 200, 200, 700, 6_000)
"""From nothing to a body that needs pages of its own."""
KEPT_COUNT_MAX: Final = 150


class Wrong(Exception):
    """The store broke its promise while it was at work."""


class Work:
    """One store at work; `lawful[0]` is what it holds, the rest may be found after a cut.

    A group that the disk refused may still be found whole after a cut: its bytes may have landed
    when the sync failed. The next commit that changes anything writes over it; until then it is
    lawful.
    """

    def __init__(
        self,
        rng: random.Random,
        open_store: Callable[[], CustodyStore],
        state: State,
        *,
        is_killed_too: bool = False,
    ) -> None:
        self._is_killed_too = is_killed_too
        self._rng = rng
        self._open_store = open_store
        self.lawful = [state]
        self.store: CustodyStore | None = None
        self.steps_count = 0
        self.doing = ""

    def step(self) -> None:
        """Do one thing, drawn by lot. Raises OutboxError where the disk refuses, Wrong."""
        self.steps_count += 1
        store = self.store or self.open()
        state = self.lawful[0]
        doing: list[tuple[int, Callable[[CustodyStore, State], None]]] = [
            (40, self._append),
            (15, self._begin),
            (6, self._begin_again),
            (12, self._archive),
            (3, self._adopt),
            (2, self._stop),
            (4, self._reopen),
            (3, self._look),
        ]
        if len(state.rows) > KEPT_COUNT_MAX:
            doing = [(1, self._archive)]
        (one,) = self._rng.choices([it for _, it in doing], [weight for weight, _ in doing])
        self.doing = one.__name__.strip("_")
        one(store, state)

    def open(self) -> CustodyStore:
        """Open the file anew; what was open before is left as a killed process leaves it."""
        self.doing = "open"
        self.store = None
        self.store = self._open_store()
        # A group whose sync failed may be found by the next opening, as by one after a cut.
        self.settle()
        return self.store

    def append(self, captures: Sequence[Capture]) -> None:
        """Chain these."""
        assert self.store is not None
        store, after = self.store, self.lawful[0].appended(captures)
        rows = self._under_way(after, lambda: store.append(captures))
        if rows != [after.rows.get(row.seq) for row in rows] or len(rows) != len(captures):
            raise Wrong("append returned other rows than it was given")

    def settle(self) -> None:
        """After a refusal that was no cut: find which of the lawful contents the store holds."""
        if self.store is None:
            return
        found = [problems_of(self.store, one) for one in self.lawful]
        if [] not in found:
            raise Wrong("; ".join(found[0]))
        held = self.lawful.pop(found.index([]))
        self.lawful = [held.pruned_to(self.store.base[0]), *self.lawful]

    def captures(self, count: int) -> list[Capture]:
        """Draw events."""
        rng, opened = self._rng, self.lawful[0].open_commands()
        drawn: list[Capture] = []
        for _ in range(count):
            ends = opened.pop().command_id if opened and rng.random() < 0.3 else ""
            drawn.append(
                Capture(
                    topic=f"wh/v1/e/dock-1/evt/input/{rng.choice(DEVICES)}",
                    body=rng.randbytes(rng.choice(BODY_BYTES)),
                    captured_ns=rng.randrange(10**6),
                    row_id=rng.randbytes(16).hex(),
                    ends_command=ends,
                )
            )
        return drawn

    def _under_way(self, after: State, action: Callable[[], T]) -> T:
        self.lawful.insert(1, after)
        result = action()
        self.lawful = [after]
        return result

    def _append(self, store: CustodyStore, state: State) -> None:
        self.append(self.captures(self._rng.choice((1, 1, 2, 7, 12, 40))))

    def _begin(self, store: CustodyStore, state: State) -> None:
        name = self._rng.randbytes(8).hex()
        command = OpenCommand(command_id=name, device=self._rng.choice(DEVICES), verb="open")
        after = replace(state, begun={**state.begun, name: command})
        if not self._under_way(after, lambda: store.begin_command(command)):
            raise Wrong("a fresh command was taken for a repeated one")

    def _begin_again(self, store: CustodyStore, state: State) -> None:
        if state.begun:
            command = self._rng.choice(list(state.begun.values()))
            if store.begin_command(command):
                raise Wrong("a repeated command was taken for a fresh one")

    def _archive(self, store: CustodyStore, state: State) -> None:
        seq = self._rng.randint(state.base[0], state.tip[0])
        rows_max = self._rng.randrange(40)
        older_than_ns = self._rng.choice((0, 0, 1_000, 10**7))
        doubtful = self.lawful[1:]
        upto_max = max(seq - 1, state.base[0])
        after = replace(state, head_seq=seq, base_seq_max=upto_max)
        self._under_way(
            after, lambda: store.archive(seq, rows_max=rows_max, older_than_ns=older_than_ns)
        )
        if not state.base[0] <= store.base[0] <= upto_max:
            raise Wrong(f"pruned to {store.base[0]} with the head at {seq}")
        pruned = after.pruned_to(store.base[0])
        self.lawful = [pruned] if pruned != state else [state, *doubtful]

    def _adopt(self, store: CustodyStore, state: State) -> None:
        is_common = self._rng.random() < 0.7
        seq = self._rng.randint(state.base[0], state.tip[0]) if is_common else state.base[0]
        common = (seq, state.hash_at(seq))
        head = (self._rng.randint(seq, state.tip[0] + 5), self._rng.randbytes(32).hex())
        asked = common if is_common else None
        after = state.adopted(head=head, common=common)
        self._under_way(after, lambda: store.adopt(head=head, common=asked))

    def _stop(self, store: CustodyStore, state: State) -> None:
        after = replace(state, is_stopped=True)
        doubtful = self.lawful[1:] if state.is_stopped else []
        self._under_way(after, store.stop)
        self.lawful += doubtful

    def _reopen(self, store: CustodyStore, state: State) -> None:
        self.store = None
        if not self._is_killed_too or self._rng.random() < 0.5:
            store.close()

    def _look(self, store: CustodyStore, state: State) -> None:
        if problems := problems_of(store, state):
            raise Wrong("; ".join(problems))
