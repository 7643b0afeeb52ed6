"""Receiving: compare a loaded scale with the notice, then receive and book, or hold.

The rule: the carton tags on the scale equal the notice's, and the weight lies within the sum of the
cartons' tolerances plus 0.5 % of the noticed gross mass (gateway/ledger/stock.py).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.ledger import holds, stock
from gateway.ledger.schema import goods, guarantee, pallet, unit
from wire.epc import EpcError, sscc18_from_uri

if TYPE_CHECKING:
    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx
    from wire.events import Load

_SSCC_PREFIX: Final = "urn:epc:id:sscc:"
_SGTIN_PREFIX: Final = "urn:epc:id:sgtin:"
_TAGS_LISTED_MAX: Final = 10


def sscc_of(uri: str) -> str | None:
    """Return the 18 digits of a pallet's tag, or None for any other identity."""
    if not uri.startswith(_SSCC_PREFIX):
        return None
    try:
        return sscc18_from_uri(uri)
    except EpcError:
        return None


def seen(tx: Tx, unit_key: str, dock: str) -> None:
    """Note that an expected carton was seen at a dock; the transaction's cause proves it."""
    tx.record("unit.changed", unit=unit_key, set={"place": f"dock:{dock}", "seen_at_dock": True})


def compare(tx: Tx, event: Load) -> None:
    """Judge a load. A pallet that was judged before, or that nobody noticed, is left alone."""
    tags = {tag for tag in event.epcs if tag.startswith(_SGTIN_PREFIX)}
    sscc, has_label = _pallet_of(tx, event, tags)
    if sscc is None:
        return
    noticed = tx.connection.execute(select(pallet).where(pallet.c.sscc == sscc)).one()
    cartons = _cartons(tx, sscc)
    _put_at_dock(tx, noticed, cartons, tags, event)
    faults = _faults(tx, noticed, cartons, tags, event.mass_g)
    if not has_label:
        faults.append(f"the pallet's own tag {sscc} was not read")
    if faults:
        reason = f"pallet {sscc}: " + "; ".join(faults)
        for carton in cartons:
            holds.place(tx, carton.unit, kind="discrepancy", reason=reason, by="rule:receiving")
    if not holds.pallet_is_held(tx, sscc):
        _receive(tx, sscc)


def receive_after_hold(tx: Tx, sscc: str) -> bool:
    """Receive and book a judged pallet once no hold is left on it; tell whether it did.

    Call it after a hold was lifted. A carton that was missed at the dock counts as seen there by
    the one who lifted the hold: the transaction's cause is its proof.
    """
    row = tx.connection.execute(select(pallet).where(pallet.c.sscc == sscc)).first()
    if row is None or row.state != "arrived" or row.weighed_mass_g is None:
        return False
    if holds.pallet_is_held(tx, sscc):
        return False
    for carton in _cartons(tx, sscc):
        if carton.place == "expected":
            tx.record("unit.changed", unit=carton.unit, set={"place": row.place})
    return _receive(tx, sscc)


def _cartons(tx: Tx, sscc: str) -> list[AnyRow]:
    return list(
        tx.connection.execute(
            select(
                unit.c.unit,
                unit.c.place,
                unit.c.status,
                unit.c.duty,
                goods.c.book_line,
                goods.c.carton_mass_g,
                goods.c.mass_tolerance_ratio,
            )
            .join(goods, goods.c.goods_id == unit.c.goods_id)
            .where(unit.c.sscc == sscc)
            .order_by(unit.c.unit)
        ).all()
    )


def _pallet_of(tx: Tx, event: Load, tags: set[str]) -> tuple[str | None, bool]:
    """Return the unjudged pallet that most tags belong to, and whether its label was read."""
    labels = {sscc for tag in event.epcs if (sscc := sscc_of(tag)) is not None}
    votes: Counter[str] = Counter(
        tx.connection.execute(select(unit.c.sscc).where(unit.c.unit.in_(sorted(tags)))).scalars()
    )
    open_ssccs = set(
        tx.connection.execute(
            select(pallet.c.sscc).where(
                pallet.c.sscc.in_(sorted(labels | set(votes))),
                pallet.c.state.in_(("expected", "arrived")),
                pallet.c.weighed_mass_g.is_(None),
            )
        ).scalars()
    )
    ranked = sorted(open_ssccs, key=lambda sscc: (sscc in labels, votes[sscc], sscc))
    return (ranked[-1], ranked[-1] in labels) if ranked else (None, False)


