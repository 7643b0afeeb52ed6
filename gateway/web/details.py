"""Routes and reads of one carton, truck, order, pallet, or of a list of cartons."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Query
from sqlalchemy import or_, select

from gateway.ledger import schema
from gateway.web import stories
from gateway.web.guard import problem
from gateway.web.sentences import person

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from sqlalchemy import ColumnElement, Connection, Select, Table

    from gateway.core import Core

    Row = dict[str, Any]
    Rows = list[Row]

CARTONS_COUNT_MAX: Final = 2_000
LISTS: Final = ("goods_id", "lot", "place", "sscc", "order_id")
"""Columns by which cartons are listed."""


def add_details(app: FastAPI, core: Core) -> None:
    """Add the routes."""
    subjects: dict[str, tuple[str, Callable[..., Row | None]]] = {
        "units": ("unit", unit),
        "trucks": ("truck", truck),
        "orders": ("order", order),
        "pallets": ("pallet", pallet),
    }
    for path, (name, read) in subjects.items():
        app.add_api_route(
            f"/api/{path}/{{name}}",
            _subject(core, name, read),
            methods=["GET"],
            response_model=None,
        )

    @app.get("/api/cartons", response_model=None)
    async def cartons(by: str, value: Annotated[str, Query(max_length=128)]) -> Any:  # noqa: ANN401
        if by not in LISTS:
            return problem(422, "/by", "out_of_range", f"one of {', '.join(LISTS)}")
        found = await core.read(partial(listed, by=by, value=value))
        return {"cartons": found, "by": by, "value": value}


def _subject(core: Core, kind: str, read: Callable[..., Row | None]) -> Callable[[str], Any]:
    async def subject(name: str) -> Any:  # noqa: ANN401 - a row or an error
        found = await core.read(partial(read, name=name))
        if found is None:
            message = f"no {'carton' if kind == 'unit' else kind} {name[:80]!r} in the ledger"
            return problem(404, f"/{kind}", f"unknown_{kind}", message)
        return found

    return subject


def _rows(connection: Connection, query: Select[Any]) -> Rows:
    return [dict(row) for row in connection.execute(query).mappings()]


def _one(connection: Connection, table: Table, where: ColumnElement[bool]) -> Row | None:
    found = _rows(connection, select(table).where(where))
    return found[0] if found else None


def _cartons(connection: Connection, where: ColumnElement[bool]) -> Rows:
    table = schema.unit
    columns = [
        table.c[name]
        for name in (
            "unit", "goods_id", "sscc", "status", "place", "order_id", "holds_count", "lot",
            "expires_on", "passport_id",
        )
    ]  # fmt: skip
    query = select(*columns).where(where).order_by(table.c.unit).limit(CARTONS_COUNT_MAX)
    return _rows(connection, query)


def listed(connection: Connection, by: str, value: str) -> Rows:
    """Return the cartons of a goods, a lot, a place, a pallet or an order."""
    return _cartons(connection, schema.unit.c[by] == value)


def unit(connection: Connection, name: str) -> Row | None:
    """Return a carton with everything the journal says of it, each with its evidence."""
    table, hold, goods = schema.unit, schema.hold, schema.goods
    row = _one(connection, table, or_(table.c.unit == name, table.c.epc_hex == name.upper()))
    if row is None:
        return None
    row["holds"] = _rows(connection, select(hold).where(hold.c.unit == row["unit"]))
    row["goods"] = _one(connection, goods, goods.c.goods_id == row["goods_id"])
    names = [row["unit"], *(one["hold_id"] for one in row["holds"])]
    entries = [
        one
        for one in stories.entries_about(connection, names)
        if one["kind"] not in {"order.changed", "alarm.raised", "task.planned"}
    ]
    entries = stories.with_acts(connection, entries)
    row["story"] = stories.story(connection, entries, keep={"unit": {row["unit"], None}})
    for item in row["story"]:
        for one in item["says"]:
            _only_about(one, row["unit"])
    return row


def _only_about(saying: Row, unit_key: str) -> None:
    """Keep of a refusal what is about this carton, or about no carton."""
    if "reasons" not in saying:
        return
    mine = [one for one in saying["reasons"] if one.get("unit") in {"", None, unit_key}]
    saying["is_others"] = not mine
    saying["reasons"] = mine or saying["reasons"]


def truck(connection: Connection, name: str) -> Row | None:
    """Return a truck with its papers, its cartons and its history."""
    table, passport, sale, command = schema.truck, schema.passport, schema.sale, schema.command
    row = _one(connection, table, table.c.truck_id == name)
    if row is None:
        return None
    row["refusal"] = json.loads(row["refusal"] or "[]")
    row["passports"] = _rows(
        connection,
        select(passport).where(passport.c.truck_id == name).order_by(passport.c.changed_at.desc()),
    )
    for one in row["passports"]:
        one["units"] = json.loads(one["units"])
    # A void passport lists what was to leave; its cartons went back.
    standing = [one for one in row["passports"] if one["state"] not in {"void", "deleted"}]
    wanted = sorted({unit_key for one in standing for unit_key in one["units"]})
    unit_table = schema.unit
    row["manifest"] = _cartons(connection, unit_table.c.unit.in_(wanted))
    row["aboard"] = _cartons(connection, unit_table.c.place == f"truck:{name}")
    row["departed"] = [one for one in row["manifest"] if one["place"] == "gone"]
    row["orders"] = _rows(
        connection,
        select(sale.c.order_id, sale.c.state, sale.c.cutoff_at).where(sale.c.truck_id == name),
    )
    opened = select(command.c.command_id).where(command.c.truck_id == name)
    names = [
        name,
        f"truck:{name}",
        *(one["passport_id"] for one in row["passports"]),
        *connection.execute(opened).scalars(),
    ]
    entries = [
        one
        for one in stories.entries_about(connection, names)
        if one["kind"] not in {"task.planned", "task.changed"}
        and not ('"passport_id":' in one["body"] and one["kind"] == "unit.changed")
    ]
    entries = stories.with_acts(connection, entries)
    row["story"] = stories.story(connection, entries, keep={"truck_id": {name, None}})
    row["sent_away"] = _sent_away(row["story"])
    return row


def _sent_away(story: Rows) -> Row | None:
    """Return who sent a truck away, when and why, newest."""
    for item in reversed(story):
        for one in item["says"]:
            if one["say"] in {"sent_away", "sent_away_by"}:
                by = person(item["cause"])
                return {"by": by, "at": item["at"], "reason": one.get("reason", "")}
    return None


def order(connection: Connection, name: str) -> Row | None:
    """Return an order with its papers, its cartons, its truck and its history."""
    sale, table = schema.sale, schema.truck
    row = _one(connection, sale, sale.c.order_id == name)
    if row is None:
        return None
    row["lines"] = json.loads(row["lines"])
    row["blocked_by"] = json.loads(row["blocked_by"] or "[]")
    papers: dict[str, Rows] = {}
    for kind, paper in (
        ("payment", schema.payment),
        ("waybill", schema.waybill),
        ("declaration", schema.declaration),
    ):
        papers[kind] = _rows(connection, select(paper).where(paper.c.order_id == name))
    row["papers"] = papers
    row["cartons"] = _cartons(connection, schema.unit.c.order_id == name)
    row["truck"] = _one(connection, table, table.c.truck_id == (row["truck_id"] or ""))
    if row["truck"]:
        row["truck"]["refusal"] = json.loads(row["truck"]["refusal"] or "[]")
    names = [name, *(one["declaration_id"] for one in papers["declaration"])]
    entries = [
        one
        for one in stories.entries_about(connection, names)
        if one["kind"] not in {"task.planned", "task.changed", "alarm.raised"}
    ]
    row["story"] = stories.story(connection, entries, keep={"order_id": {name, None}})
    return row


def pallet(connection: Connection, name: str) -> Row | None:
    """Return a pallet with its cartons, its holds, its putaway decision and its history."""
    table, hold, table_unit = schema.pallet, schema.hold, schema.unit
    row = _one(connection, table, table.c.sscc == name)
    if row is None:
        return None
    row["cartons"] = _cartons(connection, table_unit.c.sscc == name)
    row["notice"] = _one(connection, schema.notice, schema.notice.c.notice_id == row["notice_id"])
    row["holds"] = _rows(
        connection,
        select(hold)
        .join(table_unit, table_unit.c.unit == hold.c.unit)
        .where(table_unit.c.sscc == name)
        .order_by(hold.c.since.desc(), hold.c.hold_id),
    )
    decision = schema.decision
    query = select(decision).where(decision.c.sscc == name).order_by(decision.c.at.desc()).limit(3)
    row["decisions"] = _rows(connection, query)
    for one in row["decisions"]:
        one["terms"], one["rejected"] = json.loads(one["terms"]), json.loads(one["rejected"])
    # The cartons of a held pallet are named by the entries of their holds.
    units = [one["unit"] for one in row["holds"]][:60]
    names = [name, *units, *(one["hold_id"] for one in row["holds"][:60])]
    entries = [
        one
        for one in stories.entries_about(connection, names)
        if name in one["body"] or one["kind"] in {"hold.placed", "hold.lifted"}
    ]
    row["story"] = stories.story(connection, entries, keep={"sscc": {name, None}})
    return row
