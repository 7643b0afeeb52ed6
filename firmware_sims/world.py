"""The world's state: cartons, pallets, trucks, vehicles; kept on disk (pure but for that).

Only `move` changes where a carton is, and it refuses to move one from where it is not: nothing is
made or lost, whatever devices and vehicles do.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GONE: Final = "gone"
EXPECTED: Final = "expected"


class NotThere(Exception):
    """Something was to be moved from a place where it is not."""


@dataclass(slots=True, kw_only=True)
class Carton:
    """A carton with its tag."""

    epc: str
    """24 hex digits, upper case."""
    uri: str
    goods_id: str
    sscc: str
    mass_g: int
    value: int
    place: str = EXPECTED
    on_pallet: bool = True
    tag_works: bool = True
    was_stored: bool = False


@dataclass(slots=True, kw_only=True)
class Pallet:
    """A pallet: its own mass is wood; cartons stand on it until they are picked."""

    sscc: str
    epc: str
    truck_id: str
    wood_g: int
    surplus_g: int = 0
    """What the goods weigh more (or less) than the notice says."""
    place: str = EXPECTED


@dataclass(slots=True, kw_only=True)
class Truck:
    """A truck at a dock or on its way."""

    truck_id: str
    plate: str
    purpose: str
    dock: str
    tare_g: int
    carrier_id: str
    state: str = "coming"  # coming | docked | gone
    plate_told: bool = False
    docked_at_s: float = 0.0


@dataclass(slots=True)
class World:
    """Everything that exists."""

    cartons: dict[str, Carton] = field(default_factory=dict)
    """By EPC, hex."""
    pallets: dict[str, Pallet] = field(default_factory=dict)
    trucks: dict[str, Truck] = field(default_factory=dict)
    vehicles: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By serial: what firmware_sims.vehicle keeps of each."""
    books: dict[str, Any] = field(default_factory=dict)
    """What the platform and the planted faults remember."""
    serial: int = 1000
    received_count: int = 0
    stored_count: int = 0
    dispatched_count: int = 0
    trucks_gone_count: int = 0

    def next_serial(self) -> int:
        """Draw a number that was never used in this world."""
        self.serial += 1
        return self.serial

    def on_pallet(self, sscc: str) -> list[Carton]:
        """Return the cartons that stand on a pallet."""
        return [one for one in self.cartons.values() if one.sscc == sscc and one.on_pallet]

    def at(self, place: str) -> list[Carton]:
        """Return the cartons at a place."""
        return [one for one in self.cartons.values() if one.place == place]

    def pallet_at(self, place: str) -> Pallet | None:
        """Return the pallet at a place."""
        return next((one for one in self.pallets.values() if one.place == place), None)

    def truck_at(self, dock: str) -> Truck | None:
        """Return the truck that stands at a dock."""
        found = (one for one in self.trucks.values() if one.dock == dock and one.state == "docked")
        return next(found, None)

    def move_pallet(self, sscc: str, source: str, target: str) -> None:
        """Move a pallet with all that stands on it. Raises NotThere."""
        pallet = self.pallets.get(sscc)
        if pallet is None or pallet.place != source:
            where = pallet.place if pallet is not None else "nowhere"
            raise NotThere(f"pallet {sscc} is at {where}, not at {source}")
        for carton in self.on_pallet(sscc):
            self._place(carton, target)
        pallet.place = target

    def move_carton(self, carton: Carton, source: str, target: str) -> None:
        """Move one carton, off its pallet when it stood on one. Raises NotThere."""
        if carton.place != source:
            raise NotThere(f"carton {carton.uri} is at {carton.place}, not at {source}")
        carton.on_pallet = False
        self._place(carton, target)

    def _place(self, carton: Carton, target: str) -> None:
        if carton.place == EXPECTED and target.startswith("dock:"):
            self.received_count += 1
        if target.startswith("location:") and not carton.was_stored:
            carton.was_stored = True
            self.stored_count += 1
        if target == GONE:
            self.dispatched_count += 1
        carton.place = target

    def drive_out(self, truck: Truck) -> None:
        """Let a truck leave with all that is on it."""
        for carton in self.at(f"truck:{truck.truck_id}"):
            self.move_carton(carton, carton.place, GONE)
        truck.state = "gone"
        self.trucks_gone_count += 1

    def forget_gone(self, keep_count: int) -> None:
        """Forget the oldest of what has left, so that the world stays bounded."""
        left = [one.epc for one in self.cartons.values() if one.place == GONE]
        for epc in left[: max(0, len(left) - keep_count)]:
            del self.cartons[epc]
        trucks = [one.truck_id for one in self.trucks.values() if one.state == "gone"]
        for truck_id in trucks[: max(0, len(trucks) - 50)]:
            del self.trucks[truck_id]
        empty = [one for one in self.pallets.values() if not self.on_pallet(one.sscc)]
        for pallet in empty:
            if pallet.place.startswith("location:"):
                pallet.place = GONE  # The wood is taken away.
            if pallet.place == GONE:
                del self.pallets[pallet.sscc]


class Store:
    """Keeps the world in one file; a write is whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def load(self) -> World:
        """Return the world as it was left, or a new one."""
        if not self._path.exists():
            return World()
        kept = json.loads(self._path.read_text(encoding="utf-8"))
        return World(
            cartons=_by(kept.pop("cartons"), Carton, "epc"),
            pallets=_by(kept.pop("pallets"), Pallet, "sscc"),
            trucks=_by(kept.pop("trucks"), Truck, "truck_id"),
            **kept,
        )

    def save(self, world: World) -> None:
        """Write the world; call after each move, before anybody is told of it."""
        part = self._path.with_suffix(".part")
        document = {
            "cartons": [asdict(one) for one in world.cartons.values()],
            "pallets": [asdict(one) for one in world.pallets.values()],
            "trucks": [asdict(one) for one in world.trucks.values()],
            "vehicles": world.vehicles,
            "books": world.books,
            "serial": world.serial,
            "received_count": world.received_count,
            "stored_count": world.stored_count,
            "dispatched_count": world.dispatched_count,
            "trucks_gone_count": world.trucks_gone_count,
        }
        with part.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def _by(rows: Iterable[dict[str, Any]], kind: Any, key: str) -> dict[str, Any]:  # noqa: ANN401 - a class
    return {row[key]: kind(**row) for row in rows}
