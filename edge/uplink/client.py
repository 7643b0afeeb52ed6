"""The MQTT client of the uplink: aiomqtt that tells reason codes and notices each loss at once."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any, Final, Self

import aiomqtt
from typing_extensions import override

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

NO_SUBSCRIBER: Final = 16
"""MQTT 5, table 3-4 (PUBACK reason codes): accepted, but nobody subscribes."""


def ping_s_from(keepalive_s: int) -> int:
    """Return the client's ping interval: it gives up after two of them and two ticks of 1 s."""
    assert keepalive_s >= 4  # noqa: PLR2004 - below it no whole second is left
    return int(1.5 * keepalive_s - 2) // 2


class UplinkClient(aiomqtt.Client):
    """Notes publishes that reached no subscriber, and losses before CONNACK: aiomqtt drops both."""

    nobody_listens = False
    """The newest acknowledged publish found no subscriber."""

    @override
    def _on_publish(
        self,
        client: mqtt.Client,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        self.nobody_listens = reason_code.value == NO_SUBSCRIBER
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @override
    async def __aenter__(self) -> Self:
        """Connect; an attempt that fails leaves no socket that a late CONNACK could wake."""
        try:
            return await super().__aenter__()
        except BaseException:
            left = self._client.socket()
            if isinstance(left, socket.socket):
                with contextlib.suppress(OSError):
                    left.shutdown(socket.SHUT_RDWR)
            raise

    @override
    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: Any,
        flags: mqtt.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if not self._connected.done():  # Else the attempt would last its whole time-out.
            self._connected.set_exception(aiomqtt.MqttError("lost before CONNACK"))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
