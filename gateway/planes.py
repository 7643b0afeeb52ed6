"""The gateway's MQTT sessions, one a plane: each comes back with jitter when it is lost."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Final, Never

from runtime.backoff import Backoff
from runtime.mqtt_session import Session, SessionLost, SessionOptions, first_loss

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import mqtt5

    from gateway.live import Live
    from runtime.clock import Clock
    from runtime.mqtt_url import BrokerAddress

log = logging.getLogger(__name__)

RECONNECT_S_FIRST: Final = 0.2
RECONNECT_S_MAX: Final = 2.0  # The hall is back within 5 s of its network.
TAKING: Final = ("custody", "telemetry")
"""While one of their sessions is not open the gateway does not beat: edges would send in vain."""


class Planes:
    """What the sessions of one run of the process share."""

    def __init__(self, name: str, address: BrokerAddress, live: Live, clock: Clock) -> None:
        self._name = name
        self._address = address
        self._told = live.sessions
        self._clock = clock
        self._boot = secrets.token_hex(4)
        self.keepalive_s = 10
        self.since_ns = 0
        """When a session that takes was opened last: what flew before may be gone."""

    async def hold(
        self,
        plane: str,
        serve: Callable[[Session], Awaitable[None]],
        will: mqtt5.Will | None = None,
        *,
        receive_max: int = 1_000,
    ) -> Never:
        """Hold one session for ever; a failure of `serve` that is not the broker's is raised."""
        backoff = Backoff(first_s=RECONNECT_S_FIRST, limit_s=RECONNECT_S_MAX)
        options = SessionOptions(
            client_id=f"{self._name}-{plane}-{self._boot}",
            will=will,
            receive_max=receive_max,
            keepalive_s=self.keepalive_s,
        )
        is_lost = False
        told = self._told
        told[plane] = "not open yet"
        while True:
            try:
                session = await Session.connect(self._address, options)
            except SessionLost as error:
                told[plane] = str(error)
                if not is_lost:
                    log.warning("session_lost", extra={"plane": plane, "reason": str(error)})
                is_lost = True
                await asyncio.sleep(backoff.next_delay_s())
                continue
            log.info("session_open", extra={"plane": plane})
            opened_s = self._clock.mono_s()
            if plane in TAKING:
                self.since_ns = self._clock.wall_ns()
            is_lost = False
            told[plane] = ""
            try:
                await serve(session)
            except* SessionLost as group:  # Control works in a task group: its losses come so.
                is_lost = True
                told[plane] = reason = str(first_loss(group))
                log.warning("session_lost", extra={"plane": plane, "reason": reason})
            finally:
                told[plane] = told[plane] or "closed"  # By a failure that is not the broker's.
                await session.close()
            if self._clock.mono_s() - opened_s > RECONNECT_S_MAX:
                backoff.reset()  # It served: the next loss is another story.
            await asyncio.sleep(backoff.next_delay_s())
