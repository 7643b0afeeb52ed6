"""What the handlers of requests share: rows by key, instants, identities, dates of the rules."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from wire import epc
from wire.epc import EpcError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Table

    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx
    from gateway.settings import Site


def row_of(tx: Tx, table: Table, key: str) -> AnyRow | None:
    """Return the row with that primary key, or None."""
    column = next(iter(table.primary_key.columns))
    return tx.connection.execute(select(table).where(column == key)).first()


def is_same(known: AnyRow, row: Mapping[str, object]) -> bool:
    """Tell whether a known row says the same as a new one, as far as the new one goes."""
    held = known._asdict()
    return all(held[name] == value for name, value in row.items())


def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 in UTC with milliseconds."""
    text = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def local_date(site: Site, value: datetime) -> str:
    """Return the site's own date (YYYY-MM-DD) of an instant: rules and years follow it."""
    return value.astimezone(ZoneInfo(site.timezone)).date().isoformat()


def carton_identity(text: str) -> tuple[str, str]:
    """Return (pure identity URI, hex) of a carton named by its tag's hex digits or by its URI.

    Raises EpcError for anything but an SGTIN.
    """
    if text.startswith("urn:"):
        hexed = epc.hex_from_uri(text)
        decoded = epc.decode(hexed)
    else:
        decoded = epc.decode(text)
        hexed = decoded.hex
    if decoded.uri is None or not decoded.uri.startswith("urn:epc:id:sgtin:"):
        why = f"its scheme is {decoded.scheme}, not SGTIN"
        raise EpcError("EPC", text, why, "name a carton by its SGTIN")
    return decoded.uri, hexed.upper()
