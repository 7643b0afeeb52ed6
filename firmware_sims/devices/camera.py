"""A plate camera: posts JSON over HTTP to the edge when a truck has docked, until it is taken."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_sims.field import Field

log = logging.getLogger(__name__)
TRIES_MAX: Final = 200


class PlateCamera:
    """One camera; `target` is HOST:PORT, or a file that holds it."""

    def __init__(self, name: str, field: Field, dock: str, target: Path | str) -> None:
        self.name = name
        self._field = field
        self._dock = dock
        self._target = target

    async def run(self) -> Never:
        """Look for trucks for ever."""
        while True:
            await asyncio.sleep(0.2)
            plate = self._field.take_plate(self._dock)
            if plate is None:
                continue
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            body = json.dumps({"plate": plate, "confidence_ratio": 0.97, "at": at}).encode()
            for _ in range(TRIES_MAX):
                if await asyncio.to_thread(self._post, body):
                    break
                await asyncio.sleep(0.5)

    def _post(self, body: bytes) -> bool:
        try:
            text = self._target if isinstance(self._target, str) else self._target.read_text()
            connection = http.client.HTTPConnection(text.strip(), timeout=5)
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/camera/{self.name}", body=body, headers=headers)
            status = connection.getresponse().status
            connection.close()
        except (OSError, http.client.HTTPException) as error:
            log.debug("camera_waits", extra={"error": str(error)})
            return False
        return status < 300
