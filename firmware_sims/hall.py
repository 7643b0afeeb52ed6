"""The hall: the world in motion, and what devices sense of it (implements `field.Field`)."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from firmware_sims.field import Climate, TagInField

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from firmware_sims.world import Carton, Store, Truck, World

FIELD_S_MIN: Final = 3.0
"""A tag stays in a field at least so long, wall time, however fast the world goes."""
PORTAL_HALF_S: Final = 1.7
EYE_S: Final = 0.8
DRIVE_OUT_S: Final = 2.0
BEAM_RATIO: Final = 0.2
"""So far out the truck breaks the exit beam; from there it goes on whatever the gate does."""
RESUME_S: Final = 4.0
"""A truck that was in the beam when the hall stopped waits so long: its edge may be starting."""
STRONG_DBM: Final = -52
WEAK_DBM: Final = -68
_SEASONS: Final = {"ambient": (21.0, 47.0), "cool": (5.0, 70.0), "frozen": (-20.0, 60.0)}


@dataclass(slots=True)
class Passage:
    """A carton on its way through a portal."""

    carton: Carton
    is_out: bool
    began_s: float


@dataclass(slots=True)
class Gate:
    """Coils and beams of a dock's PLC."""

    coils: dict[str, bool] = field(default_factory=dict)
    exit_began_s: float | None = None


