"""The story of a carton, an order, a truck or a pallet: what the journal says of it, folded.

An item is what one transaction did: its sentences, without doubles, and its entries as evidence.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from gateway.ledger import schema
from gateway.web.sentences import person, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

    Saying = dict[str, Any]
    Rows = list[dict[str, Any]]

STORY_COUNT_MAX: Final = 1_200
"""Entries; a carton has about forty."""
PERSON_REACH: Final = 400
"""So many entries of one transaction may lie beside the one that names the subject."""

_LOOKUPS: Final = {
    "hold_id": (schema.hold, ("unit", "kind")),
    "task_id": (schema.task, ("what", "subject", "source", "target", "vehicle", "truck_id")),
    "declaration_id": (schema.declaration, ("order_id",)),
    "passport_id": (schema.passport, ("truck_id", "plate")),
    "command_id": (schema.command, ("truck_id", "device")),
    "alarm_id": (schema.alarm, ("definition", "subject")),
}
"""What an entry that names its subject by an id only is told with."""

_MERGED: Final = {
    "booked": frozenset({"book_in", "guarantee_reserved"}),
    "deducted": frozenset({"book_out"}),
    "written_off": frozenset({"guarantee_freed"}),
    "declared": frozenset({"prededucted", "matched"}),
    "loaded": frozenset({"truck_passed"}),
    "order_state": frozenset({"order_free"}),
    "truck_refused": frozenset({"gate_refused"}),
    "truck_opening": frozenset({"gate_opened", "command"}),
    "sent_away": frozenset({"sent_away_by", "unbound", "order_state", "passport_state"}),
    "sent_away_by": frozenset({"unbound", "passport_state"}),
}
"""Sentences that another one of the same transaction says with them."""

_FOLDED: Final = frozenset({"truck_weighed", "truck_passed", "gate_waits", "order_waits", "loaded"})
"""Of several in a row only the last is told, with how many there were."""


def told(connection: Connection, entries: Rows) -> Rows:
    """Unpack journal rows and add what each says."""
    for one in entries:
        if isinstance(one["body"], str):
            one["body"] = json.loads(one["body"])
    known = _known(connection, [one["body"] for one in entries])
    for one in entries:
        also: dict[str, Any] = {}
        for key in _LOOKUPS:
            also |= known.get((key, str(one["body"].get(key))), {})
        one["says"] = tell(one["kind"], one["cause"], one["body"], also)
    return entries


def _known(
    connection: Connection, bodies: Sequence[dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key, (table, names) in _LOOKUPS.items():
        ids = sorted({str(body[key]) for body in bodies if key in body})
        if not ids:
            continue
        columns = [table.c[key], *(table.c[name] for name in names)]
        for row in connection.execute(select(*columns).where(table.c[key].in_(ids))).mappings():
            found[key, str(row[key])] = {name: row[name] for name in names}
    return found


def entries_about(connection: Connection, texts: Iterable[str]) -> Rows:
    """Return the journal's entries that name any of these texts as a JSON string, oldest first."""
    table = schema.journal
    wanted: list[ColumnElement[bool]] = [
        table.c.body.contains(json.dumps(text), autoescape=True) for text in sorted(set(texts))
    ]
    if not wanted:
        return []
    query = (
        select(table)
        .where(or_(*wanted), table.c.kind != "custody")
        .order_by(table.c.n.desc())
        .limit(STORY_COUNT_MAX)
    )
    found = [dict(row) for row in connection.execute(query).mappings()]
    return found[::-1]


def with_acts(connection: Connection, entries: Rows) -> Rows:
    """Add the orders' entries of each person's act: they keep the reason that was given."""
    table = schema.journal
    have = {one["n"] for one in entries}
    more: Rows = []
    for at, cause in sorted({(one["at"], one["cause"]) for one in entries if person(one["cause"])}):
        own = [one["n"] for one in entries if (one["at"], one["cause"]) == (at, cause)]
        query = select(table).where(
            table.c.n.between(min(own) - PERSON_REACH, max(own) + PERSON_REACH),
            table.c.at == at,
            table.c.cause == cause,
            table.c.kind == "order.changed",
        )
        more += [dict(row) for row in connection.execute(query).mappings()]
    return sorted([*entries, *(one for one in more if one["n"] not in have)], key=lambda o: o["n"])


def story(connection: Connection, entries: Rows, *, keep: Saying) -> Rows:
    """Return the items of a story.

    Sentences about another than `keep` names are left out; those of its subject need not name it.
    """
    items = []
    own = next(iter(keep))
    for (at, cause), group in groupby(
        told(connection, entries), key=lambda one: (one["at"], one["cause"])
    ):
        mine = list(group)
        says = _merged([one for row in mine for one in row["says"] if _is_about(one, keep)])
        for one in says:
            if one.get("of") == own:
                del one["of"]
        if says:
            evidence = [{"n": row["n"], "kind": row["kind"], "hash": row["hash"]} for row in mine]
            items.append({"at": at, "cause": cause, "says": says, "entries": evidence})
    return _folded(items)


def _is_about(saying: Saying, keep: Saying) -> bool:
    """Tell whether a sentence may stand in a story: none names another of its subject's kind."""
    return all(name not in saying or saying[name] in wanted for name, wanted in keep.items())


def _merged(says: list[Saying]) -> list[Saying]:
    keys = {one["say"] for one in says}
    gone = {key for name in keys for key in _MERGED.get(name, ())}
    facts: Saying = {}
    for one in says:
        if one["say"] in gone:
            facts |= {name: one[name] for name in ("line", "reasons") if name in one}
    amount = sum(one.get("amount", 0) for one in says if one["say"].startswith("guarantee_"))
    kept: dict[str, Saying] = {}
    for one in says:
        if one["say"] in gone or (one["say"] == "received" and "booked" in keys):
            continue
        bare = {name: fact for name, fact in one.items() if name != "unit"}
        same = kept.setdefault(json.dumps(bare, sort_keys=True), {**one, "times": 0})
        same["times"] += 1
    for whole in kept.values():
        if whole["say"] in _MERGED:
            whole.update({**facts, **whole})
        if whole["say"] == "sent_away":
            whole["times"] = 1  # Each of its orders tells it.
        if amount and whole["say"] in {"booked", "written_off"}:
            whole["amount"] = amount
    return list(kept.values())


def _folded(items: Rows) -> Rows:
    """Return the items with rows of the same passing sentence told once, by the last of them."""
    kept: Rows = []
    for item in items:
        key = [one["say"] for one in item["says"]]
        before = kept[-1] if kept else None
        if before and set(key) <= _FOLDED and key == [one["say"] for one in before["says"]]:
            item["entries"] = (before["entries"] + item["entries"])[-20:]
            for one, earlier in zip(item["says"], before["says"], strict=True):
                one["times"] += earlier["times"]
            kept[-1] = item
        else:
            kept.append(item)
    return kept
