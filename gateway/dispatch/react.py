"""React to the world: one pass over everything that dispatch decides. Idempotent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.alarms import climate, rules
from gateway.dispatch import allocation, blocking, gate_work, picking, putaway, transport, waves

if TYPE_CHECKING:
    from gateway.ledger.store import Tx
    from gateway.live import Live


def react(tx: Tx, live: Live, now_mono_s: float) -> None:
    """Make every decision that is due; a pass over an unchanged world changes nothing.

    Args:
        tx: the app's transaction, cause `rule:react`.
        live: what is known of the present.
        now_mono_s: our monotonic clock, seconds.

    """
    climate.watch(tx, live, now_mono_s)
    putaway.put_away(tx)
    allocation.allocate(tx)
    picking.pick(tx)
    waves.run_waves(tx)
    transport.assign(tx, live, now_mono_s)
    gate_work.work(tx, live, now_mono_s)
    blocking.explain(tx)
    rules.apply(tx, live, now_mono_s)
