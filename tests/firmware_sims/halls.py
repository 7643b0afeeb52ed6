"""A small hall for tests: a clock that stands still until it is moved, one pallet, one truck."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_sims.epc import sgtin96, sgtin_uri, sscc18, sscc96
from firmware_sims.hall import Hall
from firmware_sims.world import Carton, Pallet, Store, Truck, World

if TYPE_CHECKING:
    from pathlib import Path

COMPANY = "0614141"
TARE_G = 2_860_000
CARTON_G = 7_400
MOVER = {"serial": "mover-1", "carries": "pallet", "home": {"x_m": 5.0, "y_m": 10.0}}
PICKER = {"serial": "picker-1", "carries": "carton", "home": {"x_m": 39.0, "y_m": 8.0}}


@dataclass
class Clock:
    """Monotonic seconds, moved by hand."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@dataclass
class Small:
    """The hall and what stands in it."""

    hall: Hall
    world: World
    store: Store
    clock: Clock
    cartons: list[Carton] = field(default_factory=list)


def small_world(cartons_count: int = 3) -> World:
    """Return a world of one pallet that is expected."""
    world = World()
    world.pallets[sscc18(COMPANY, "0000000001")] = Pallet(
        sscc=sscc18(COMPANY, "0000000001"),
        epc=sscc96(COMPANY, "0000000001").hex().upper(),
        truck_id="IN-1",
        wood_g=22_000,
    )
    for serial in range(1, cartons_count + 1):
        epc = sgtin96(COMPANY, "110001", serial).hex().upper()
        world.cartons[epc] = Carton(
            epc=epc,
            uri=sgtin_uri(COMPANY, "110001", serial),
            goods_id="milk-powder",
            sscc=sscc18(COMPANY, "0000000001"),
            mass_g=CARTON_G,
            value=100,
        )
    return world


def small_hall(folder: Path, world: World | None = None) -> Small:
    """Return a hall around a world, saved in `folder`."""
    world = world or small_world()
    store = Store(folder / "hall" / "world.json")
    clock = Clock()
    settings = {"tag_read_ratio": 1.0, "stray_reads_per_s": 0.0}
    hall = Hall(world, store, settings, speed=50.0, rng=random.Random(1), clock=clock)
    return Small(hall, world, store, clock, list(world.cartons.values()))


def outbound(world: World) -> Truck:
    """Let a truck stand at dock-2."""
    truck = Truck(
        truck_id="OUT-1",
        plate="YUB1",
        purpose="outbound",
        dock="dock-2",
        tare_g=TARE_G,
        carrier_id="carrier-air",
        state="docked",
    )
    world.trucks[truck.truck_id] = truck
    return truck
