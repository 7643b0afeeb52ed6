"""Raise, clear and acknowledge an alarm, each as journal entry and as retained topic."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.alarms.definitions import DEFINITIONS
from gateway.ledger import schema
from wire import topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ledger.store import Tx

SLUG_CHARS_MAX: Final = 36
"""The longest definition has 22 letters, and a topic word 64."""
EVENT_TYPE: Final = "entrepot.alarm.event"


def alarm_id(definition: str, subject: str) -> str:
    """Return the topic word of an alarm: `{definition}--{subject}`."""
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-") or "all"
    if len(slug) > SLUG_CHARS_MAX:
        digest = hashlib.sha256(subject.encode()).hexdigest()[:8]
        slug = f"{slug[: SLUG_CHARS_MAX - 9].rstrip('-')}-{digest}"
    return topics.word(f"{definition}--{slug}")


def raise_alarm(tx: Tx, definition: str, subject: str, what: str) -> None:
    """Raise an alarm; one that is active already stays as it is."""
    one = DEFINITIONS[definition]
    name = alarm_id(definition, subject)
    held = _row(tx, name)
    if held is not None and held["cleared_at"] is None:
        return
    tx.record(
        "alarm.raised",
        alarm={
            "alarm_id": name,
            "definition": definition,
            "severity": one.severity,
            "subject": subject,
            "what": what,
            "cause": one.en.cause,
            "consequence": one.en.consequence,
            "remedy": one.en.remedy,
            "since": tx.at,
            "acknowledged_by": None,
            "acknowledged_at": None,
            "cleared_at": None,
        },
    )
    _publish(tx, name)


def is_active(tx: Tx, definition: str, subject: str) -> bool:
    """Tell whether an alarm is raised and not cleared."""
    held = _row(tx, alarm_id(definition, subject))
    return held is not None and held["cleared_at"] is None


def was_cleared_after(tx: Tx, definition: str, subject: str, at: str) -> bool:
    """Tell whether an alarm was cleared later than an instant."""
    held = _row(tx, alarm_id(definition, subject))
    cleared = held["cleared_at"] if held is not None else None
    return cleared is not None and datetime.fromisoformat(cleared) >= datetime.fromisoformat(at)


def clear_alarm(tx: Tx, definition: str, subject: str) -> None:
    """Clear an alarm if it is active, and empty its topic."""
    clear_by_id(tx, alarm_id(definition, subject))


def clear_by_id(tx: Tx, name: str) -> None:
    """Clear an alarm by its id if it is active."""
    held = _row(tx, name)
    if held is None or held["cleared_at"] is not None:
        return
    tx.record("alarm.cleared", alarm_id=name)
    topic = topics.site_topic(tx.site.enterprise, tx.site.site, "alarm", name)
    tx.queue("uns", topic, "", is_retained=True)


def acknowledge(tx: Tx, name: str, by: str) -> bool:
    """Note who has seen an alarm; a latched one ends with it. Return whether it was active."""
    held = _row(tx, name)
    if held is None or held["cleared_at"] is not None:
        return False
    if held["acknowledged_by"] is None:
        tx.record("alarm.acknowledged", alarm_id=name, by=by)
        _publish(tx, name)
    if DEFINITIONS[held["definition"]].is_latched:
        clear_by_id(tx, name)
    return True


def _row(tx: Tx, name: str) -> Mapping[str, Any] | None:
    query = select(schema.alarm).where(schema.alarm.c.alarm_id == name)
    row = tx.connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _publish(tx: Tx, name: str) -> None:
    row = _row(tx, name)
    assert row is not None
    told = (
        "definition",
        "severity",
        "since",
        "subject",
        "what",
        "consequence",
        "remedy",
        "acknowledged_by",
    )
    tx.uns(("alarm", name), EVENT_TYPE, {key: row[key] for key in told}, is_retained=True)
