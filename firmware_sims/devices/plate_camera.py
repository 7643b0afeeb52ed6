"""Plate camera: posts each plate to its edge over HTTP/1.1 until it is taken."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    import random

    from firmware_sims.addresses import Address
    from firmware_sims.field import Field

log = logging.getLogger(__name__)

POLL_S: Final = 0.2
POST_S_MAX: Final = 5.0
RETRY_S_FIRST: Final = 0.2
RETRY_S_MAX: Final = 5.0
TRIES_COUNT_MAX: Final = 200
"""About a quarter of an hour: a truck that stands longer is a person's work."""


class PlateCamera:
    """One camera; `edge` is where it posts to."""

    def __init__(
        self,
        name: str,
        field: Field,
        dock: str,
        *,
        edge: Address,
        rng: random.Random,
    ) -> None:
        self.name = name
        self._field = field
        self._dock = dock
        self._edge = edge
        self._rng = rng

    async def run(self) -> Never:
        """Look for plates for ever."""
        while True:
            plate = self._field.take_plate(self._dock)
            if plate is not None:
                await self._report(plate)
            await asyncio.sleep(POLL_S)

    async def _report(self, plate: str) -> None:
        body = json.dumps(
            {
                "plate": plate,
                "confidence_ratio": round(self._rng.uniform(0.93, 0.99), 3),
                "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
        ).encode()
        retry_s = RETRY_S_FIRST
        problem = ""
        for _ in range(TRIES_COUNT_MAX):
            try:
                status = await self._post(body)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
                problem = str(error) or type(error).__name__
            else:
                if 200 <= status < 300:
                    return
                problem = f"HTTP {status}"
            await asyncio.sleep(retry_s * self._rng.uniform(0.8, 1.2))
            retry_s = min(retry_s * 2, RETRY_S_MAX)
        log.error("plate_lost", extra={"device": self.name, "plate": plate, "error": problem})

    async def _post(self, body: bytes) -> int:
        """Return the status of one POST. Raises OSError, TimeoutError or ValueError."""
        address = self._edge.read()
        host, _, port = address.rpartition(":")
        async with asyncio.timeout(POST_S_MAX):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                head = (
                    f"POST /camera/{self.name} HTTP/1.1\r\nHost: {address}\r\n"
                    "Content-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode("ascii") + body)
                await writer.drain()
                version, status = (await reader.readline()).split(b" ")[:2]
                if not version.startswith(b"HTTP/1."):
                    raise ValueError(f"no HTTP answer: {version!r}")
                return int(status)
            finally:
                writer.close()
