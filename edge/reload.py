"""Watches the edge's file: a sound change is applied where it differs, a bad one is told."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING, Final, Never

from edge.site_file import path_of, read_edge
from runtime.settings import SettingsRefused, read_bounded
from wire.control import ConfigReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.catalogue.edge_settings import EdgeSettings
    from edge.fleet import Fleet

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
ERRORS_COUNT_MAX: Final = 50


class Reload:
    """What of the file is in force; `report` is what the edge publishes of it."""

    def __init__(
        self,
        site_dir: Path,
        edge: str,
        settings: EdgeSettings,
        *,
        fleet: Fleet,
        start: Callable[[set[str]], None],
    ) -> None:
        """`start` puts the runners that a change brought to work, by name."""
        self._site_dir, self._edge = site_dir, edge
        self._path = path_of(site_dir, edge)
        self._settings = settings
        self._fleet = fleet
        self._start = start
        self.hash_running = self._digest()
        self._hash_seen = self.hash_running
        self.report = ConfigReport(generation=0, hash=self.hash_running, outcome="running")

    async def run(self) -> Never:
        """Look at the file once a second for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Apply the file when it has changed and is sound; a file half written is looked at again.

        A refused file changes nothing: what ran goes on, and the report says why.
        """
        digest = await asyncio.to_thread(self._digest)
        if digest == self._hash_seen:
            return
        # An editor may be in the middle of it: two looks have to agree.
        await asyncio.sleep(LOOK_S / 5)
        if await asyncio.to_thread(self._digest) != digest:
            return
        self._hash_seen = digest
        if digest == self.hash_running:
            self._tell("running")
            return
        settings, faults = await asyncio.to_thread(read_edge, self._site_dir, self._edge)
        errors = [str(fault) for fault in faults]
        if settings is not None and settings.http != self._settings.http:
            errors.append(
                f"{self._path}: http: can't change while the edge runs. Restart this edge."
            )
        if settings is None or errors:
            log.warning("config_refused", extra={"hash": digest[:12], "errors": errors[:10]})
            self._tell("refused", digest, errors[:ERRORS_COUNT_MAX])
            return
        told = await self._fleet.change(settings)
        self._settings = settings
        self.hash_running = digest
        self._start({name for name, what in told.items() if what != "removed"})
        log.info("config_applied", extra={"hash": digest[:12], "changes": dict(told)})
        self._tell("applied")

    def _digest(self) -> str:
        """Return the hash of the file and of the register maps beside it.

        What can't be read is an edition too: one that is refused with its reason.
        """
        digest = hashlib.sha256()
        maps = sorted((self._site_dir / "maps").glob("*.toml"))
        for path in (self._path, *maps):
            try:
                digest.update(read_bounded(path))
            except (OSError, SettingsRefused) as error:
                digest.update(f"unreadable: {type(error).__name__}".encode())
        return digest.hexdigest()

    def _tell(
        self, outcome: str, digest: str | None = None, errors: list[str] | None = None
    ) -> None:
        self.report = ConfigReport.model_validate(
            {
                "generation": self.report.generation + 1,
                "hash": digest or self.hash_running,
                "outcome": outcome,
                "errors": errors or [],
            }
        )
