"""What every configured device tells of itself, and how a link is held for ever."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Literal, Never

from edge.errors import LinkLost
from edge.ports import CommandResult
from runtime.backoff import Backoff
from wire.control import DeviceBirth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edge.links.line import Line
    from runtime.clock import Clock

log = logging.getLogger(__name__)

Status = Literal["starting", "ok", "degraded", "lost", "disabled"]


class Health:
    """A device's status; tells changes in the log, not polls."""

    def __init__(  # noqa: PLR0913 - what a birth says
        self,
        device: str,
        *,
        family: str,
        model: str,
        clock: Clock,
        zone: str = "",
        read_point: str = "",
        channels: Mapping[str, str] | None = None,
    ) -> None:
        self.device = device
        self._family = family
        self._model = model
        self._serial = ""
        self._clock = clock
        self._zone = zone
        self._read_point = read_point
        self._channels = dict(channels or {})
        self._status: Status = "starting"
        self._reason = ""
        self._last_seen: int | None = None
        self.serial = ""

    def told(self, model: str) -> None:
        """Note what the device calls itself."""
        self._model = model or self._model

    def good(self, complaint: str = "") -> None:
        """Note a good answer, and what the device is not able to do all the same."""
        self._last_seen = self._clock.wall_ns()
        self._set("degraded" if complaint else "ok", complaint[:200])

    def bad(self, reason: str, *, status: Status = "lost") -> None:
        """Note why the device can't be believed or reached."""
        self._set(status, reason[:200])

    def _set(self, status: Status, reason: str) -> None:
        if status != self._status:
            event = "device_back" if status == "ok" else "device_lost"
            is_first = self._status == "starting" and status == "ok"
            level = logging.INFO if is_first else logging.WARNING
            log.log(level, event, extra={"device": self.device, "reason": reason})
        self._status, self._reason = status, reason

    def birth(self) -> DeviceBirth:
        """Return the retained birth; its last_seen moves in steps of five seconds."""
        step_ns = 5_000_000_000
        seen = None if self._last_seen is None else self._last_seen // step_ns * step_ns
        return DeviceBirth(
            family=self._family,
            model=self._model,
            serial=self.serial,
            zone=self._zone,
            read_point=self._read_point,
            channels=self._channels,
            status=self._status,
            status_reason=self._reason,
            last_seen=seen,
        )


class Described:
    """A driver without commands."""

    def __init__(self, health: Health) -> None:
        self.health = health
        self.device = health.device

    def birth(self) -> DeviceBirth:
        """Return what is known of the device now."""
        return self.health.birth()

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Refuse: there is nothing to command."""
        return CommandResult(
            outcome="refused", reason=f"{self.device} has no verb {verb!r} ({len(args)} args)"
        )


async def hold(
    line: Line, lost: Callable[[str], None], serve: Callable[[], Awaitable[None]]
) -> Never:
    """Open a line, serve, and open it again for ever when it is lost."""
    backoff = Backoff(first_s=0.2, limit_s=3.0)
    while True:
        try:
            await line.connect()
            backoff.reset()
            await serve()
        except LinkLost as error:
            lost(str(error))
        finally:
            line.close()
        await asyncio.sleep(backoff.next_delay_s())