class Hall:
    """Physics. Wall seconds come from `clock`; the world is `speed` times as fast."""

    def __init__(
        self,
        world: World,
        store: Store,
        settings: dict[str, Any],
        *,
        speed: float,
        rng: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self.world = world
        self.store = store
        self.speed = speed
        self.rng = rng
        self.clock = clock
        self.settings = settings
        self.gates: dict[str, Gate] = {}
        self.portal_free: dict[str, asyncio.Lock] = {}
        self.passages: dict[str, Passage] = {}
        self.put_down_s: dict[str, float] = {}
        self.air_shift_c: dict[str, float] = {}
        self._in_beam: dict[str, str] = world.books.setdefault("in_beam", {})
        """By dock, the truck that reached the exit beam; kept, so that a restart goes on."""
        self._stray_until: dict[str, tuple[float, TagInField]] = {}

    def saved(self) -> None:
        """Put the world on disk."""
        self.store.save(self.world)

    # ---- what devices sense ------------------------------------------------------------------

    def tags(self, read_point: str) -> list[TagInField]:
        """Return the tags in a reader's field now, strays included."""
        found = self._standing(read_point) + self._passing(read_point)
        stray = self._stray(read_point)
        return [*found, stray] if stray is not None else found

    def _standing(self, read_point: str) -> list[TagInField]:
        pallet = self.world.pallet_at(f"dock:{read_point}")
        if pallet is None:
            return []
        ratio = float(self.settings.get("tag_read_ratio", 0.75))
        tags = [_tag(pallet.epc, STRONG_DBM, ratio)]
        tags += [
            _tag(one.epc, STRONG_DBM - (at % 5) * 2, ratio if one.tag_works else 0.0)
            for at, one in enumerate(self.world.on_pallet(pallet.sscc))
        ]
        return tags

    def _passing(self, read_point: str) -> list[TagInField]:
        passage = self.passages.get(read_point)
        if passage is None:
            return []
        ratio = float(self.settings.get("tag_read_ratio", 0.75))
        if not passage.carton.tag_works:
            ratio = 0.0
        is_first_half = self.clock() - passage.began_s < PORTAL_HALF_S
        is_inner = is_first_half == passage.is_out
        near, far = (1, 2) if is_inner else (2, 1)
        return [
            _tag(passage.carton.epc, STRONG_DBM, ratio, antenna=near),
            _tag(passage.carton.epc, WEAK_DBM, ratio * 0.25, antenna=far),
        ]

    def _stray(self, read_point: str) -> TagInField | None:
        """Now and then a tag from somewhere else answers once."""
        now_s = self.clock()
        until_s, tag = self._stray_until.get(read_point, (-1.0, None))
        if tag is not None and now_s < until_s:
            return tag
        rate = float(self.settings.get("stray_reads_per_s", 0.05))
        if self.rng.random() < rate / 20:  # Asked about 20 times a second.
            stored = [one for one in self.world.cartons.values() if one.place.startswith("loc")]
            if stored:
                stray = _tag(self.rng.choice(stored).epc, WEAK_DBM, 1.0)
                self._stray_until[read_point] = (now_s + 0.05, stray)
                return stray
        return None

    def mass_g(self, read_point: str) -> float:
        """Return the true mass on the floor scale or the weighbridge."""
        truck = self.world.truck_at(read_point)
        if truck is not None and truck.purpose == "outbound":
            return self._truck_mass_g(truck)
        pallet = self.world.pallet_at(f"dock:{read_point}")
        if pallet is None:
            return 0.0
        goods = sum(one.mass_g for one in self.world.on_pallet(pallet.sscc))
        return float(pallet.wood_g + goods + pallet.surplus_g)

    def _truck_mass_g(self, truck: Truck) -> float:
        if self._progress(truck.dock) > 0.5:  # It has left the bridge.
            return 0.0
        aboard = self.world.at(f"truck:{truck.truck_id}")
        return float(truck.tare_g + sum(one.mass_g for one in aboard))

    def climate(self, zone: str, probe: int) -> Climate:
        """Return the air at a probe: slow drift, a little apart from the next probe."""
        base_c, base_percent = _SEASONS.get(zone, _SEASONS["ambient"])
        hours = self.clock() * self.speed / 3600
        drift = math.sin(hours * 2 * math.pi / 24 + len(zone)) * 0.8
        apart = ((probe * 37) % 7 - 3) * 0.08
        shift = self.air_shift_c.get(zone, 0.0)
        return Climate(
            temperature_c=base_c + drift + apart + shift + self.rng.gauss(0, 0.03),
            humidity_percent=min(99.0, base_percent + 4 * drift + self.rng.gauss(0, 0.2)),
            co2_ppm=520 + 60 * drift + self.rng.gauss(0, 3),
        )

    def input_is_on(self, dock: str, channel: str) -> bool:
        """Return a photo-eye or switch."""
        if channel == "gate-closed":
            return not self.gate(dock).coils.get("gate", False)
        if channel == "truck-present":
            return self.world.truck_at(dock) is not None
        if channel == "exit-beam":
            return 0.2 < self._progress(dock) < 0.6
        passage = self.passages.get(dock)
        if passage is None:
            return False
        first, second = ("eye-inner", "eye-outer") if passage.is_out else ("eye-outer", "eye-inner")
        since_s = self.clock() - passage.began_s
        if channel == first:
            return 0.3 < since_s < 0.3 + EYE_S
        return channel == second and PORTAL_HALF_S + 0.3 < since_s < PORTAL_HALF_S + 0.3 + EYE_S

    def set_coil(self, dock: str, channel: str, *, is_on: bool) -> None:
        """Drive an output."""
        self.gate(dock).coils[channel] = is_on

    def take_plate(self, dock: str) -> str | None:
        """Return the plate of a truck that has just docked, once."""
        truck = self.world.truck_at(dock)
        if truck is None or truck.plate_told:
            return None
        truck.plate_told = True
        self.saved()
        return truck.plate

    # ---- what moves -------------------------------------------------------------------------

    def gate(self, dock: str) -> Gate:
        """Return a dock's gate."""
        return self.gates.setdefault(dock, Gate())

    def _progress(self, dock: str) -> float:
        """Return how far the truck is on its way out, 0 to 1."""
        began_s = self.gate(dock).exit_began_s
        return 0.0 if began_s is None else min(1.0, (self.clock() - began_s) / DRIVE_OUT_S)

    def _leaving(self, dock: str) -> bool:
        """Tell whether the truck at a dock has reached the exit beam: it can't come back."""
        truck = self.world.truck_at(dock)
        return truck is not None and self._in_beam.get(dock) == truck.truck_id

    async def pass_portal(self, carton: Carton, dock: str, source: str, target: str) -> None:
        """Carry a carton through a dock's portal, on to its truck or off it. Raises NotThere."""
        is_out = target.startswith("truck:")
        lock = self.portal_free.setdefault(dock, asyncio.Lock())
        async with lock:
            self.passages[dock] = Passage(carton, is_out, self.clock())
            try:
                await asyncio.sleep(2 * PORTAL_HALF_S)
                if is_out and self.world.truck_at(dock) is None:
                    return
                self.world.move_carton(carton, source, target)
                self.saved()
            finally:
                del self.passages[dock]
            await asyncio.sleep(0.6)  # The next one keeps its distance.

    def dock_truck(self, truck: Truck) -> None:
        """Let a truck that is coming stand at its dock."""
        truck.state = "docked"
        truck.docked_at_s = self.clock()
        self.saved()

    def put_on_scale(self, sscc: str, dock: str) -> None:
        """Put a pallet on the floor scale, tags in the field."""
        self.world.move_pallet(sscc, "expected", f"dock:{dock}")
        self.put_down_s[sscc] = self.clock()
        self.saved()

    def may_leave_field(self, sscc: str) -> bool:
        """Tell whether a pallet has been in the field for long enough to be taken away."""
        return self.clock() - self.put_down_s.get(sscc, -1e9) >= FIELD_S_MIN

    async def run_gate(self, dock: str) -> None:
        """Let the truck drive out whenever the gate is open for long enough."""
        waiting: Truck | None = None
        if self._leaving(dock):
            self.gate(dock).exit_began_s = self.clock() + RESUME_S
        while True:
            await asyncio.sleep(0.05)
            truck = self.world.truck_at(dock)
            gate = self.gate(dock)
            if truck is not None and self._leaving(dock):
                if self._progress(dock) >= 1.0:
                    self.world.drive_out(truck)
                    gate.exit_began_s = None
                    del self._in_beam[dock]
                    self.saved()
                continue
            if truck is None or truck.purpose != "outbound" or not gate.coils.get("gate"):
                gate.exit_began_s = None
                waiting = truck
                continue
            if truck is not waiting or self.clock() - truck.docked_at_s < FIELD_S_MIN:
                continue  # The gate may still stand open from the truck before: not for this one.
            if gate.exit_began_s is None:
                gate.exit_began_s = self.clock()
            if self._progress(dock) >= BEAM_RATIO:
                self._in_beam[dock] = truck.truck_id
                self.saved()


def _tag(epc: str, rssi_dbm: int, ratio: float, *, antenna: int = 1) -> TagInField:
    return TagInField(epc=bytes.fromhex(epc), rssi_dbm=rssi_dbm, read_ratio=ratio, antenna=antenna)
