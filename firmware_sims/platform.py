"""The platform's line to the warehouse: requests over MQTT until answered, documents back.

Every answer is compared with what was to be expected; a surprise is counted and told by /world.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from firmware_sims.vehicle import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_sims.vehicle import Vehicle

log = logging.getLogger(__name__)

RESEND_S: Final = 3.0
ANSWERS_WAITING_MAX: Final = 1_000


class Broker:
    """The hall's one MQTT session: platform and vehicles share it."""

    def __init__(self, url: str, site: dict[str, Any], vehicles: list[Vehicle]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 1883
        self._login = (parts.username, parts.password)
        self._site = site
        self._uns = f"uns/v1/{site['enterprise']}/{site['site']}"
        vda = site["vda5050"]
        self._vda = f"{vda['interface']}/v2/{vda['manufacturer']}"
        self._vehicles = {one.serial: one for one in vehicles}
        self._client: aiomqtt.Client | None = None
        self._open = asyncio.Event()
        self._answers: dict[bytes, asyncio.Future[dict[str, Any]]] = {}
        self.reply_topic = f"{self._uns}/reply/platform/{secrets.token_hex(4)}"
        self.on_document: Callable[[str, dict[str, Any]], None] = lambda _kind, _data: None

    async def run(self) -> None:
        """Hold the session for ever."""
        while True:
            try:
                await self._serve()
            except* (aiomqtt.MqttError, OSError, TimeoutError) as group:
                log.warning("hall_session_lost", extra={"reason": str(group.exceptions[0])})
            self._client = None
            self._open.clear()
            await asyncio.sleep(0.5)

    async def _serve(self) -> None:
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._login[0],
            password=self._login[1],
            identifier=f"hall-{secrets.token_hex(4)}",
            protocol=aiomqtt.ProtocolVersion.V5,
            keepalive=10,
            max_queued_incoming_messages=5_000,
        )
        async with client:
            await client.subscribe(
                [
                    (self.reply_topic, 1),
                    (f"{self._uns}/customs/+", 1),
                    (f"{self._vda}/+/order", 0),
                    (f"{self._vda}/+/instantActions", 0),
                ]
            )
            self._client = client
            self._open.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(client))
                for vehicle in self._vehicles.values():
                    tasks.create_task(self._tell(client, vehicle))

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            topic, body = str(message.topic), bytes(message.payload or b"")
            if topic == self.reply_topic:
                key = getattr(message.properties, "CorrelationData", b"")
                future = self._answers.get(bytes(key))
                if future is not None and not future.done():
                    with contextlib.suppress(ValueError):
                        future.set_result(json.loads(body))
            elif topic.startswith(f"{self._uns}/customs/"):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self.on_document(topic.rpartition("/")[2], json.loads(body)["data"])
            else:
                serial, _, kind = topic[len(self._vda) + 1 :].partition("/")
                vehicle = self._vehicles.get(serial)
                if vehicle is not None and kind == "order":
                    vehicle.take_order(body)
                elif vehicle is not None:
                    vehicle.take_instant_actions(body)
        raise aiomqtt.MqttError("the broker ended the session")

    async def _tell(self, client: aiomqtt.Client, vehicle: Vehicle) -> None:
        """Publish what a vehicle says: connection and factsheet once, state on each change."""
        head = f"{self._vda}/{vehicle.serial}"
        online = json.dumps(vehicle.connection("ONLINE"))
        await client.publish(f"{head}/connection", online, qos=1, retain=True)
        await client.publish(f"{head}/factsheet", json.dumps(vehicle.factsheet()), qos=0)
        while True:
            await client.publish(f"{head}/state", json.dumps(vehicle.state()), qos=0)
            for _ in range(5):  # Positions come faster than states.
                if await vehicle.wait_changed():
                    break
                body = json.dumps(vehicle.visualization())
                await client.publish(f"{head}/visualization", body, qos=0)

    async def publish_raw(self, kind: str, body: bytes, correlation: bytes) -> None:
        """Publish the bytes of a request once."""
        await self._open.wait()
        client = self._client
        if client is None:
            raise aiomqtt.MqttError("no session")
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = self.reply_topic
        properties.CorrelationData = correlation
        topic = f"{self._uns}/request/{kind}"
        await client.publish(topic, body, qos=1, properties=properties, timeout=10)

    async def ask_raw(self, kind: str, body: bytes) -> dict[str, Any]:
        """Publish bytes until they are answered; the same bytes each time."""
        key = secrets.token_bytes(8)
        loop = asyncio.get_running_loop()
        while True:
            future: asyncio.Future[dict[str, Any]] = loop.create_future()
            self._answers[key] = future
            try:
                await self.publish_raw(kind, body, key)
                async with asyncio.timeout(RESEND_S):
                    return await future
            except (aiomqtt.MqttError, TimeoutError, OSError):
                await asyncio.sleep(0.2)
            finally:
                self._answers.pop(key, None)

    async def ask(self, kind: str, request_id: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a request until it is answered; return the answer."""
        body = {"request_id": request_id, "sent_at": now(), **fields}
        return await self.ask_raw(kind, json.dumps(body, ensure_ascii=False).encode())
