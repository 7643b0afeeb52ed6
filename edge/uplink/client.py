"""The MQTT client of the uplink: aiomqtt that also tells the reason code of each PUBACK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aiomqtt
from typing_extensions import override

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

NO_SUBSCRIBER: Final = 16
"""MQTT 5, table 3-4 (PUBACK reason codes): accepted, but nobody subscribes."""


class UplinkClient(aiomqtt.Client):
    """Notes publishes that reached no subscriber; aiomqtt drops the reason code."""

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
