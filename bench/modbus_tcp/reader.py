"""`python -m bench.modbus_tcp.reader polling|edge FOLDER URL`: one edge with its Modbus devices."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.app import run_edge
from edge.catalogue import build_runners
from edge.site_file import load_edge
from runtime.clock import SystemClock

if TYPE_CHECKING:
    from edge.ports import Outgoing


async def poll_only(folder: Path) -> None:
    """Run the runners; readings go nowhere."""

    async def emit(outgoing: Outgoing) -> int | None:
        del outgoing
        return None

    settings = load_edge(folder / "site", "bench")
    runners = build_runners(settings, data_dir=folder, clock=SystemClock())
    async with asyncio.TaskGroup() as tasks:
        for runner in runners:
            tasks.create_task(runner.run(emit), name=runner.name)


async def whole(folder: Path, url: str) -> None:
    """Run the edge as it is."""
    await run_edge(
        site_dir=folder / "site", edge="bench", data_dir=folder, mqtt_url=url, ledger="bench"
    )


if __name__ == "__main__":
    where = Path(sys.argv[2])
    asyncio.run(poll_only(where) if sys.argv[1] == "polling" else whole(where, sys.argv[3]))
