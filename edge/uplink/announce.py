"""What an edge tells of itself, retained: its state, its configuration, its devices' births."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Never

from wire.control import ConfigReport, DeviceBirth, EdgeState
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edge.uplink.client import UplinkClient

LOOK_S: Final = 2.0


@dataclass(kw_only=True)
class Announcer:
    """Tells each thing once a session, and again when it changed."""

    edge: str
    boot: str
    version: str
    config: Callable[[], ConfigReport]
    """What became of the newest edition of the edge's file."""
    config_hash: Callable[[], str]
    """Of the edition in force."""
    births: Callable[[], Mapping[str, DeviceBirth]]
    _told: dict[str, DeviceBirth] = field(default_factory=dict)
    _config_told: ConfigReport | None = None
    _since_ns: int = 0
    _strays: set[str] = field(default_factory=set)
    """Devices that the broker still tells of and that this edge does not have."""

    def will(self) -> tuple[str, str]:
        """Return topic and body of what the broker says when this edge is gone."""
        gone = EdgeState(online=False, boot=self.boot)
        return edge_topic(self.edge, "state"), gone.model_dump_json()

    def saw(self, device: str) -> None:
        """Note a retained birth that the broker holds."""
        if device not in self.births():
            self._strays.add(device)

    def begin(self) -> None:
        """Forget what an earlier session was told."""
        self._told.clear()
        self._strays.clear()

    async def here(self, client: UplinkClient, since_ns: int) -> None:
        """Say that this edge is here since then."""
        self._since_ns = since_ns
        await self._tell_config(client)

    async def run(self, client: UplinkClient) -> Never:
        """Tell what is news, every two seconds."""
        while True:
            if self.config() != self._config_told:
                await self._tell_config(client)
            births = self.births()
            for device in [*(self._told.keys() - births.keys()), *self._strays]:
                topic = edge_topic(self.edge, "device", device)
                await client.publish(topic, b"", qos=1, retain=True)
                self._told.pop(device, None)
                self._strays.discard(device)
            for device, birth in births.items():
                if self._told.get(device) != birth:
                    topic = edge_topic(self.edge, "device", device)
                    await client.publish(topic, birth.model_dump_json(), qos=1, retain=True)
                    self._told[device] = birth
            await asyncio.sleep(LOOK_S)

    async def _tell_config(self, client: UplinkClient) -> None:
        report = self.config()
        state = EdgeState(
            online=True,
            boot=self.boot,
            version=self.version,
            config_hash=self.config_hash(),
            since=self._since_ns,
        )
        for topic, told in (
            (edge_topic(self.edge, "state"), state),
            (edge_topic(self.edge, "cfg", "reported"), report),
        ):
            await client.publish(topic, told.model_dump_json(), qos=1, retain=True)
        self._config_told = report
