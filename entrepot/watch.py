"""`entrepot watch`: decoded messages of a broker, one line each."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import sys
from typing import TYPE_CHECKING, Final

import aiomqtt

from runtime.mqtt_url import parse_mqtt_url

if TYPE_CHECKING:
    from collections.abc import Sequence

PAYLOAD_CHARS_MAX: Final = 2_000
ROUND_TRIP_S_MAX: Final = 3.0
FILTER_BYTES_MAX: Final = 65_535


class NotWatchable(Exception):
    """A broker's address or a topic filter that can't be; the message names it."""


def client_of(url: str) -> aiomqtt.Client:
    """Return a client for `mqtt[s]://[user:password@]host[:port]`. Raises NotWatchable."""
    try:
        address = parse_mqtt_url(url)
    except ValueError as error:
        raise NotWatchable(str(error)) from error
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        identifier=f"entrepot-watch-{secrets.token_hex(4)}",
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=ssl.create_default_context() if address.is_tls else None,
    )


def check_filter(topic: str) -> None:
    """Raise NotWatchable when `topic` is no MQTT topic filter."""
    levels = topic.split("/")
    why = ""
    if not topic or "\0" in topic:
        why = "is empty or has a zero byte"
    elif len(topic.encode()) > FILTER_BYTES_MAX:
        why = f"has more than {FILTER_BYTES_MAX} bytes"
    elif any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        why = "has a # that is not its whole last level"
    elif any("+" in level and level != "+" for level in levels):
        why = "has a + that is not a whole level"
    if why:
        raise NotWatchable(f"TOPIC {topic[:80]!r} {why}: give a filter such as wh/v1/#")


async def watch(url: str, topics: Sequence[str]) -> int:
    """Print messages until interrupted; return the exit code. Raises NotWatchable."""
    for topic in topics:
        check_filter(topic)
    try:
        async with client_of(url) as client:
            for topic in topics:
                await client.subscribe(topic, qos=0)
            async for message in client.messages:
                print(line_of(message), flush=True)  # noqa: T201 - the command's result
    except aiomqtt.MqttError as error:
        address = parse_mqtt_url(url)
        where = f"the broker {address.host}:{address.port}"
        print(f"entrepot: {where} is not reachable: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def line_of(message: aiomqtt.Message) -> str:
    """Return one message as a JSON line; an unreadable body says why, in hex."""
    payload = bytes(message.payload or b"")
    told: dict[str, object] = {"topic": str(message.topic)}
    if message.retain:
        told["retained"] = True
    properties = getattr(message.properties, "UserProperty", None)
    if properties:
        told["properties"] = dict(properties)
    try:
        told["body"] = json.loads(payload) if payload else None
    except ValueError as error:
        told["unreadable"] = str(error)
        told["hex"] = payload[: PAYLOAD_CHARS_MAX // 2].hex()
    return json.dumps(told, ensure_ascii=False)


async def round_trip(url: str) -> bool:
    """Tell whether a message comes back."""
    topic = f"wh/v1/probe/{secrets.token_hex(8)}"
    try:
        async with asyncio.timeout(ROUND_TRIP_S_MAX), client_of(url) as client:
            await client.subscribe(topic, qos=0)
            await client.publish(topic, b"1", qos=0)
            await anext(aiter(client.messages))
    except (TimeoutError, OSError, aiomqtt.MqttError):
        return False
    return True
