"""Requests of the platform: each lawful one is answered, unreadable bytes too."""

from __future__ import annotations

import json
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.customs import requests
from gateway.ledger import letters
from wire.topics import site_topic

if TYPE_CHECKING:
    import mqtt5

    from gateway.core import Core
    from gateway.ledger.store import Tx
    from gateway.settings import Site

log = logging.getLogger(__name__)

CORRELATION_BYTES_MAX: Final = 256
KEPT_BYTES_MAX: Final = 65_536
_REPLY_LEVELS: Final = re.compile(r"[A-Za-z0-9._-]{1,64}(/[A-Za-z0-9._-]{1,64}){0,4}")


def request_topic(site: Site) -> str:
    """Return where requests come in."""
    return site_topic(site.enterprise, site.site, "request", "+")


async def take_request(core: Core, packet: mqtt5.PublishPacket) -> None:
    """Do what was asked and queue the answer in the same transaction."""
    await core.transact("request", partial(_take, packet=packet))


def _take(tx: Tx, packet: mqtt5.PublishPacket) -> None:
    kind = packet.topic.rpartition("/")[2]
    reply = packet.response_topic
    correlation = packet.correlation_data or b""
    if reply is not None and not is_lawful_reply(tx.site, reply):
        _bury(tx, packet, "reply-topic", f"response topic {reply[:120]!r} is not below reply/")
        return
    if len(correlation) > CORRELATION_BYTES_MAX:
        _bury(tx, packet, "correlation", f"{len(correlation)} bytes of correlation data")
        return
    if packet.retain:
        # It would come again at each of our starts, long after it was meant.
        answer = requests.refuse("malformed", "a retained request: publish it without the flag")
    else:
        answer = requests.answer(tx, kind, packet.payload)
    if not answer.accepted:
        log.info("request_refused", extra={"kind": kind[:64], "request_id": answer.request_id})
    if reply is not None:
        tx.queue(
            "reply",
            reply,
            json.dumps(answer.model_dump(mode="json"), ensure_ascii=False),
            correlation_hex=correlation.hex(),
        )
    elif not answer.accepted:
        first = answer.problems[0]
        _bury(tx, packet, "request", f"{first.field}: {first.code}: {first.message}")


def is_lawful_reply(site: Site, topic: str) -> bool:
    """Tell whether a response topic is below reply/: any other could name a gate's command."""
    head = site_topic(site.enterprise, site.site, "reply") + "/"
    return topic.startswith(head) and _REPLY_LEVELS.fullmatch(topic[len(head) :]) is not None


def _bury(tx: Tx, packet: mqtt5.PublishPacket, reason: str, detail: str) -> None:
    letters.bury(
        tx,
        reason=reason,
        detail=detail,
        topic=packet.topic[:400],
        body=packet.payload[:KEPT_BYTES_MAX],
    )
