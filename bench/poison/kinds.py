"""Messages that nothing can be made of, of eight kinds, each made from a sound one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bench.ingest.fill import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.ingest.fill import Message

OVERSIZE_BYTES: Final = 70_000
REFUSED: Final = "power"
"""Of this measurement the store holds texts where numbers belong: it refuses them."""


def _bent(message: Message, **changes: object) -> Message:
    topic, body, properties = message
    return topic, json.dumps(json.loads(body) | changes).encode(), properties


def _refused(message: Message) -> Message:
    topic, body, properties = message
    told = {key: value for key, value in json.loads(body).items() if key in {"t_ns", "clock"}}
    text = json.dumps(told | {"voltage_v": 230.5}, separators=(",", ":"))
    return topic.replace("/environment/", f"/{REFUSED}/"), text.encode(), properties


KINDS: Final[dict[str, tuple[str, Callable[[Message], Message]]]] = {
    "bad JSON": ("body", lambda one: (one[0], one[1][:-1], one[2])),
    "wrong type": ("body", lambda one: _bent(one, temperature_c="warm")),
    "not a number": ("body", lambda one: _bent(one, temperature_c=float("nan"))),
    "unknown kind": ("kind", lambda one: (one[0].replace("/environment/", "/weather/"), *one[1:])),
    "bad properties": ("properties", lambda one: (*one[:2], (("boot", "b"), ("seq", "first")))),
    "no word": ("topic", lambda one: (one[0].replace("/probe-", "/Probe "), *one[1:])),
    "oversize": ("size", lambda one: _bent(one, note="x" * OVERSIZE_BYTES)),
    "refused by the store": ("store", _refused),
}
"""By name: the reason of its dead letter, and how it is made."""


def poisoned(count: int, poison_count: int) -> Iterator[Message]:
    """Yield `count` sound messages and, spread among them, so many that are not."""
    makers = [make for _, make in KINDS.values()]
    every = (count + poison_count) // poison_count if poison_count else 0
    made = 0
    for index, message in enumerate(messages(count + poison_count)):
        # The spare ones first bend what comes, so that both have the same times.
        if made < poison_count and index % every == every // 2:
            yield makers[made % len(makers)](message)
            made += 1
        else:
            yield message
    assert made == poison_count


def reasons(poison_count: int) -> dict[str, int]:
    """Return how many dead letters of each reason are due."""
    due: dict[str, int] = {}
    for index, (reason, _) in enumerate(KINDS.values()):
        due[reason] = due.get(reason, 0) + len(range(index, poison_count, len(KINDS)))
    return {reason: count for reason, count in due.items() if count}
