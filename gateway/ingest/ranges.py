"""Sequence numbers as inclusive ranges, for acknowledgements (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RANGES_COUNT_MAX: Final = 256


def ranges_from(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return inclusive ranges that hold exactly `numbers`, ascending."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def acks_from(names: Mapping[str, Iterable[int]]) -> list[dict[str, list[tuple[int, int]]]]:
    """Return `{boot: ranges}` documents of at most 256 ranges each for one edge's seqs by boot."""
    documents: list[dict[str, list[tuple[int, int]]]] = []
    room = 0
    for boot, numbers in names.items():
        for one in ranges_from(numbers):
            if room == 0:
                documents.append({})
                room = RANGES_COUNT_MAX
            documents[-1].setdefault(boot, []).append(one)
            room -= 1
    return documents
