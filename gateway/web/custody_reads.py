"""Each edge's custody chain as ledger and boxes tell it: where it stands and who must decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from gateway.ledger import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from gateway.live import Live

Books = dict[str, dict[str, Any]]


def books(connection: Connection) -> Books:
    """Return by edge what the ledger has: head, rows by outcome, rows that wait or stand aside."""
    found: Books = {}
    for row in connection.execute(select(schema.edge_head)).mappings():
        found[row["edge"]] = {
            "head_seq": row["seq"],
            "head_hash": row["hash"],
            "is_forked": bool(row["is_forked"]),
        }
    for name, table in (("pending", schema.pending_row), ("aside", schema.fork_row)):
        for edge, count in _counts(connection, table):
            found.setdefault(edge, {})[f"{name}_count"] = count
    table = schema.custody_row
    odd = (
        select(table.c.edge, table.c.outcome, func.count())
        .where(table.c.outcome != "applied")
        .group_by(table.c.edge, table.c.outcome)
    )
    for edge, outcome, count in connection.execute(odd):
        found.setdefault(edge, {})[f"{outcome}_count"] = count
    return found


def _counts(connection: Connection, table: Table) -> list[tuple[str, int]]:
    query = select(table.c.edge, func.count()).group_by(table.c.edge)
    return [(str(row[0]), int(row[1])) for row in connection.execute(query)]


def edges(live: Live, ledger: Books, now_s: float) -> list[dict[str, Any]]:
    """Return each edge with its boxes; `decide` says what a person may do now."""
    told = []
    for edge in sorted({*ledger, *live.edges}):
        book = ledger.get(edge, {})
        heard = live.edges.get(edge)
        boxes = [] if heard is None else sorted(heard.boxes.values(), key=lambda one: -one.at_s)
        row: dict[str, Any] = {
            "edge": edge,
            "head_seq": book.get("head_seq", 0),
            "head_hash": book.get("head_hash", ""),
            "is_forked": book.get("is_forked", False),
            "is_cloned": heard is not None and heard.is_cloned(now_s),
            "boxes": [
                {
                    "boot": one.boot,
                    "mode": one.mode,
                    "tip_seq": one.tip_seq,
                    "custody_rows": one.custody_rows,
                    "beat_age_s": round(now_s - one.at_s, 1),
                }
                for one in boxes
            ],
        }
        for name in ("pending", "aside", "repeated", "dead", "void"):
            row[f"{name}_count"] = book.get(f"{name}_count", 0)
        row["decide"] = _decisions(row)
        told.append(row)
    return told


def _decisions(row: dict[str, Any]) -> list[str]:
    """Return what a person may decide: `adopt`, `stop`, `settle`."""
    modes = {box["mode"] for box in row["boxes"]}
    found = []
    if modes & {"forked", "exhausted", "stopped"}:
        found.append("adopt")
    if row["is_cloned"] or row["is_forked"] or modes & {"forked", "exhausted"}:
        found.append("stop")
    if row["is_forked"]:
        found.append("settle")
    return found
