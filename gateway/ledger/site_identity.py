"""Whose ledger a database holds: enterprise, site and book, noted at the first start.

A table of its own, so that a database made before it is only added to; such a one is judged by the
book that its journal opened last.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import Column, String, Table, insert, select

from gateway.ledger import schema
from gateway.ledger.errors import ForeignSite

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.settings import Site

site_identity = Table(
    "site_identity",
    schema.METADATA,
    Column("enterprise", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("book", String(64), nullable=False),
)


def claim(connection: Connection, site: Site) -> None:
    """Note the site in a new database. Raises ForeignSite when it holds another one's ledger."""
    wanted = (site.enterprise, site.site, site.ledger.book)
    row = connection.execute(select(site_identity)).first()
    if row is not None:
        found = (row.enterprise, row.site, row.book)
        if found != wanted:
            raise ForeignSite(found=_words(*found), wanted=_words(*wanted))
        return
    book = _last_book(connection)
    if book not in {None, site.ledger.book}:
        raise ForeignSite(found=f"book {book}", wanted=_words(*wanted))
    connection.execute(
        insert(site_identity),
        {"enterprise": site.enterprise, "site": site.site, "book": site.ledger.book},
    )


def _last_book(connection: Connection) -> str | None:
    table = schema.journal
    body = connection.execute(
        select(table.c.body)
        .where(table.c.kind == "guarantee.opened")
        .order_by(table.c.n.desc())
        .limit(1)
    ).scalar()
    return None if body is None else str(json.loads(body)["book"])


def _words(enterprise: str, site: str, book: str) -> str:
    return f"site {enterprise}/{site}, book {book}"
