"""`entrepot watch`: decoded messages of a broker, one line each."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiomqtt

if TYPE_CHECKING:
    from collections.abc import Sequence

PAYLOAD_CHARS_MAX: Final = 2_000
ROUND_TRIP_S_MAX: Final = 3.0


def client_of(url: str) -> aiomqtt.Client:
    """Return a client for `mqtt://[user:password@]host:port`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "mqtt" or not parts.hostname:
        raise ValueError(f"--mqtt {url!r}: give mqtt://HOST:PORT")
    return aiomqtt.Client(
        parts.hostname,
        parts.port or 1883,
        username=parts.username,
        password=parts.password,
        identifier=f"entrepot-watch-{secrets.token_hex(4)}",
        protocol=aiomqtt.ProtocolVersion.V5,
    )


async def watch(url: str, topics: Sequence[str]) -> int:
    """Print messages until interrupted; return the exit code."""
    try:
        async with client_of(url) as client:
            for topic in topics:
                await client.subscribe(topic, qos=0)
            async for message in client.messages:
                print(line_of(message), flush=True)  # noqa: T201 - the command's result
    except aiomqtt.MqttError as error:
        print(f"entrepot: {url} is not reachable: {error}", file=sys.stderr)  # noqa: T201
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
