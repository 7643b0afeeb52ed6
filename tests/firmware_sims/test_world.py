"""The world keeps what it has: cartons are moved, never made or lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sims.world import GONE, NotThere, Store
from tests.firmware_sims.halls import outbound, small_world

PLACES = ("expected", "dock:dock-1", "location:a-01-1", "location:b-02-2", "staging:staging-1",
          "vehicle:picker-1", "truck:OUT-1")  # fmt: skip
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["pallet", "carton", "drive"]),
        st.integers(0, 2),
        st.sampled_from(PLACES),
        st.sampled_from(PLACES),
    ),
    max_size=30,
)


@given(moves=MOVES)
def test_no_carton_is_made_or_lost_whatever_moves(
    moves: list[tuple[str, int, str, str]],
) -> None:
    """What the warehouse's ledger is compared with must itself be sound."""
    world = small_world()
    truck = outbound(world)
    names = set(world.cartons)
    cartons = list(world.cartons.values())
    sscc = cartons[0].sscc
    for what, at, source, target in moves:
        before = {one.epc: one.place for one in cartons}
        try:
            if what == "pallet":
                world.move_pallet(sscc, source, target)
            elif what == "carton":
                world.move_carton(cartons[at], source, target)
            elif truck.state == "docked":
                world.drive_out(truck)
        except NotThere:
            assert {one.epc: one.place for one in cartons} == before
        assert set(world.cartons) == names
        on_pallet = {one.place for one in world.on_pallet(sscc)}
        assert on_pallet <= {world.pallets[sscc].place}
    assert world.dispatched_count == sum(one.place == GONE for one in cartons)
    assert world.stored_count == sum(one.was_stored for one in cartons)
    assert world.received_count <= len(cartons)


def test_a_carton_is_moved_only_from_where_it_is() -> None:
    """After a crash the same order comes again: the second time nothing may move."""
    world = small_world()
    carton = next(iter(world.cartons.values()))
    world.move_carton(carton, "expected", "location:a-01-1")
    with pytest.raises(NotThere, match="location:a-01-1"):
        world.move_carton(carton, "expected", "location:b-02-2")
    assert carton.place == "location:a-01-1"


@given(moves=st.lists(st.sampled_from(PLACES), max_size=5))
def test_a_world_comes_back_from_disk_as_it_was(moves: list[str]) -> None:
    """`kill -9` and a second `make up` go on where the hall stood."""
    world = small_world()
    outbound(world)
    carton = next(iter(world.cartons.values()))
    world.books["mischief"] = {"sample_loaded": "OUT-1"}
    for target in moves:
        world.move_carton(carton, carton.place, target)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "world.json")
        store.save(world)
        assert store.load() == world


def test_what_left_long_ago_is_forgotten_and_nothing_else() -> None:
    """A hall that runs for ever stays bounded."""
    world = small_world(5)
    cartons = list(world.cartons.values())
    for carton in cartons[:3]:
        world.move_carton(carton, "expected", GONE)
    world.forget_gone(1)
    assert [one.epc for one in world.cartons.values()] == [one.epc for one in cartons[2:]]
    assert len(world.pallets) == 1
