"""The simulated hall, composed: world, devices, vehicles, platform, shift lead."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import tomllib
from typing import TYPE_CHECKING, Any

from firmware_sims import devices
from firmware_sims.addresses import address_of
from firmware_sims.commerce import Commerce
from firmware_sims.control import ControlServer
from firmware_sims.desk import CustomsDesk
from firmware_sims.hall import Hall
from firmware_sims.lead import ShiftLead
from firmware_sims.mischief import Mischief
from firmware_sims.platform import Broker
from firmware_sims.vehicle import Vehicle
from firmware_sims.world import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

log = logging.getLogger(__name__)

SAVE_S = 1.0


async def run_hall(*, site_dir: Path, data_dir: Path, mqtt_url: str, speed: float) -> None:
    """Run the hall until cancelled."""
    settings = tomllib.loads((site_dir / "hall.toml").read_text(encoding="utf-8"))
    site = tomllib.loads((site_dir / "site.toml").read_text(encoding="utf-8"))
    store = Store(data_dir / "hall" / "world.json")
    world = store.load()
    for truck in world.trucks.values():
        # A plate that the camera had not posted when the hall stopped is told again.
        truck.plate_told = truck.plate_told and truck.state != "docked"
        truck.docked_at_s = 0.0
    # A world that goes on draws other numbers than when it began.
    rng = random.Random(f"{settings['seed']}/{world.serial}")  # noqa: S311 - a simulation
    hall = Hall(world, store, settings, speed=speed, rng=rng, clock=time.monotonic)
    manufacturer = site["vda5050"]["manufacturer"]
    vehicles = [Vehicle(spec, manufacturer, hall) for spec in site["vehicles"]]
    broker = Broker(mqtt_url, site, vehicles)
    commerce = Commerce(hall, broker, rng)
    mischief = Mischief(hall, commerce)
    lead = ShiftLead(address_of(settings, data_dir, "gateway"), hall, mischief)
    began_s = time.monotonic()

    def look(path: str) -> dict[str, Any] | None:
        if path == "/health":
            uptime_s = round(time.monotonic() - began_s, 1)
            return {"process": "hall", "status": "ok", "uptime_s": uptime_s}
        if path == "/world":
            return told_world(hall, commerce, lead)
        return None

    def drain() -> None:
        commerce.is_draining = True

    server = ControlServer(
        settings.get("http", "127.0.0.1:0"),
        data_dir / "run" / "hall.http",
        asyncio.get_running_loop(),
        look,
        drain,
    )
    works: list[Awaitable[None]] = [
        broker.run(),
        commerce.run_inbound(),
        commerce.run_orders(),
        commerce.customs.run(),
        commerce.run_outbound(),
        mischief.run_sample(),
        mischief.run_climate(),
        mischief.run_bad_requests(),
        lead.run(),
        CustomsDesk(lead, commerce.customs).run(),
        hall.run_gate("dock-2"),
        _save(hall),
        *(vehicle.run() for vehicle in vehicles),
        *(one.run() for one in devices.build(settings, site, data_dir, hall, rng)),
    ]
    try:
        async with asyncio.TaskGroup() as tasks:
            for work in works:
                tasks.create_task(_awaited(work))
    finally:
        server.close()
        store.save(world)


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def _save(hall: Hall) -> None:
    while True:
        await asyncio.sleep(SAVE_S)
        hall.saved()


def told_world(hall: Hall, commerce: Commerce, lead: ShiftLead) -> dict[str, Any]:
    """Return the world's own count, made from its own moves only."""
    world = hall.world
    return {
        "units": {
            one.epc: {"place": one.place, "goods_id": one.goods_id}
            for one in world.cartons.values()
        },
        "counts": {
            "received": world.received_count,
            "stored": world.stored_count,
            "dispatched": world.dispatched_count,
            "trucks_gone": world.trucks_gone_count,
        },
        "planted": {**world.books.get("planted", {}), **world.books.get("mischief", {})},
        "surprises": commerce.surprises,
        "lead": lead.acts[-20:],
        "is_draining": commerce.is_draining,
        "idle": commerce.is_draining and commerce.is_idle(),
    }
