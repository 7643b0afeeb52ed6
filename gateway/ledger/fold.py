"""Fold journal entries into the views: the one place that changes a view.

The live ledger and a rebuild run the same fold on their own connection. It reads no clock: an
instant that an entry does not name is the entry's own. It refuses what breaks an invariant.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from gateway.ledger import schema, stock
from gateway.ledger.errors import (
    BadEntry,
    BookOverdrawn,
    GuaranteeExceeded,
    TransitionRefused,
    UnknownSubject,
)
from gateway.ledger.journal import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from sqlalchemy.sql.dml import Delete, Insert, Update

INSERTS: Final[dict[str, tuple[tuple[str, Table], ...]]] = {
    "notice.accepted": (
        ("notice", schema.notice),
        ("pallets", schema.pallet),
        ("units", schema.unit),
    ),
    "order.accepted": (("order", schema.sale),),
    "payment.accepted": (("payment", schema.payment),),
    "waybill.accepted": (("waybill", schema.waybill),),
    "declaration.sent": (("declaration", schema.declaration),),
    "passport.applied": (("passport", schema.passport),),
    "truck.noticed": (("truck", schema.truck),),
    "task.planned": (("task", schema.task),),
    "decision.made": (("decision", schema.decision),),
    "command.sent": (("command", schema.command),),
}

UPSERTS: Final[dict[str, tuple[str, Table]]] = {
    "goods.defined": ("goods", schema.goods),
    "alarm.raised": ("alarm", schema.alarm),  # raised again after a clear: the same id anew
}

CHANGES: Final[dict[str, tuple[str, Table]]] = {
    "order.changed": ("order_id", schema.sale),
    "declaration.changed": ("declaration_id", schema.declaration),
    "passport.changed": ("passport_id", schema.passport),
    "truck.changed": ("truck_id", schema.truck),
    "pallet.changed": ("sscc", schema.pallet),
    "task.changed": ("task_id", schema.task),
}

_AT_COLUMNS: Final = ("at", "changed_at", "created_at", "since", "place_at")


class Moment(NamedTuple):
    """When and why an entry was recorded."""

    at: str
    cause: str


def fold(connection: Connection, kind: str, fields: Mapping[str, object], moment: Moment) -> None:
    """Bring the views up to date with one entry. Raises LedgerError when it breaks a rule."""
    if kind in CHANGES:
        key, table = CHANGES[kind]
        values = dict(_mapping(fields["set"]))
        if "changed_at" in table.c:
            values.setdefault("changed_at", moment.at)
        _change(connection, table, str(fields[key]), values)
    elif kind in INSERTS:
        for name, table in INSERTS[kind]:
            given = fields[name]
            rows = given if isinstance(given, list) else [given]
            _add(connection, table, [_mapping(row) for row in rows], moment)
    elif kind in UPSERTS:
        name, table = UPSERTS[kind]
        row = _mapping(fields[name])
        connection.execute(_delete(table), {"key": row[_key(table)]})
        _add(connection, table, [row], moment)
    elif kind in _OTHERS:
        _OTHERS[kind](connection, fields, moment)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadEntry(f"a row is {type(value).__name__}, not an object")
    return value


def _key(table: Table) -> str:
    return next(iter(table.primary_key.columns)).name


@lru_cache
def _insert(table: Table) -> Insert:
    return insert(table)


@lru_cache
def _delete(table: Table) -> Delete:
    return delete(table).where(table.c[_key(table)] == bindparam("key"))


@lru_cache(maxsize=1_000)
def _update(table: Table, columns: tuple[str, ...]) -> Update:
    return (
        update(table)
        .where(table.c[_key(table)] == bindparam("key_"))
        .values({column: bindparam(column) for column in columns})
    )


def _values(table: Table, row: Mapping[str, object]) -> dict[str, object]:
    unknown = sorted(set(row) - set(table.c.keys()))
    if unknown:
        raise BadEntry(f"table {table.name} has no column {unknown[0]!r}")
    return {
        name: canonical(value) if isinstance(value, list | dict) else value
        for name, value in row.items()
    }


@lru_cache
def _defaults(table: Table) -> dict[str, object]:
    return {
        column.name: column.default.arg
        for column in table.c
        if isinstance(column.default, ScalarElementColumnDefault)
    }


def _add(
    connection: Connection, table: Table, rows: list[Mapping[str, object]], moment: Moment
) -> None:
    instants = dict.fromkeys((name for name in _AT_COLUMNS if name in table.c), moment.at)
    blank = dict.fromkeys(table.c.keys())
    defaults = _defaults(table)
    if rows:
        connection.execute(
            _insert(table),
            [{**blank, **defaults, **instants, **_values(table, row)} for row in rows],
        )


def _change(connection: Connection, table: Table, key: str, values: Mapping[str, object]) -> None:
    ready = _values(table, values)
    done = connection.execute(_update(table, tuple(sorted(ready))), {**ready, "key_": key})
    if done.rowcount != 1:
        raise UnknownSubject(table.name, key)


_UNIT: Final = select(
    schema.unit.c.status, schema.unit.c.holds_count, schema.unit.c.is_released
).where(schema.unit.c.unit == bindparam("key"))


def _unit_changed(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    key = str(fields["unit"])
    values = dict(_mapping(fields["set"]))
    if "status" in values:
        row = connection.execute(_UNIT, {"key": key}).first()
        if row is None:
            raise UnknownSubject("unit", key)
        wanted = str(values["status"])
        if wanted == stock.Status.RELEASED:
            values["is_released"] = True
        fault = stock.transition_fault(
            row.status,
            wanted,
            holds_count=row.holds_count,
            is_released=row.is_released or bool(values.get("is_released")),
        )
        if fault is not None:
            raise TransitionRefused(key, held=row.status, wanted=wanted, why=fault)
    if "place" in values:
        values.setdefault("place_at", moment.at)
        values.setdefault("place_evidence", moment.cause)
        if str(values["place"]).startswith("location:"):
            values["was_stored"] = True
    _change(connection, schema.unit, key, values)


def _add_holds(connection: Connection, unit: str, count: int) -> None:
    table = schema.unit
    done = connection.execute(
        update(table).where(table.c.unit == unit).values(holds_count=table.c.holds_count + count)
    )
    if done.rowcount != 1:
        raise UnknownSubject("unit", unit)


def _hold_placed(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    row = _mapping(fields["hold"])
    _add(connection, schema.hold, [row], moment)
    _add_holds(connection, str(row["unit"]), 1)


def _hold_lifted(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    key = str(fields["hold_id"])
    table = schema.hold
    row = connection.execute(
        select(table.c.unit, table.c.lifted_at).where(table.c.hold_id == key)
    ).first()
    if row is None or row.lifted_at is not None:
        raise UnknownSubject("open hold", key)
    _change(
        connection,
        table,
        key,
        {
            "lifted_at": moment.at,
            "lifted_by": fields["lifted_by"],
            "lift_reason": fields["lift_reason"],
        },
    )
    _add_holds(connection, row.unit, -1)


def _book_opened(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    row = {
        "book_line": fields["book_line"],
        "opening_count": fields["count"],
        "in_count": 0,
        "out_count": 0,
        "adjusted_count": 0,
        "prededucted_count": 0,
    }
    _add(connection, schema.book_line, [row], moment)


def _book_moved(connection: Connection, fields: Mapping[str, object], *, column: str) -> None:
    table = schema.book_line
    key = str(fields["book_line"])
    row = connection.execute(select(table).where(table.c.book_line == key)).mappings().first()
    if row is None:
        raise UnknownSubject("book_line", key)
    amount = fields["count"]
    assert isinstance(amount, int)
    values = {column: row[column] + amount}
    if column == "out_count":
        values["prededucted_count"] = row["prededucted_count"] - amount
    after = {**row, **values}
    balance = stock.book_balance(
        opening=after["opening_count"],
        taken_in=after["in_count"],
        taken_out=after["out_count"],
        adjusted=after["adjusted_count"],
    )
    prededucted = after["prededucted_count"]
    if not stock.book_holds(balance=balance, prededucted=prededucted):
        raise BookOverdrawn(key, balance=balance, prededucted=prededucted)
    _change(connection, table, key, values)


def _book_in(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _book_moved(connection, fields, column="in_count")


def _book_out(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _book_moved(connection, fields, column="out_count")


def _book_prededucted(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _book_moved(connection, fields, column="prededucted_count")


def _book_adjusted(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _book_moved(connection, fields, column="adjusted_count")


def _guarantee_opened(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    table = schema.guarantee
    known = connection.execute(select(table).where(table.c.book == fields["book"])).first()
    if known is None:
        row = {"book": fields["book"], "ceiling": fields["ceiling"], "reserved": 0}
        _add(connection, table, [row], moment)
    else:
        _change(connection, table, str(fields["book"]), {"ceiling": fields["ceiling"]})


def _guarantee_moved(connection: Connection, fields: Mapping[str, object], *, sign: int) -> None:
    table = schema.guarantee
    key = str(fields["book"])
    row = connection.execute(select(table).where(table.c.book == key)).first()
    if row is None:
        raise UnknownSubject("guarantee", key)
    amount = fields["amount"]
    assert isinstance(amount, int)
    reserved = row.reserved + sign * amount
    # Freeing is lawful even where a lowered ceiling is already exceeded.
    ceiling = row.ceiling if sign > 0 else max(row.ceiling, row.reserved)
    if not stock.guarantee_holds(reserved=reserved, ceiling=ceiling):
        raise GuaranteeExceeded(key, reserved=reserved, ceiling=row.ceiling)
    _change(connection, table, key, {"reserved": reserved})


def _guarantee_reserved(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _guarantee_moved(connection, fields, sign=1)


def _guarantee_freed(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    _guarantee_moved(connection, fields, sign=-1)


def _tag_aboard(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    connection.execute(_delete(schema.foreign_tag), {"key": fields["tag"]})
    _add(connection, schema.foreign_tag, [dict(fields)], moment)


def _tag_ashore(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    connection.execute(_delete(schema.foreign_tag), {"key": fields["tag"]})


def _command_ended(connection: Connection, fields: Mapping[str, object], _: Moment) -> None:
    values = {"outcome": fields["outcome"], "reason": fields["reason"]}
    _change(connection, schema.command, str(fields["command_id"]), values)


def _alarm_acknowledged(
    connection: Connection, fields: Mapping[str, object], moment: Moment
) -> None:
    values = {"acknowledged_by": fields["by"], "acknowledged_at": moment.at}
    _change(connection, schema.alarm, str(fields["alarm_id"]), values)


def _alarm_cleared(connection: Connection, fields: Mapping[str, object], moment: Moment) -> None:
    _change(connection, schema.alarm, str(fields["alarm_id"]), {"cleared_at": moment.at})


_OTHERS: Final = {
    "unit.changed": _unit_changed,
    "hold.placed": _hold_placed,
    "hold.lifted": _hold_lifted,
    "book.opened": _book_opened,
    "book.in": _book_in,
    "book.out": _book_out,
    "book.prededucted": _book_prededucted,
    "book.adjusted": _book_adjusted,
    "guarantee.opened": _guarantee_opened,
    "guarantee.reserved": _guarantee_reserved,
    "guarantee.freed": _guarantee_freed,
    "tag.aboard": _tag_aboard,
    "tag.ashore": _tag_ashore,
    "command.ended": _command_ended,
    "alarm.acknowledged": _alarm_acknowledged,
    "alarm.cleared": _alarm_cleared,
}
