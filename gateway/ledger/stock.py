"""The duty status of a carton: statuses, lawful transitions, receipt codes and invariants (pure).

Source: the project's contract on the wire, section 7; receipt codes of the customs list (清单)
and `stucd` of the gate passport (核放单) in reference/bonded.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Duty status, from documents only."""

    ADVISED = "ADVISED"
    RECEIVED = "RECEIVED"
    BOOKED = "BOOKED"
    ALLOCATED = "ALLOCATED"
    MATCHED = "MATCHED"
    DECLARED = "DECLARED"
    INSPECTION = "INSPECTION"
    DETAINED = "DETAINED"
    SUSPENDED = "SUSPENDED"
    REJECTED = "REJECTED"
    RELEASED = "RELEASED"
    PASSPORT_BOUND = "PASSPORT_BOUND"
    PASSPORT_APPROVED = "PASSPORT_APPROVED"
    GATED_OUT = "GATED_OUT"
    DEDUCTED = "DEDUCTED"
    WRITTEN_OFF = "WRITTEN_OFF"


_S = Status

IN_CUSTOMS: Final = frozenset({_S.DECLARED, _S.INSPECTION, _S.DETAINED, _S.SUSPENDED})
"""Declared, without a last word: receipts move a carton freely among these."""

TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    _S.ADVISED: frozenset({_S.RECEIVED}),
    _S.RECEIVED: frozenset({_S.BOOKED}),
    _S.BOOKED: frozenset({_S.ALLOCATED}),
    # Back: the order was cancelled before its declaration.
    _S.ALLOCATED: frozenset({_S.MATCHED, _S.BOOKED}),
    _S.MATCHED: frozenset({_S.DECLARED, _S.BOOKED}),
    **{
        status: (IN_CUSTOMS - {status}) | {_S.RELEASED, _S.REJECTED}
        for status in sorted(IN_CUSTOMS)
    },
    _S.REJECTED: frozenset(),
    _S.RELEASED: frozenset({_S.PASSPORT_BOUND}),
    # Back: the passport was deleted or declared void; the release stands.
    _S.PASSPORT_BOUND: frozenset({_S.PASSPORT_APPROVED, _S.RELEASED}),
    _S.PASSPORT_APPROVED: frozenset({_S.GATED_OUT, _S.RELEASED}),
    _S.GATED_OUT: frozenset({_S.DEDUCTED}),
    _S.DEDUCTED: frozenset({_S.WRITTEN_OFF}),
    _S.WRITTEN_OFF: frozenset(),
}

NEEDS_NO_HOLD: Final = frozenset({_S.ALLOCATED, _S.PASSPORT_BOUND, _S.GATED_OUT})
"""Any hold keeps a carton from being allocated, bound to a truck, or let out."""

NEEDS_RELEASE: Final = frozenset({_S.PASSPORT_BOUND, _S.PASSPORT_APPROVED, _S.GATED_OUT})

IN_BOND: Final = frozenset(Status) - {_S.ADVISED, _S.GATED_OUT, _S.DEDUCTED, _S.WRITTEN_OFF}
"""Received and not yet past the gate."""

DECLARATION_CODES: Final[dict[int, Status | None]] = {
    100: _S.REJECTED,  # returned
    120: _S.DECLARED,  # accepted; also the way back from an inspection
    300: _S.DECLARED,  # manual review
    399: _S.DECLARED,  # reviewed
    500: _S.INSPECTION,
    501: _S.DETAINED,
    502: _S.DETAINED,
    503: _S.DETAINED,
    599: _S.DETAINED,
    600: _S.SUSPENDED,
    700: _S.REJECTED,  # returned goods
    800: _S.RELEASED,
    899: None,  # closed: writes off what has left, and undoes nothing
}

RELEASED_CODE: Final = 800
CLOSED_CODE: Final = 899

PASSPORT_CODES: Final[dict[int, str]] = {
    0: "applied",
    1: "approved",
    2: "passed",
    3: "approved",  # through the first of two gates: not out yet
    4: "passed",
    5: "deleted",
    6: "void",
}


def transition_fault(held: str, wanted: str, *, holds_count: int, is_released: bool) -> str | None:
    """Say why a carton can't go from status `held` to `wanted`, or None when it may."""
    if wanted not in Status.__members__:
        return f"{wanted!r} is no duty status"
    if Status(wanted) not in TRANSITIONS[Status(held)]:
        return "no such transition"
    if Status(wanted) in NEEDS_NO_HOLD and holds_count > 0:
        return f"{holds_count} open hold(s)"
    if Status(wanted) in NEEDS_RELEASE and not is_released:
        return "customs has not released it (no receipt 800)"
    return None


def book_balance(*, opening: int, taken_in: int, taken_out: int, adjusted: int) -> int:
    """Return the balance of an account-book line, in cartons."""
    return opening + taken_in - taken_out + adjusted


def book_holds(*, balance: int, prededucted: int) -> bool:
    """Tell whether a line keeps its invariant: 0 <= pre-deducted <= balance."""
    return 0 <= prededucted <= balance


def guarantee_holds(*, reserved: int, ceiling: int) -> bool:
    """Tell whether the duty at risk is covered."""
    return 0 <= reserved <= ceiling


def mass_tolerance_g(*, gross_mass_g: int, carton_tolerances_g: float) -> float:
    """Return how far a pallet's weight may lie from its notice.

    The rule: the sum of the cartons' own tolerances plus 0.5 % of the noticed gross mass for
    pallet, film and scale.
    """
    return carton_tolerances_g + 0.005 * gross_mass_g
