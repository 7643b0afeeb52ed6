"""A write happens once, whatever happens to its answer, and is judged by what reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.errors import NoReply
from edge.modbus.pdu import WRITE_COIL, read, words_of, write_coil, write_words
from edge.modbus.write import set_coil, write_once
from tests.edge.modbus import fault_slave as play_of
from tests.edge.modbus.bench import mastered, play
from tests.edge.modbus.fault_slave import FaultSlave

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.ports import CommandResult


def sent(slave: FaultSlave, function: int) -> int:
    """Return how often a function was asked for."""
    return sum(frame[1] == function for frame in slave.heard)


def set_first(slave: FaultSlave) -> CommandResult:
    """Set coil 3 on a fresh line."""
    results: list[CommandResult] = []

    async def story() -> None:
        async with mastered(slave) as (master, _):
            results.append(await set_coil(master, 1, 3, is_on=True))

    play(story)
    return results[0]


@pytest.mark.parametrize("is_echoing", [False, True])
def test_a_sound_write_is_done_and_read_back(*, is_echoing: bool) -> None:
    """With an echoing adapter too, whose echo looks like the answer."""
    with FaultSlave(is_echoing=is_echoing) as slave:
        result = set_first(slave)
        assert (result.outcome, result.read_back) == ("done", True)
        assert slave.coil_changes == 1


def test_an_echoing_adapter_without_a_device_never_reports_success() -> None:
    """The echo of a write is the very frame that a device would answer."""
    with FaultSlave(is_echoing=True, units=set()) as slave:
        result = set_first(slave)
        assert result.outcome == "failed"
        assert "nothing was written" in result.reason
        assert sent(slave, WRITE_COIL) == 0


def test_a_device_that_dies_behind_an_echo_is_unknown_never_done() -> None:
    """It answered the first read; then its wire broke, and the adapter went on echoing."""
    acts = [FaultSlave.answer, play_of.silent, play_of.silent, play_of.silent]
    with FaultSlave(is_echoing=True, acts=[*acts, play_of.silent, play_of.silent]) as slave:
        result = set_first(slave)
        assert result.outcome == "unknown"
        assert sent(slave, WRITE_COIL) == 1


@pytest.mark.parametrize(
    "act", [play_of.lost_answer, play_of.other_unit, play_of.torn, play_of.noise_inside]
)
def test_a_write_whose_answer_is_lost_happened_once(
    act: Callable[[FaultSlave, bytes], None],
) -> None:
    """Pymodbus sent it four times: a pulse output would have acted four times."""
    with FaultSlave(acts=[FaultSlave.answer, act]) as slave:
        result = set_first(slave)
        assert (result.outcome, result.read_back) == ("done", True)
        assert slave.coil_changes == 1
        assert sent(slave, WRITE_COIL) == 1


def test_a_write_that_is_refused_or_does_not_hold_has_failed() -> None:
    """A relay whose contact is welded, a coil that is not there."""
    with FaultSlave(acts=[FaultSlave.answer, play_of.exception(2)]) as slave:
        assert set_first(slave).outcome == "failed"

    def deaf(slave: FaultSlave, frame: bytes) -> None:
        slave.say(play_of.sealed(frame[:6]))  # Says that it did, and did not.

    with FaultSlave(acts=[FaultSlave.answer, deaf]) as slave:
        result = set_first(slave)
        assert (result.outcome, result.read_back) == ("failed", False)


def test_registers_are_written_together_and_read_back() -> None:
    """A set-point of two words must not be torn."""

    async def story() -> None:
        with FaultSlave() as slave:
            async with mastered(slave) as (master, _):
                result = await write_once(
                    master,
                    write_words(1, 40, (0x41AC, 0)),
                    look=read(1, "holding", 40, 2),
                    is_as_wanted=lambda pdu: words_of(pdu) == (0x41AC, 0),
                )
                assert result.outcome == "done"
                assert sent(slave, 16) == 1

    play(story)


def test_one_copy_of_a_write_on_an_echoing_line_is_its_echo() -> None:
    """With a device behind it there would be two."""

    async def story() -> None:
        with FaultSlave(is_echoing=True, units=set()) as slave:
            async with mastered(slave, echo=True) as (master, _):
                with pytest.raises(NoReply):
                    await master.ask(write_coil(1, 3, is_on=True))

    play(story)
