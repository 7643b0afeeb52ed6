"""Requests about orders: accept within the limits and the stock, take back before declaration."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from gateway.customs import common
from gateway.customs.problems import Refused, problem, shown
from gateway.ledger import documents, schema
from gateway.ledger.store import load_json

if TYPE_CHECKING:
    from gateway.ledger.store import Tx
    from wire.requests import CancelOrder, Order, Problem

_NOT_YET_TAKEN: Final = ("ADVISED", "RECEIVED", "BOOKED")
AGE_MAX: Final = timedelta(days=31)
AHEAD_MAX: Final = timedelta(days=1)
_VOID_STATES: Final = ("cancelled", "refused")


def order(tx: Tx, asked: Order) -> dict[str, object]:
    """Accept an order that the limits allow and the stock, or what is on its way, can fill."""
    row: dict[str, object] = {
        "order_id": asked.order_id,
        "merchant_id": asked.merchant_id,
        "buyer_key": asked.buyer_key,
        "amount": asked.amount,
        "currency": asked.currency,
        "ordered_at": common.instant(asked.ordered_at),
        "cutoff_at": common.instant(asked.cutoff_at),
        "carrier_id": asked.carrier_id,
    }
    lines = [
        {"goods_id": line.goods_id, "cartons_count": line.cartons_count} for line in asked.lines
    ]
    known = common.row_of(tx, schema.sale, asked.order_id)
    if known is not None:
        if common.is_same(known, row) and load_json(known.lines) == lines:
            return {"already": True, "state": known.state}
        message = f"order {asked.order_id} was accepted otherwise and is {known.state}"
        raise Refused([problem("/order_id", "conflict", f"{message}: draw a new order_id")])
    # Which limits hold follows from the dates: they come first.
    problems = _out_of_time(tx, asked) or [*_over_limits(tx, asked), *_unfillable(tx, asked)]
    if problems:
        raise Refused(problems)
    tx.record("order.accepted", order={**row, "lines": lines, "state": "open", "blocked_by": []})
    short = _short_now(tx, asked)
    if short:
        what = "waits for goods to arrive: " + ", ".join(
            f"{count} cartons of {goods_id}" for goods_id, count in sorted(short.items())
        )
        blocked = [{"rule": "stock", "what": what, "who": "receiving"}]
        tx.record("order.changed", order_id=asked.order_id, set={"blocked_by": blocked})
    documents.match(tx, asked.order_id)
    after = common.row_of(tx, schema.sale, asked.order_id)
    assert after is not None
    return {
        "order_id": asked.order_id,
        "state": after.state,
        "blocked_by": load_json(after.blocked_by),
    }


def cancel_order(tx: Tx, asked: CancelOrder) -> dict[str, object]:
    """Take an order back while nothing was declared."""
    known = common.row_of(tx, schema.sale, asked.order_id)
    if known is None:
        message = f"no order {asked.order_id}: look up its order_id"
        raise Refused([problem("/order_id", "unknown_order", message)])
    if known.state == "cancelled":
        return {"already": True}
    if not documents.can_cancel(known.state):
        message = (
            f"order {asked.order_id} is {known.state}: only an order that is not declared yet "
            "can be cancelled; ask for a return instead"
        )
        raise Refused([problem("/order_id", "not_allowed", message)])
    count = documents.cancel(tx, asked.order_id, asked.reason)
    return {"order_id": asked.order_id, "cartons_freed_count": count}


def _out_of_time(tx: Tx, asked: Order) -> list[Problem]:
    """Refuse an order that dates itself into another year's limits, or ends before it begins."""
    now = datetime.fromisoformat(tx.at)
    problems = []
    if not now - AGE_MAX <= asked.ordered_at <= now + AHEAD_MAX:
        message = (
            f"ordered at {asked.ordered_at.isoformat()}, here it is {tx.at}: an order is at most "
            f"{AGE_MAX.days} days old"
        )
        problems.append(problem("/ordered_at", "out_of_range", message))
    if asked.cutoff_at < asked.ordered_at:
        message = f"the cut-off {asked.cutoff_at.isoformat()} lies before the order: give a later"
        problems.append(problem("/cutoff_at", "out_of_range", message))
    return problems


