"""Which registers are read together: as few requests as a device allows, no value torn (pure).

A device may refuse a block: it reads fewer at once than the standard allows, or an address in
between is not there. What was refused is parted, and stays parted, until it is time to try whether
the device takes it now (an hour, doubling to a day).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edge.modbus.pdu import Table

REMERGE_S_MIN: Final = 3_600.0
REMERGE_S_MAX: Final = 86_400.0
RETRY_S_MIN: Final = 60.0
"""A single value that was refused is asked for again after this, doubling to an hour."""
RETRY_S_MAX: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Registers or bits that belong together: `count` of them from `address`."""

    table: Table
    address: int
    count: int

    @property
    def end(self) -> int:
        """Return the address behind it."""
        return self.address + self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One request, and the spans that its answer holds."""

    table: Table
    address: int
    count: int
    spans: tuple[Span, ...]


@dataclass(slots=True)
class _Cut:
    until_s: float
    wait_s: float


@dataclass(kw_only=True)
class Blocks:
    """The blocks of one device's poll, and what the device taught."""

    spans: Sequence[Span]
    count_max: Callable[[Table], int]
    gap_max: Callable[[Table], int]
    _cuts: dict[Span, _Cut] = field(default_factory=dict)
    """A block never reaches across the beginning of these."""
    _illegal: dict[Span, _Cut] = field(default_factory=dict)
    _planned: list[Block] | None = None
    _look_again_s: float = 0.0

    def due(self, now_s: float) -> list[Block]:
        """Return the blocks to ask for now."""
        if self._planned is None or now_s >= self._look_again_s:
            cuts = {span for span, cut in self._cuts.items() if cut.until_s > now_s}
            illegal = {span for span, cut in self._illegal.items() if cut.until_s > now_s}
            spans = [one for one in self.spans if one not in illegal]
            self._planned = plan(spans, count_max=self.count_max, gap_max=self.gap_max, cuts=cuts)
            ends = [cut.until_s for cut in (*self._cuts.values(), *self._illegal.values())]
            self._look_again_s = min((one for one in ends if one > now_s), default=float("inf"))
        return self._planned

    def illegal(self, now_s: float) -> list[Span]:
        """Return the values that the device says it does not have."""
        return [span for span, cut in self._illegal.items() if cut.until_s > now_s]

    def refused(self, block: Block, now_s: float) -> None:
        """Part a block that the device refused; a single value is left out for a while."""
        self._planned = None
        if len(block.spans) == 1:
            span, table = block.spans[0], self._illegal
            first_s, last_s = RETRY_S_MIN, RETRY_S_MAX
        else:
            span, table = _weakest(block.spans), self._cuts
            first_s, last_s = REMERGE_S_MIN, REMERGE_S_MAX
        known = table.get(span)
        wait_s = min(2 * known.wait_s, last_s) if known else first_s
        table[span] = _Cut(until_s=now_s + wait_s, wait_s=wait_s)

    def answered(self, block: Block, now_s: float) -> None:
        """Forget what the device refused once and takes now."""
        for table in (self._cuts, self._illegal):
            if not table:
                continue
            spans = block.spans[1:] if table is self._cuts else block.spans
            for span in spans:
                if span in table and table[span].until_s <= now_s:
                    del table[span]


def plan(
    spans: Iterable[Span],
    *,
    count_max: Callable[[Table], int],
    gap_max: Callable[[Table], int],
    cuts: set[Span] | frozenset[Span] = frozenset(),
) -> list[Block]:
    """Return the blocks that cover every span: none torn, none longer than the device takes."""
    blocks: list[Block] = []
    held: list[Span] = []
    end = 0
    for span in sorted(spans):
        if held:
            table, first = held[0].table, held[0].address
            fits = (
                span.table == table
                and span not in cuts
                and span.address - end <= gap_max(table)
                and max(end, span.end) - first <= count_max(table)
            )
            if not fits:
                blocks.append(_block(held, end))
                held = []
        end = max(end, span.end) if held else span.end
        held.append(span)
    if held:
        blocks.append(_block(held, end))
    return blocks


def _block(spans: Sequence[Span], end: int) -> Block:
    first = spans[0]
    return Block(
        table=first.table, address=first.address, count=end - first.address, spans=tuple(spans)
    )


def _weakest(spans: Sequence[Span]) -> Span:
    """Return the span before which to part: behind the largest hole, else in the middle."""
    holes = [later.address - earlier.end for earlier, later in pairwise(spans)]
    largest = max(holes)
    if largest > 0:
        return spans[holes.index(largest) + 1]
    return spans[len(spans) // 2]
