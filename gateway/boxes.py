"""What a person decides about an edge's chain: adopt its rows, stop a box, settle a fork."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Literal

from gateway.ledger import heads
from gateway.people import NotAllowed, check_words
from wire.control import Basis, Command, Deadline
from wire.topics import edge_topic

if TYPE_CHECKING:
    from gateway.ledger.store import Tx
    from gateway.live import BoxLive, EdgeLive, Live

Verb = Literal["adopt", "stop", "settle"]

FRESH_S: Final = 6.0
DEADLINE_MS: Final = 20_000


def order(  # noqa: PLR0913 - who decides what about which box, and why
    tx: Tx, live: Live, now_s: float, *, edge: str, boot: str, verb: Verb, by: str, reason: str
) -> None:
    """Journal the decision; send it to the box, or settle the ledger's side. Raises NotAllowed.

    `boot` may be empty when one box only speaks under the edge's name. `adopt`: the box chains its
    rows anew on the ledger's head. `stop`: the box sends nothing any more. `settle`: the rows kept
    aside are no events of this edge; they stay as evidence.
    """
    check_words(by, reason)
    known = live.edges.get(edge)
    if known is None:
        raise NotAllowed("edge", edge, f"not heard since our start: one of {sorted(live.edges)}")
    is_forked = edge in heads.forked(tx.connection)
    if verb == "settle":
        if not is_forked:
            raise NotAllowed("edge", edge, "the ledger keeps no rows of it aside")
        heads.close_fork(tx, edge, by)
        return
    box = _box(known, now_s, boot)
    if verb == "adopt" and box.mode in {"following", "asking"}:
        raise NotAllowed("boot", box.boot, f"its chain is {box.mode}: nothing to adopt")
    if verb == "stop" and box.mode == "stopped":
        raise NotAllowed("boot", box.boot, "it is stopped already")
    tx.record("custody.ordered", edge=edge, boot=box.boot, verb=verb, by=by, reason=reason)
    if verb == "stop" and is_forked:
        heads.close_fork(tx, edge, by)
    command = Command(
        command_id=secrets.token_hex(16),
        deadline=Deadline(boot=box.boot, mono_ms=box.mono_ms_at(now_s) + DEADLINE_MS),
        basis=Basis(seq=0, devices=[]),
    )
    topic = edge_topic(edge, "cmd", "outbox", verb)
    tx.queue("command", topic, command.model_dump(mode="json"))


def _box(edge: EdgeLive, now_s: float, boot: str) -> BoxLive:
    fresh = {one.boot: one for one in edge.boxes.values() if now_s - one.at_s <= FRESH_S}
    if boot:
        if boot not in fresh:
            raise NotAllowed("boot", boot, f"no such box is heard now: one of {sorted(fresh)}")
        return fresh[boot]
    if len(fresh) != 1:
        remedy = f"{len(fresh)} boxes are heard: name the boot of one of {sorted(fresh)}"
        raise NotAllowed("boot", boot, remedy)
    return next(iter(fresh.values()))
