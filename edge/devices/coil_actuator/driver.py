"""Coils that move something: precondition, one write, read-back, and a safe state to fall back to.

Verbs: gate `open {for_s}` and `close`; diverter `divert {for_s}` and `straight`; light
`set {colour, is_on, for_s}`. With several gates or diverters on one unit `output` names which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.errors import BadReply, LinkLost, NoReply
from edge.modbus.pdu import Refused, bits_of, read
from edge.modbus.write import set_coil
from edge.ports import CommandResult, SafeState
from edge.readings import UnitReading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.devices.coil_actuator.family import ActuatorSettings, Output
    from edge.modbus.master import Master
    from edge.modbus.pdu import Request

LEAVE: Final = {"open": "gate", "divert": "diverter"}
RETURN: Final = {"close": "gate", "straight": "diverter"}
SAFE_VERB: Final = {"gate": "close", "diverter": "straight"}
LOOKS: Final = 2


class CoilActuator:
    """One unit; without a master it only plans."""

    def __init__(self, settings: ActuatorSettings, master: Master | None) -> None:
        self._unit = settings.unit
        self._table = settings.input_table
        self._inputs = settings.inputs
        self._outputs = settings.outputs
        self._master = master
        self.polls: Mapping[str, float] = {"": settings.poll_s}
        self.channels: Mapping[str, str] = dict.fromkeys([*settings.inputs, *settings.outputs], "")

    def plan(self, poll: str) -> list[Request]:
        """Return the read of all inputs; of the first coil where there are none."""
        assert poll == ""
        return [self._look()]

    def _look(self) -> Request:
        if not self._inputs:
            first = min(one.coil for one in self._outputs.values())
            return read(self._unit, "coil", first, 1)
        first, last = min(self._inputs.values()), max(self._inputs.values())
        return read(self._unit, self._table, first, last - first + 1)

    def _seen(self, pdu: bytes) -> dict[str, bool]:
        if not self._inputs:
            return {}
        first, last = min(self._inputs.values()), max(self._inputs.values())
        bits = bits_of(pdu, last - first + 1)
        return {name: bool(bits[at - first]) for name, at in self._inputs.items()}

    async def read(self, poll: str, *, timeout_s: float | None) -> UnitReading:
        """Return the inputs. Raises NoReply, BadReply, LinkLost."""
        assert poll == ""
        assert self._master is not None
        pdu = await self._master.ask(self._look(), timeout_s=timeout_s)
        return UnitReading(values={}, missing={}, inputs=self._seen(pdu))

    def safe_states(self) -> list[SafeState]:
        """Return the safe state of every output."""
        return [self._safe(name, output) for name, output in self._outputs.items()]

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow a command that leaves a safe state."""
        found = self._found(verb, args)
        if isinstance(found, str):
            return None  # It will be refused.
        name, output, is_on = found
        return None if is_on is output.safe else self._safe(name, output)

    def _safe(self, name: str, output: Output) -> SafeState:
        if output.kind == "light":
            args: dict[str, object] = {"colour": name, "is_on": output.safe}
            return SafeState(output=name, verb="set", args=args, is_guard=False)
        return SafeState(output=name, verb=SAFE_VERB[output.kind], args={"output": name})

    async def tell(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Move one output, or refuse with the reason."""
        found = self._found(verb, args)
        if isinstance(found, str):
            return CommandResult(outcome="refused", reason=found[:200])
        _, output, is_on = found
        assert self._master is not None
        if is_on is not output.safe and output.requires:
            try:
                why = await self._unmet(output)
            except (NoReply, BadReply, LinkLost) as error:
                why = f"its inputs can't be read: {error}"
            if why:
                return CommandResult(outcome="refused", reason=why)
        return await set_coil(self._master, self._unit, output.coil, is_on=is_on)

    async def _unmet(self, output: Output) -> str:
        """Return which input is not as it must be; read now, not remembered."""
        assert self._master is not None
        for look in range(LOOKS):
            try:
                seen = self._seen(await self._master.ask(self._look(), is_urgent=True))
                break
            except Refused:
                raise
            except (NoReply, BadReply):
                if look == LOOKS - 1:
                    raise
        else:
            raise AssertionError("the last look raises")
        for name, wanted in output.requires.items():
            if seen[name] is not wanted:
                return f"{name} is {'on' if seen[name] else 'off'}"
        return ""

    def _found(self, verb: str, args: Mapping[str, object]) -> tuple[str, Output, bool] | str:
        """Return (name, output, what its coil becomes), or why the command can't be obeyed."""
        if verb == "set":
            colour, is_on = args.get("colour"), args.get("is_on")
            output = self._outputs.get(str(colour))
            if output is None or output.kind != "light" or not isinstance(is_on, bool):
                lights = [name for name, one in self._outputs.items() if one.kind == "light"]
                return f"args {dict(args)}: give is_on, and colour as one of {lights}"
            return str(colour), output, is_on
        kind = LEAVE.get(verb) or RETURN.get(verb)
        names = [name for name, one in self._outputs.items() if one.kind == kind]
        wanted = args.get("output")
        if not names:
            return f"no verb {verb!r} here"
        if wanted is None and len(names) == 1:
            wanted = names[0]
        if wanted not in names:
            return f"args.output is {wanted!r}: one of {names}"
        output = self._outputs[str(wanted)]
        return str(wanted), output, output.safe if verb in RETURN else not output.safe
