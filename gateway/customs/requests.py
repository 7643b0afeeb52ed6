"""Answer requests of the platform: read, judge, do, remember (an adapter of the ledger).

Source: the project's contract on the wire, section 6. Whatever the bytes are, there is an answer.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from pydantic import ValidationError
from sqlalchemy import insert, select

from gateway.customs import arrivals, holding, papers, sales
from gateway.customs.problems import Refused, from_validation, problem, shown
from gateway.ledger import journal
from gateway.ledger.errors import UNFIT, LedgerError
from gateway.ledger.schema import request_seen
from wire.requests import REQUEST_KINDS, Answer, Problem, ProblemCode, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.ledger.store import Tx

log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 262_144
REQUEST_ID_CHARS_MAX: Final = 64

Result: TypeAlias = dict[str, object]

_HANDLERS: Final[dict[str, Callable[[Tx, Any], Result]]] = {
    "goods": arrivals.goods,
    "inbound-notice": arrivals.inbound_notice,
    "truck": arrivals.truck,
    "order": sales.order,
    "cancel-order": sales.cancel_order,
    "payment": papers.payment,
    "waybill": papers.waybill,
    "customs-receipt": papers.customs_receipt,
    "hold": holding.hold,
    "release-hold": holding.release_hold,
}


def answer(tx: Tx, kind: str, body: bytes) -> Answer:
    """Do what a request asks, all of it or nothing, and return the answer to send.

    A request id that was answered before gets the same answer if its body is the same.
    """
    try:
        document = _read(body)
    except Refused as refused:
        return Answer(request_id="", accepted=False, problems=refused.problems)
    given = document.get("request_id")
    request_id = given if isinstance(given, str) and _is_id(given) else ""
    digest = hashlib.sha256(journal.canonical([kind, document]).encode()).hexdigest()
    if request_id:
        stored = _stored(tx, request_id, digest)
        if stored is not None:
            return stored
    kept_cause = tx.cause
    tx.cause = f"request:{request_id}"
    try:
        with tx.savepoint():
            result = _do(tx, kind, document)
        done = Answer(request_id=request_id, accepted=True, result=result)
    except Refused as refused:
        done = Answer(request_id=request_id, accepted=False, problems=refused.problems)
    except LedgerError as error:
        told = problem("", "not_allowed", f"{error}: look at its state and ask again")
        done = Answer(request_id=request_id, accepted=False, problems=[told])
    except UNFIT as error:
        log.exception("request_unfit", extra={"kind": kind[:64], "request_id": request_id})
        why = f"{type(error).__name__}: {error}"[:200]
        told = problem("", "not_allowed", f"it could not be applied ({why}): tell the warehouse")
        done = Answer(request_id=request_id, accepted=False, problems=[told])
    finally:
        tx.cause = kept_cause
    if request_id:
        _remember(tx, kind, digest, done)
    return done


def refuse(code: ProblemCode, message: str) -> Answer:
    """Return the answer to a request that is not even read."""
    return Answer(request_id="", accepted=False, problems=[problem("", code, message)])


def _read(body: bytes) -> dict[str, Any]:
    def refuse(code: str, message: str) -> Refused:
        return Refused([Problem(field="", code=cast("Any", code), message=message)])

    if len(body) > BODY_BYTES_MAX:
        raise refuse(
            "too_large", f"{len(body)} bytes, at most {BODY_BYTES_MAX} are read: split the request"
        )
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        is_clean = "\0" not in journal.canonical(document).replace("\\u0000", "\0")
        journal.canonical(document).encode()  # Lone surrogates can't be stored.
    except (ValueError, RecursionError) as error:
        reason = str(error)[:120]
        raise refuse("malformed", f"not readable as JSON in UTF-8: {reason}; send JSON") from error
    if not isinstance(document, dict):
        raise refuse("malformed", f"got {shown(document)}: send a JSON object")
    if not is_clean:
        raise refuse("malformed", "a text holds the character U+0000: leave it out")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _is_id(text: str) -> bool:
    return 0 < len(text) <= REQUEST_ID_CHARS_MAX


def _do(tx: Tx, kind: str, document: dict[str, Any]) -> Result:
    model = REQUEST_KINDS.get(kind)
    if model is None:
        message = f"no request kind {shown(kind)}: use one of {', '.join(REQUEST_KINDS)}"
        raise Refused([problem("", "unknown_kind", message)])
    try:
        request: Request = model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise Refused(from_validation(error)) from error
    return _HANDLERS[kind](tx, request)


def _stored(tx: Tx, request_id: str, digest: str) -> Answer | None:
    row = tx.connection.execute(
        select(request_seen).where(request_seen.c.request_id == request_id)
    ).first()
    if row is None:
        return None
    if row.body_hash == digest:
        return Answer.model_validate_json(row.answer)
    message = (
        f"request_id {shown(request_id)} was used at {row.at} for a {row.kind} request with "
        "another body: draw a new id"
    )
    told = problem("/request_id", "conflict", message)
    return Answer(request_id=request_id, accepted=False, problems=[told])


def _remember(tx: Tx, kind: str, digest: str, done: Answer) -> None:
    tx.connection.execute(
        insert(request_seen),
        {
            "request_id": done.request_id,
            "kind": kind[:32],
            "body_hash": digest,
            "answer": done.model_dump_json(),
            "at": tx.at,
        },
    )
