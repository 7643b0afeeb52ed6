"""What the ledger refuses, with the values that made it refuse."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DataError, IntegrityError

UNFIT: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    DataError,
    IntegrityError,
)
"""What content raises that no rule foresaw: it is refused with its reason, nothing stalls.

A database that is away or locked is none of them: that is tried again.
"""


class LedgerError(Exception):
    """The ledger refuses a change; nothing of its transaction stays."""


class UnknownSubject(LedgerError):
    """An entry names a row that does not exist."""

    def __init__(self, table: str, key: str) -> None:
        super().__init__(f"{table} {key!r} is not in the ledger")
        self.table = table
        self.key = key


class BadEntry(LedgerError):
    """An entry's kind or fields are not those of gateway/ledger/entries.py."""


class TransitionRefused(LedgerError):
    """A carton may not go from one duty status to the other."""

    def __init__(
        self, unit: str, *, held: str, wanted: str, why: str = "no such transition"
    ) -> None:
        super().__init__(f"unit {unit} is {held} and can't become {wanted}: {why}")
        self.unit = unit
        self.held = held
        self.wanted = wanted
        self.why = why


class BookOverdrawn(LedgerError):
    """An account-book line would go below zero or pre-deduct more than its balance."""

    def __init__(self, book_line: str, *, balance: int, prededucted: int) -> None:
        super().__init__(
            f"book line {book_line} would hold {balance} cartons with {prededucted} pre-deducted"
        )
        self.book_line = book_line
        self.balance = balance
        self.prededucted = prededucted


class GuaranteeExceeded(LedgerError):
    """The duty at risk would exceed the guarantee's ceiling, or fall below zero."""

    def __init__(self, book: str, *, reserved: int, ceiling: int) -> None:
        super().__init__(f"book {book} would have {reserved} at risk of at most {ceiling}")
        self.book = book
        self.reserved = reserved
        self.ceiling = ceiling


class ForeignDatabase(LedgerError):
    """The database belongs to another ledger than the settings say."""

    def __init__(self, *, found: str, wanted: str) -> None:
        super().__init__(f"the database belongs to ledger {found!r}, the settings name {wanted!r}")
        self.found = found
        self.wanted = wanted


class ForeignSite(LedgerError):
    """The database holds another site's ledger than the settings name."""

    def __init__(self, *, found: str, wanted: str) -> None:
        super().__init__(
            f"the database holds the ledger of {found}, the settings name {wanted}:"
            " give this site's own database"
        )
        self.found = found
        self.wanted = wanted


class Poison(LedgerError):
    """A custody row that can't be decoded or applied: it becomes a dead letter."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        """A topic word."""
        self.detail = detail
