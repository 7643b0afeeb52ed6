"""What a person may do over the page's API: each act names who, most say why."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI
from fastapi import Path as PathField
from pydantic import BaseModel, ConfigDict, Field

from gateway import boxes, people, replay
from gateway.web import reads
from gateway.web.guard import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.core import Core
    from gateway.flood import Flood
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.telemetry.ports import TelemetryStore

LETTER_ID_MAX: Final = 2**63 - 1
"""A larger number fits no column."""
_NAME: Final = Field(min_length=1, max_length=64)
_REASON: Final = Field(min_length=1, max_length=1_000)


class By(BaseModel):
    """Who acts."""

    model_config = ConfigDict(extra="forbid")
    by: Annotated[str, _NAME]


class Release(By):
    """Who releases what, and why."""

    reason: Annotated[str, _REASON]
    kind: str | None = None


class Reasoned(By):
    """Who decides, and why."""

    reason: Annotated[str, _REASON]


class Replay(Reasoned):
    """A dead letter's replay; `body` replaces its bytes."""

    body: Annotated[str, Field(max_length=60_000)] | None = None


LetterId = Annotated[int, PathField(ge=1, le=LETTER_ID_MAX)]


class BoxOrder(By):
    """What a person decided about an edge's chain, and why."""

    verb: boxes.Verb
    boot: Annotated[str, Field(max_length=64)] = ""
    reason: Annotated[str, _REASON]


def add_acts(app: FastAPI, core: Core, live: Live) -> None:
    """Add what a person does with alarms, holds, trucks and chains."""

    async def act(by: str, work: Callable[[Tx], Any]) -> dict[str, Any]:
        done = await core.transact(f"person:{by}", work)
        return {"done": True, "count": done if isinstance(done, int) else 1}

    @app.post("/api/alarms/{alarm_id}/acknowledge")
    async def acknowledge(alarm_id: str, body: By) -> dict[str, Any]:
        return await act(body.by, partial(people.acknowledge, alarm_id=alarm_id, by=body.by))

    @app.post("/api/holds/{hold_id}/release")
    async def release(hold_id: str, body: Release) -> dict[str, Any]:
        work = partial(people.release_holds, holds=[hold_id], by=body.by, reason=body.reason)
        return await act(body.by, work)

    @app.post("/api/pallets/{sscc}/release-holds")
    async def release_pallet(sscc: str, body: Release) -> dict[str, Any]:
        work = partial(
            people.release_holds, pallet=sscc, by=body.by, reason=body.reason, kind=body.kind
        )
        return await act(body.by, work)

    @app.post("/api/zones/{zone}/release-holds")
    async def release_zone(zone: str, body: Release) -> dict[str, Any]:
        kind = body.kind or "quality"
        work = partial(people.release_holds, zone=zone, by=body.by, reason=body.reason, kind=kind)
        return await act(body.by, work)

    @app.post("/api/trucks/{truck_id}/send-away")
    async def send_away(truck_id: str, body: Release) -> dict[str, Any]:
        work = partial(people.send_truck_away, truck_id=truck_id, by=body.by, reason=body.reason)
        return await act(body.by, work)

    @app.post("/api/edges/{edge}/custody")
    async def order_box(edge: str, body: BoxOrder) -> dict[str, Any]:
        def work(tx: Tx) -> None:
            now_s = time.monotonic()
            boxes.order(
                tx, live, now_s, edge=edge, boot=body.boot, verb=body.verb, by=body.by,
                reason=body.reason,
            )  # fmt: skip

        return await act(body.by, work)


def add_letters(app: FastAPI, core: Core, store: TelemetryStore, flood: Flood) -> None:
    """Add what a person does with dead letters."""

    @app.get("/api/dead-letters/{letter_id}", response_model=None)
    async def letter_body(letter_id: LetterId) -> Any:  # noqa: ANN401 - the letter or an error
        found = await core.read(partial(reads.letter_body, letter_id=letter_id))
        if found is None:
            return problem(404, "/letter_id", "unknown_letter", f"no dead letter {letter_id}")
        return found

    @app.post("/api/dead-letters/{letter_id}/replay")
    async def replay_letter(letter_id: LetterId, body: Replay) -> dict[str, Any]:
        text = None if body.body is None else body.body.encode("utf-8", "surrogatepass")
        await replay.replay(
            core, store, letter_id, by=body.by, reason=body.reason, body=text
        )  # fmt: skip
        return {"done": True, "count": 1}

    @app.post("/api/dead-letters/{letter_id}/discard")
    async def discard_letter(letter_id: LetterId, body: Reasoned) -> dict[str, Any]:
        work = partial(replay.discard, letter_id=letter_id, by=body.by, reason=body.reason)
        await core.transact(f"person:{body.by}", work)
        return {"done": True, "count": 1}

    @app.post("/api/edges/{edge}/dead-letters/allow")
    async def allow_letters(edge: str, body: Reasoned) -> dict[str, Any]:
        def work(tx: Tx) -> None:
            people.check_words(body.by, body.reason)
            tx.record("letters.allowed", edge=edge[:64], by=body.by, reason=body.reason)

        await core.transact(f"person:{body.by}", work)
        flood.allow(edge, time.monotonic())
        return {"done": True, "count": 1}
