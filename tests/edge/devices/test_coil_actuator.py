"""Coils that move something: preconditions, one write each, and safe states they fall back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from edge.devices.coil_actuator.driver import CoilActuator
from edge.devices.coil_actuator.family import ActuatorSettings
from tests.edge.modbus import fault_slave as play_of
from tests.edge.modbus.bench import mastered, play
from tests.edge.modbus.fault_slave import FaultSlave

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.ports import CommandResult

BASE: dict[str, Any] = {
    "id": "exit-2", "family": "coil_actuator", "bus": "b", "unit": 1, "input_table": "coil",
    "inputs": {"loop": 0, "clear": 2},
    "outputs": {
        "barrier": {"kind": "gate", "coil": 16, "requires": {"loop": True}},
        "diverter": {"kind": "diverter", "coil": 17, "requires": {"clear": True}},
        "red": {"kind": "light", "coil": 18, "safe": True},
    },
}  # fmt: skip


def told(slave: FaultSlave, *commands: tuple[str, dict[str, object]]) -> list[CommandResult]:
    """Return what comes of each command."""
    results: list[CommandResult] = []

    async def story() -> None:
        async with mastered(slave) as (master, _):
            actuator = CoilActuator(ActuatorSettings.model_validate(BASE), master)
            results.extend([await actuator.tell(verb, args) for verb, args in commands])

    play(story)
    return results


def test_a_barrier_opens_when_its_loop_is_on_and_shuts_whatever_it_is() -> None:
    """A truck over the loop; shutting never waits for anything."""
    with FaultSlave(coils={0: True}) as slave:
        opened, shut = told(slave, ("open", {"for_s": 5}), ("close", {}))
        assert [opened.outcome, opened.read_back] == ["done", True]
        assert [shut.outcome, shut.read_back] == ["done", False]
        assert slave.coil_changes == 2
    with FaultSlave() as slave:
        refused, shut = told(slave, ("open", {"for_s": 5}), ("close", {}))
        assert (refused.outcome, refused.reason) == ("refused", "loop is off")
        assert shut.outcome == "done"
        assert slave.coil_changes == 1


@pytest.mark.parametrize("act", [play_of.silent, play_of.noise_inside, play_of.exception(4)])
def test_inputs_that_cannot_be_read_let_nothing_move(
    act: Callable[[FaultSlave, bytes], None],
) -> None:
    """Unknown is not on."""
    with FaultSlave(coils={0: True}, acts=[act] * 6) as slave:
        (result,) = told(slave, ("open", {"for_s": 5}))
        assert result.outcome == "refused"
        assert "can't be read" in result.reason
        assert slave.coil_changes == 0


def test_each_output_has_the_safe_state_that_its_wire_has() -> None:
    """Red is on when nobody is in charge."""
    actuator = CoilActuator(ActuatorSettings.model_validate(BASE), None)
    states = {one.output: (one.verb, dict(one.args)) for one in actuator.safe_states()}
    assert states == {
        "barrier": ("close", {"output": "barrier"}),
        "diverter": ("straight", {"output": "diverter"}),
        "red": ("set", {"colour": "red", "is_on": True}),
    }
    assert actuator.safe_state_after("close", {}) is None
    after = actuator.safe_state_after("set", {"colour": "red", "is_on": False})
    assert after is not None
    assert not after.is_guard
    for verb, args in states.values():  # What falls back must be obeyed.
        with FaultSlave() as slave:
            assert told(slave, (verb, args))[0].outcome == "done"


@pytest.mark.parametrize(
    ("verb", "args"),
    [("open", {"output": "diverter"}), ("set", {"colour": "blue", "is_on": True}),
     ("set", {"colour": "red", "is_on": 1}), ("jump", {}), ("set", {"colour": "barrier",
      "is_on": True})],
)  # fmt: skip
def test_what_is_not_meant_for_it_is_refused(verb: str, args: dict[str, object]) -> None:
    """A light's verb must not move a barrier past its precondition."""
    with FaultSlave(coils={0: True}) as slave:
        assert told(slave, (verb, args))[0].outcome == "refused"
        assert slave.coil_changes == 0


def test_settings_that_name_an_unknown_input_are_refused() -> None:
    """A misspelt precondition would never hold, or worse, always."""
    outputs = {"barrier": {"kind": "gate", "coil": 16, "requires": {"lop": True}}}
    with pytest.raises(ValidationError, match="lop"):
        ActuatorSettings.model_validate({**BASE, "outputs": outputs})


def test_inputs_are_told_with_each_poll() -> None:
    """A barrier's end switch is an event."""

    async def story() -> None:
        with FaultSlave(coils={2: True}) as slave:
            async with mastered(slave) as (master, _):
                actuator = CoilActuator(ActuatorSettings.model_validate(BASE), master)
                reading = await actuator.read("", timeout_s=None)
                assert dict(reading.inputs) == {"loop": False, "clear": True}
                assert not reading.values

    play(story)