def _over_limits(tx: Tx, asked: Order) -> list[Problem]:
    problems = []
    if asked.currency != tx.site.ledger.currency:
        message = f"the book is kept in {tx.site.ledger.currency}, not {asked.currency}: convert it"
        return [problem("/currency", "out_of_range", message)]
    date = common.local_date(tx.site, asked.ordered_at)
    order_max = tx.site.rule("order_amount_max", date)
    if asked.amount > order_max:
        message = (
            f"amount {asked.amount} is above {order_max:.0f} minor units an order "
            f"(rule order_amount_max on {date}): split the order"
        )
        problems.append(problem("/amount", "over_limit", message))
    year_max = tx.site.rule("person_year_amount_max", date)
    spent = _spent_in_year(tx, asked.buyer_key, date[:4])
    if spent + asked.amount > year_max:
        message = (
            f"with {asked.amount} the buyer would reach {spent + asked.amount} in {date[:4]}, "
            f"above {year_max:.0f} minor units a person and year: wait for the next year"
        )
        problems.append(problem("/amount", "over_limit", message))
    return problems


def _spent_in_year(tx: Tx, buyer_key: str, year: str) -> int:
    table = schema.sale
    rows = tx.connection.execute(
        select(table.c.ordered_at, table.c.amount).where(
            table.c.buyer_key == buyer_key, table.c.state.not_in(_VOID_STATES)
        )
    )
    return sum(
        row.amount
        for row in rows
        if common.local_date(tx.site, datetime.fromisoformat(row.ordered_at))[:4] == year
    )


def _wanted(asked: Order) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in asked.lines:
        wanted[line.goods_id] += line.cartons_count
    return wanted


def _unfillable(tx: Tx, asked: Order) -> list[Problem]:
    """Name the lines that neither the free stock nor what is expected can ever fill."""
    problems = []
    wanted = _wanted(asked)
    known = set(
        tx.connection.execute(
            select(schema.goods.c.goods_id).where(schema.goods.c.goods_id.in_(sorted(wanted)))
        ).scalars()
    )
    promised = _promised(tx)
    for at, line in enumerate(asked.lines):
        if line.goods_id not in known:
            message = f"goods {shown(line.goods_id)} is not defined: send a goods request first"
            problems.append(problem(f"/lines/{at}/goods_id", "unknown_goods", message))
            continue
        free = _count(tx, line.goods_id, _NOT_YET_TAKEN) - promised[line.goods_id]
        if wanted[line.goods_id] > free:
            message = (
                f"{wanted[line.goods_id]} cartons of {line.goods_id} are wanted, {max(free, 0)} "
                "are in stock or expected and not promised: order less, or send a notice first"
            )
            problems.append(problem(f"/lines/{at}/cartons_count", "out_of_range", message))
    return problems


def _promised(tx: Tx) -> Counter[str]:
    """Return how many cartons the orders before this one wait for."""
    promised: Counter[str] = Counter()
    table = schema.sale
    for lines in tx.connection.execute(
        select(table.c.lines).where(table.c.state == "open")
    ).scalars():
        for line in load_json(lines):
            promised[line["goods_id"]] += line["cartons_count"]
    return promised


def _short_now(tx: Tx, asked: Order) -> dict[str, int]:
    return {
        goods_id: count - free
        for goods_id, count in _wanted(asked).items()
        if (free := _count(tx, goods_id, ("BOOKED",))) < count
    }


def _count(tx: Tx, goods_id: str, statuses: tuple[str, ...]) -> int:
    unit = schema.unit
    return int(
        tx.connection.execute(
            select(func.count())
            .select_from(unit)
            .where(unit.c.goods_id == goods_id, unit.c.status.in_(statuses))
        ).scalar_one()
    )