def _put_at_dock(
    tx: Tx,
    noticed: AnyRow,
    cartons: list[AnyRow],
    tags: set[str],
    event: Load,
) -> None:
    tx.record(
        "pallet.changed",
        sscc=noticed.sscc,
        set={
            "state": "arrived",
            "place": f"dock:{event.read_point}",
            "weighed_mass_g": round(event.mass_g),
        },
    )
    for carton in cartons:
        if carton.unit in tags and carton.place == "expected":
            seen(tx, carton.unit, event.read_point)


def _faults(
    tx: Tx,
    noticed: AnyRow,
    cartons: list[AnyRow],
    tags: set[str],
    mass_g: float,
) -> list[str]:
    faults = []
    wanted = {carton.unit for carton in cartons}
    missing = sorted(wanted - tags)
    if missing:
        faults.append(
            f"{len(missing)} of {len(wanted)} noticed tags were not read: {_listed(missing)}"
        )
    extra = sorted(tags - wanted - _judged(tx, tags))
    if extra:
        faults.append(f"{len(extra)} tags are not in the notice: {_listed(extra)}")
    tolerance_g = stock.mass_tolerance_g(
        gross_mass_g=noticed.gross_mass_g,
        carton_tolerances_g=sum(one.carton_mass_g * one.mass_tolerance_ratio for one in cartons),
    )
    difference_g = mass_g - noticed.gross_mass_g
    if abs(difference_g) > tolerance_g:
        faults.append(
            f"weighs {mass_g:.0f} g, noticed {noticed.gross_mass_g} g: "
            f"{difference_g:+.0f} g, allowed ±{tolerance_g:.0f} g"
        )
    return faults


def _judged(tx: Tx, tags: set[str]) -> set[str]:
    """Return the tags of cartons whose own pallet was judged before: strays from the floor."""
    return set(
        tx.connection.execute(
            select(unit.c.unit)
            .join(pallet, pallet.c.sscc == unit.c.sscc)
            .where(unit.c.unit.in_(sorted(tags)), pallet.c.weighed_mass_g.is_not(None))
        ).scalars()
    )


def _listed(tags: list[str]) -> str:
    more = len(tags) - _TAGS_LISTED_MAX
    return ", ".join(tags[:_TAGS_LISTED_MAX]) + (f" and {more} more" if more > 0 else "")


def _receive(tx: Tx, sscc: str) -> bool:
    """RECEIVED, then BOOKED as one pallet, if the guarantee covers its duty."""
    cartons = _cartons(tx, sscc)
    for carton in cartons:
        if carton.status == stock.Status.ADVISED:
            tx.record("unit.changed", unit=carton.unit, set={"status": stock.Status.RECEIVED.value})
    unbooked = [one for one in cartons if one.status in {"ADVISED", "RECEIVED"}]
    duty = sum(one.duty for one in unbooked)
    book = tx.site.ledger.book
    account = tx.connection.execute(select(guarantee).where(guarantee.c.book == book)).one()
    if not stock.guarantee_holds(reserved=account.reserved + duty, ceiling=account.ceiling):
        reason = (
            f"pallet {sscc}: its duty of {duty} would raise the duty at risk of book {book} from "
            f"{account.reserved} above the guarantee of {account.ceiling}"
        )
        for carton in unbooked:
            holds.place(tx, carton.unit, kind="customs", reason=reason, by="rule:guarantee")
        return False
    for carton in unbooked:
        tx.record("book.in", book_line=carton.book_line, count=1, unit=carton.unit)
        tx.record("guarantee.reserved", book=book, amount=carton.duty, unit=carton.unit)
        tx.record("unit.changed", unit=carton.unit, set={"status": stock.Status.BOOKED.value})
    tx.record("pallet.changed", sscc=sscc, set={"state": "checked"})
    return True
