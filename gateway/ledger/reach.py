"""Why a database can't be used, in one sentence: away, or not ours (no SQLAlchemy words)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from gateway.ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_AWAY = (
    "connection refused", "timeout", "timed out", "no route", "network is unreachable",
    "resolve host", "translate host", "closed the connection", "the database system is",
    "database is locked",
)  # fmt: skip
"""What a client says when nobody answers, or not yet; a refused password is not among them."""


class DatabaseAway(LedgerError):
    """The database does not answer now; it may later."""


class DatabaseUnusable(LedgerError):
    """The address, or what lies there, is no database of ours; trying again would not help."""


@contextlib.contextmanager
def told_faults(url: str) -> Iterator[None]:
    """Raise DatabaseAway or DatabaseUnusable for what SQLAlchemy and its driver raise inside."""
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise DatabaseUnusable(
            "--database is no address that is known here:"
            " give postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        ) from error
    except SQLAlchemyError as error:
        why = _first_line(error)
        if any(words in why.lower() for words in _AWAY):
            raise DatabaseAway(f"the database {shown(url)} does not answer: {why}") from error
        raise DatabaseUnusable(f"the database {shown(url)} can't be used: {why}") from error


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite address; None for any other and for one in memory."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or address.database in {None, "", ":memory:"}:
        return None
    return Path(str(address.database))


def shown(url: str) -> str:
    """Return the address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _first_line(error: SQLAlchemyError) -> str:
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(origin).strip().splitlines()
    return lines[0] if lines else type(origin).__name__


def probe(url: str) -> None:
    """Open a connection and close it. Raises DatabaseAway or DatabaseUnusable."""
    with told_faults(url):
        engine = create_engine(url)
        try:
            engine.connect().close()
        finally:
            engine.dispose()
