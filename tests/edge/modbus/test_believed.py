"""No fault of a bus reaches a reading: register N of the slave holds N, so a wrong one shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from edge.errors import BadReply, NoReply
from edge.modbus.pdu import Refused, read
from edge.modbus.wire_rtu import BlockTooLong
from tests.edge.modbus import fault_slave as play_of
from tests.edge.modbus.bench import mastered, play, words
from tests.edge.modbus.fault_slave import FaultSlave

if TYPE_CHECKING:
    from collections.abc import Callable

    Act = Callable[[FaultSlave, bytes], None]


@pytest.mark.parametrize("delay_s", [0.13, 0.2, 0.3])
def test_a_late_answer_is_never_that_of_the_next_question(delay_s: float) -> None:
    """Pymodbus gave the registers of address 0 for address 100, and called it no error."""

    async def story() -> None:
        with FaultSlave(acts=[play_of.slow(delay_s)]) as slave:
            async with mastered(slave) as (master, wire):
                with pytest.raises(NoReply):
                    await words(master, 0, 2)
                got = []
                for address in (100, 200, 300, 400):
                    try:
                        got.append((address, await words(master, address, 2)))
                    except (NoReply, BadReply):
                        continue
                assert got
                assert all(told == (address, address + 1) for address, told in got)
                assert not wire.strays, "a unit that answers late is no second device"

    play(story)


def test_a_late_answer_behind_any_number_of_timeouts_is_not_believed() -> None:
    """A unit so slow that it always answers the question before the last."""

    async def story() -> None:
        with FaultSlave(acts=[play_of.late(0.15)] * 12) as slave:
            async with mastered(slave) as (master, _):
                for address in range(0, 600, 50):
                    try:
                        told = await words(master, address, 2)
                    except (NoReply, BadReply):
                        continue
                    assert told == (address, address + 1)

    play(story)


def test_who_stops_waiting_leaves_no_answer_on_the_line() -> None:
    """After a cancel pymodbus took the cancelled answer for the next one's."""

    async def story() -> None:
        with FaultSlave(acts=[play_of.slow(0.05)]) as slave:
            async with mastered(slave) as (master, _):
                asking = asyncio.create_task(words(master, 0, 2))
                await asyncio.sleep(0.02)  # It is on the wire now; the answer is still to come.
                asking.cancel()
                assert await words(master, 100, 2) == (100, 101)

    play(story)


@pytest.mark.parametrize(
    "act",
    [
        play_of.other_function,
        play_of.other_unit,
        play_of.short_count,
        play_of.noise_inside,
        play_of.torn,
        play_of.twice,
        play_of.noise_after(b"\x01\x03\x04\x00\x07"),
    ],
)
def test_what_is_not_the_answer_is_refused_and_the_next_one_is_right(act: Act) -> None:
    """A wrong function, unit, count or sum, half a frame, two devices on one address."""

    async def story() -> None:
        with FaultSlave(acts=[act]) as slave:
            async with mastered(slave) as (master, _):
                with pytest.raises((BadReply, NoReply)):
                    await words(master, 0, 4)
                assert await words(master, 100, 4) == (100, 101, 102, 103)

    play(story)


@pytest.mark.parametrize(
    "act",
    [
        play_of.noise_before(b"\x00"),
        play_of.noise_before(b"\xff"),
        play_of.noise_before(b"\x01"),
        play_of.noise_before(b"\x01\x03"),
        play_of.noise_before(b"\x01\x03\x08\x01\x03\x08"),
        play_of.noise_after(b"\x00"),
        play_of.noise_after(b"\xff\x00"),
        play_of.in_pieces,
    ],
)
def test_a_good_frame_among_noise_is_used(act: Act) -> None:
    """One byte of a driver that switches must not cost a reading."""

    async def story() -> None:
        with FaultSlave(acts=[act]) as slave:
            async with mastered(slave) as (master, _):
                assert await words(master, 7, 4) == (7, 8, 9, 10)

    play(story)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11])
def test_an_exception_is_no_value(code: int) -> None:
    """Busy was recorded as 0 elsewhere."""

    async def story() -> None:
        with FaultSlave(acts=[play_of.exception(code)]) as slave:
            async with mastered(slave) as (master, _):
                with pytest.raises(Refused) as refused:
                    await words(master, 0, 2)
                assert refused.value.code == code
                assert await words(master, 50, 2) == (50, 51)

    play(story)


def test_an_echo_is_no_answer() -> None:
    """An adapter that echoes, with and without a device behind it."""

    async def story() -> None:
        with FaultSlave(is_echoing=True) as slave:
            async with mastered(slave) as (master, wire):
                assert await words(master, 5, 3) == (5, 6, 7)
                assert wire.is_echoing is True
        with FaultSlave(is_echoing=True, units=set()) as slave:
            async with mastered(slave) as (master, wire):
                with pytest.raises(NoReply):
                    await words(master, 5, 3)
                assert wire.is_echoing is True

    play(story)


def test_a_unit_that_speaks_unasked_is_named() -> None:
    """Two devices of one address, the second one slower."""

    async def story() -> None:
        with FaultSlave(units={1, 2}) as slave:
            async with mastered(slave) as (master, wire):
                await words(master, 0, 2)
                slave.say(play_of.sealed(b"\x02\x03\x02\x00\x05"))
                while not wire.strays:
                    assert await words(master, 10, 2) == (10, 11)
                assert list(wire.strays) == [2]

    play(story)


def test_a_line_that_is_never_silent_is_said_to_be_so() -> None:
    """A device that streams on the pair would garble every answer."""

    async def story() -> None:
        with FaultSlave(units=set()) as slave:
            async with mastered(slave) as (master, _):
                is_over = asyncio.Event()

                async def chatter() -> None:
                    while not is_over.is_set():
                        slave.say(b"\x55" * 16)
                        await asyncio.sleep(0.001)

                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(chatter())
                    with pytest.raises((BadReply, NoReply)):
                        await words(master, 0, 2)
                    is_over.set()

    play(story)


def test_a_read_that_is_too_long_for_a_silent_device_is_told_apart_from_a_dead_one() -> None:
    """Some devices say nothing where the standard asks for exception 3."""

    async def story() -> None:
        acts: list[Act] = [play_of.silent, FaultSlave.answer, play_of.silent]
        with FaultSlave(acts=acts) as slave:
            async with mastered(slave) as (master, _):
                with pytest.raises(NoReply):
                    await words(master, 0, 40)
                with pytest.raises(BlockTooLong):
                    await words(master, 0, 40)

    play(story)


def test_commands_go_before_polls() -> None:
    """A gate must not wait for forty sensors."""

    async def story() -> None:
        with FaultSlave() as slave:
            async with mastered(slave) as (master, _):
                order: list[str] = []

                async def ask(name: str, address: int, *, is_urgent: bool) -> None:
                    await master.ask(read(1, "holding", address, 1), is_urgent=is_urgent)
                    order.append(name)

                async with asyncio.TaskGroup() as tasks:
                    for number in range(4):
                        tasks.create_task(ask("poll", number, is_urgent=False))
                    tasks.create_task(ask("command", 9, is_urgent=True))
                assert order.index("command") <= 1

    play(story)
