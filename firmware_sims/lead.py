"""The shift lead: does over the page's HTTP API what a person would, and nothing else."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from firmware_sims.addresses import Address
    from firmware_sims.hall import Hall
    from firmware_sims.mischief import Mischief

log = logging.getLogger(__name__)

NAME: Final = "shift-lead"
LOOK_S: Final = 1.0
THINK_S: Final = 3.0
"""A person reads before they act; wall seconds."""
CALM_S: Final = 5.0


class NoPage(Exception):
    """The page is away."""


class ShiftLead:
    """Looks at the page every second and acts on what it says."""

    def __init__(self, gateway: Address, hall: Hall, mischief: Mischief) -> None:
        self._gateway = gateway
        self._hall = hall
        self._mischief = mischief
        self._first_seen_s: dict[str, float] = {}
        self.acts: list[str] = []

    async def run(self) -> None:
        """Work for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except (NoPage, KeyError, TypeError) as error:
                log.debug("lead_waits", extra={"error": str(error)})

    async def _look(self) -> None:
        alarms = (await self.get("/api/alarms"))["alarms"]
        active = [one for one in alarms if one["cleared_at"] is None]
        for alarm in active:
            if alarm["acknowledged_by"] is None and self._is_ripe(f"alarm/{alarm['alarm_id']}"):
                path = f"/api/alarms/{alarm['alarm_id']}/acknowledge"
                await self._post(path, {"by": NAME})
        await self._look_at_trucks()
        await self._look_at_holds([one["definition"] for one in active])

    async def _look_at_trucks(self) -> None:
        for truck in (await self.get("/api/trucks"))["trucks"]:
            key = f"truck/{truck['truck_id']}"
            if truck["state"] == "refused" and self._is_ripe(key):
                reason = "refused at the gate: unload, and leave empty"
                path = f"/api/trucks/{truck['truck_id']}/send-away"
                await self._post(path, {"by": NAME, "reason": reason})

    async def _look_at_holds(self, active: list[str]) -> None:
        holds = (await self.get("/api/holds"))["holds"]
        pallets = {one["sscc"] for one in holds if one["kind"] == "discrepancy"}
        for sscc in sorted(pallets):
            if not self._is_ripe(f"pallet/{sscc}"):
                continue
            if self._mischief.relabel(sscc):
                # The new tags are to be read before anybody signs for them.
                self._first_seen_s[f"pallet/{sscc}"] = self._hall.clock() + 1.0
                continue
            body = {"by": NAME, "reason": "counted and weighed by hand", "kind": "discrepancy"}
            await self._post(f"/api/pallets/{sscc}/release-holds", body)
        quality = [one for one in holds if one["kind"] == "quality"]
        if not quality or "climate-excursion" in active:
            self._first_seen_s.pop("quality", None)
            return
        if self._is_ripe("quality", CALM_S):
            for hold in quality:
                body = {"by": NAME, "reason": "probe in the core: within limits"}
                await self._post(f"/api/holds/{hold['hold_id']}/release", body)

    def _is_ripe(self, key: str, after_s: float = THINK_S) -> bool:
        """Tell whether something has been seen for long enough to act."""
        now_s = self._hall.clock()
        first_s = self._first_seen_s.setdefault(key, now_s)
        if now_s - first_s < after_s:
            return False
        del self._first_seen_s[key]
        return True

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what the page answers. Raises NoPage."""
        return await asyncio.to_thread(self._call, "GET", path, None)

    async def _post(self, path: str, body: dict[str, str]) -> None:
        answer = await asyncio.to_thread(self._call, "POST", path, body)
        self.acts.append(f"{path}: {json.dumps(answer)[:120]}")
        del self.acts[:-100]
        log.info("lead_acts", extra={"path": path})

    def _call(self, method: str, path: str, body: dict[str, str] | None) -> Any:  # noqa: ANN401 - JSON
        try:
            address = self._gateway.read()
        except OSError as error:
            raise NoPage(str(error)) from error
        try:
            connection = http.client.HTTPConnection(address, timeout=10)
        except http.client.InvalidURL as error:
            raise NoPage(str(error)) from error
        try:
            payload = json.dumps(body).encode() if body is not None else None
            headers = {"Content-Type": "application/json"} if payload else {}
            connection.request(method, path, body=payload, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= http.HTTPStatus.BAD_REQUEST:
                raise NoPage(f"{answer.status} {path}: {text[:200]!r}")
            return json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoPage(str(error)) from error
        finally:
            connection.close()
