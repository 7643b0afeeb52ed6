"""Blocks: everything asked for, nothing torn, and what a device refuses is asked otherwise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.modbus.driver import MappedUnit
from edge.devices.modbus.maps import DeviceMap
from edge.errors import NoReply
from edge.modbus.blocks import REMERGE_S_MIN, Block, Blocks, Span, plan
from edge.settings import UnitSettings
from tests.edge.modbus.bench import mastered, play
from tests.edge.modbus.fault_slave import FaultSlave

if TYPE_CHECKING:
    from collections.abc import Iterable

SPANS = st.lists(
    st.builds(
        Span,
        table=st.sampled_from(["holding", "input"]),
        address=st.integers(0, 400),
        count=st.sampled_from([1, 2, 4]),
    ),
    max_size=30,
    unique=True,
)


@given(spans=SPANS, longest=st.integers(4, 125), gap=st.integers(0, 60), data=st.data())
def test_every_span_is_in_one_block_whole(
    spans: list[Span], longest: int, gap: int, data: st.DataObject
) -> None:
    """A float read in two halves is a number that never was."""
    cuts = set(data.draw(st.lists(st.sampled_from(spans), max_size=3))) if spans else set()
    blocks = plan(spans, count_max=lambda _: longest, gap_max=lambda _: gap, cuts=cuts)
    assert sorted(span for block in blocks for span in block.spans) == sorted(spans)
    for block in blocks:
        assert block.count <= longest
        for span in block.spans:
            assert block.address <= span.address
            assert span.end <= block.address + block.count
        assert not cuts.intersection(block.spans[1:])


def holding(addresses: Iterable[int], **limits: int) -> DeviceMap:
    """Return a map of 16-bit registers."""
    registers = [
        {"field": f"value_{at}", "table": "holding", "address": at, "type": "uint16"}
        for at in addresses
    ]
    head = {"title": "t", "source": "s", "verified": "not at all", "kind": "signals"}
    return DeviceMap.model_validate({**head, **limits, "registers": registers})


def polled(
    slave: FaultSlave, device: DeviceMap, *, polls: int
) -> list[tuple[dict[str, float], int]]:
    """Return (values, requests) of each poll."""
    told = []

    async def story() -> None:
        async with mastered(slave) as (master, _):
            settings = UnitSettings(id="u", family="modbus_map", bus="b", unit=1)
            unit = MappedUnit(settings, device, master=master, clock=time.monotonic)
            for _ in range(polls):
                before = len(slave.heard)
                reading = await unit.read("", timeout_s=None)
                told.append((dict(reading.values["signals"]), len(slave.heard) - before))

    play(story)
    return told


def true(addresses: Iterable[int]) -> dict[str, float]:
    """Return what the fault slave holds."""
    return {f"value_{at}": float(at) for at in addresses}


def test_gaps_are_filled_so_that_one_request_does() -> None:
    """Four seconds became 150 ms elsewhere when reads were joined."""
    addresses = [0, 1, 40, 90, 200]
    with FaultSlave() as slave:
        assert polled(slave, holding(addresses), polls=2) == [(true(addresses), 2)] * 2


@pytest.mark.parametrize("cap", [10, 30])
def test_a_device_that_reads_fewer_at_once_is_learnt(cap: int) -> None:
    """The first poll is refused and asked again in parts; the later ones know."""
    addresses = range(60)
    with FaultSlave(words_max=cap) as slave:
        first, second, third = polled(slave, holding(addresses), polls=3)
        assert first[0] == second[0] == third[0] == true(addresses)
        assert third[1] < first[1]
        assert third[1] <= 2 * -(-60 // cap)


def test_an_address_that_is_not_there_costs_only_itself() -> None:
    """One hole in a gap, and one value that the device lacks."""
    addresses = [0, 1, 2, 10, 11, 12]
    with FaultSlave(illegal={5, 11}) as slave:
        rounds = polled(slave, holding(addresses), polls=3)
        assert rounds[-1][0] == true(at for at in addresses if at != 11)
        assert rounds[-1][1] <= 3


def test_a_device_silent_at_long_reads_is_parted() -> None:
    """Some say nothing where the standard asks for exception 3."""

    def short_only(slave: FaultSlave, frame: bytes) -> None:
        if frame[5] <= 8:
            slave.answer(frame)

    addresses = range(16)
    with FaultSlave(acts=[short_only] * 200) as slave:
        got: list[dict[str, float]] = []

        async def story() -> None:
            async with mastered(slave) as (master, _):
                settings = UnitSettings(id="u", family="modbus_map", bus="b", unit=1)
                unit = MappedUnit(settings, holding(addresses), master=master, clock=time.monotonic)
                for _ in range(6):
                    try:
                        reading = await unit.read("", timeout_s=None)
                    except NoReply:
                        continue
                    got.append(dict(reading.values["signals"]))

        play(story)
        assert got[-1] == true(addresses)


def test_a_cut_is_kept_for_an_hour_and_then_tried_without() -> None:
    """Merging at once would ask for the refused block at each poll."""
    spans = [Span(table="holding", address=at, count=1) for at in range(8)]
    blocks = Blocks(spans=spans, count_max=lambda _: 125, gap_max=lambda _: 50)
    (whole,) = blocks.due(0.0)
    blocks.refused(whole, 0.0)
    assert [block.count for block in blocks.due(REMERGE_S_MIN - 1)] == [4, 4]
    (again,) = blocks.due(REMERGE_S_MIN + 1)
    assert isinstance(again, Block)
    blocks.refused(again, REMERGE_S_MIN + 1)
    assert len(blocks.due(2 * REMERGE_S_MIN + 5)) == 2, "the second time it waits twice as long"
    (healed,) = blocks.due(3 * REMERGE_S_MIN + 5)
    blocks.answered(healed, 3 * REMERGE_S_MIN + 5)
    assert len(blocks.due(1e9)) == 1
