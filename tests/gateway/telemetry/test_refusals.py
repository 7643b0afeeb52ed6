"""Bad points are found in few writes, and nothing is called written that is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from gateway.telemetry.influx import InfluxStore
from gateway.telemetry.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lines:
    """Points as lines."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self) -> list[bytes]:
        """Return each as one line of line protocol."""
        return self._lines

    def points(self) -> list[object]:
        """Return none: nobody asks."""
        raise AssertionError


class Store(InfluxStore):
    """The real search, on an InfluxDB that is a set and a rule."""

    def __init__(self, *, tells: bool) -> None:  # No client: the search needs none.
        self._tells = tells
        self.written: set[bytes] = set()
        self.writes_count = 0

    @override
    async def _write_once(self, lines: Sequence[bytes]) -> Refusal | None:
        self.writes_count += 1
        conflicts = [one for one in lines if b"voltage_v=-" in one]
        others = [one for one in lines if b"t=bad" in one]
        bad = [*conflicts, *others]
        if bad and not self._tells:
            return Refusal("400: something is wrong", 400)  # Nothing of it is written.
        self.written |= set(lines) - set(bad)
        if not bad:
            return None
        why = (
            'field type conflict: input field \\"voltage_v\\" on measurement \\"power\\" is type'
            " float, already exists as type string"
            if conflicts
            else "points beyond retention policy"
        )
        return Refusal(f'422: {{"message":"partial write: {why} dropped={len(bad)}"}}', 422)


def find(kinds: list[str], *, tells: bool) -> Store:
    """Write lines of these kinds; check what is refused and what is written."""
    texts = {
        "good": "environment,d={} t=4",
        "like": "power,d={} voltage_v=4",
        "conflict": "power,d={} voltage_v=-4",
        "old": "bus,d={} t=bad",
    }
    lines = [texts[kind].format(index).encode() for index, kind in enumerate(kinds)]
    store = Store(tells=tells)
    refused = asyncio.run(store.write(Lines(lines)))  # type: ignore[arg-type]
    bad = {index for index, kind in enumerate(kinds) if kind in {"conflict", "old"}}
    assert {index for index, _ in refused} == bad
    assert len(refused) == len(bad)
    assert store.written == {line for index, line in enumerate(lines) if index not in bad}
    return store


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["good", "good", "like", "conflict", "old"]), max_size=40),
    tells=st.booleans(),
)
@example(kinds=["old", "good"] * 3 + ["conflict", "like"] * 3, tells=True)
def test_exactly_the_bad_points_are_refused(kinds: list[str], *, tells: bool) -> None:
    """One bad point never blocks its batch, and is never one too many."""
    find(kinds, tells=tells)


def test_points_of_a_wrong_type_are_found_in_two_writes() -> None:
    """Halving five thousand lines for each costs twenty times what the batch costs."""
    kinds = ["good"] * 5_000
    for index in range(0, 5_000, 700):
        kinds[index] = "conflict"
    assert find(kinds, tells=True).writes_count == 2


@pytest.mark.parametrize(
    ("why", "status", "dropped"),
    [
        ("422: partial write: x dropped=3", 422, 3),
        ("400: partial write: x dropped=3", 400, None),
        ("422: something new", 422, None),
    ],
)
def test_only_a_partial_write_says_that_the_rest_is_written(
    why: str, status: int, dropped: int | None
) -> None:
    """What is taken for written and is not would be acknowledged and lost."""
    assert Refusal(why, status).dropped_count == dropped
