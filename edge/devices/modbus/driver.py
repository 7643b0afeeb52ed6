"""One unit read by its map: which blocks a poll asks for, and what their words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.modbus.codec import NoValue, decode, encode
from edge.errors import BadReply
from edge.modbus.blocks import Blocks
from edge.modbus.pdu import (
    BIT_TABLES,
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    Refused,
    bits_of,
    read,
    words_of,
    write_words,
)
from edge.modbus.wire_rtu import BlockTooLong
from edge.modbus.write import set_coil, write_once
from edge.ports import CommandResult
from edge.readings import UnitReading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.devices.modbus.maps import DeviceMap, Register
    from edge.modbus.blocks import Block
    from edge.modbus.master import Master
    from edge.modbus.pdu import Request
    from edge.ports import SafeState
    from edge.settings import UnitSettings

LESSONS_COUNT_MAX: Final = 8
"""Refusals that one poll learns from: a device that refuses all must not hold the bus."""


class MappedUnit:
    """A unit of a bus; without a master it only plans."""

    def __init__(
        self,
        settings: UnitSettings,
        device: DeviceMap,
        *,
        master: Master | None,
        clock: Callable[[], float],
    ) -> None:
        self._unit = settings.unit
        self._id = settings.id
        self._map = device
        self._master = master
        self._clock = clock
        intervals = {"": settings.poll_s, **device.polls, **settings.polls}
        self.polls: Mapping[str, float] = {
            name: s for name, s in intervals.items() if device.of_poll(name)
        }
        self.channels: Mapping[str, str] = {
            one.field: unit_of(one.field) for one in device.registers
        }
        self._blocks = {
            name: Blocks(
                spans=sorted({one.span for one in device.of_poll(name)}),
                count_max=device.count_max,
                gap_max=device.gap_max,
            )
            for name in self.polls
        }

    def plan(self, poll: str) -> list[Request]:
        """Return the requests of a poll, as they are sent now."""
        return [self._request(block) for block in self._blocks[poll].due(self._clock())]

    async def read(self, poll: str, *, timeout_s: float | None) -> UnitReading:
        """Return what a poll tells. Raises NoReply, BadReply, LinkLost."""
        assert self._master is not None
        blocks = self._blocks[poll]
        held: dict[tuple[str, int], Sequence[int]] = {}
        whys: dict[tuple[str, int], str] = {}
        lessons_count = 0
        waiting = list(blocks.due(self._clock()))
        while waiting:
            block = waiting.pop(0)
            try:
                pdu = await self._master.ask(self._request(block), timeout_s=timeout_s)
            except (Refused, BlockTooLong) as error:
                if not _is_lesson(error):
                    _say(whys, block, str(error))
                    continue
                blocks.refused(block, self._clock())
                lessons_count += 1
                if lessons_count > LESSONS_COUNT_MAX or len(block.spans) == 1:
                    _say(whys, block, str(error))
                    continue
                wanted = set(block.spans)
                waiting = [
                    one for one in blocks.due(self._clock()) if wanted.intersection(one.spans)
                ] + waiting
                continue
            blocks.answered(block, self._clock())
            data = bits_of(pdu, block.count) if block.table in BIT_TABLES else words_of(pdu)
            for span in block.spans:
                at = span.address - block.address
                held[span.table, span.address] = data[at : at + span.count]
        if not held:
            raise BadReply(next(iter(whys.values()), f"unit {self._unit} has none of its values"))
        return self._told(poll, held, whys)

    def _told(
        self,
        poll: str,
        held: Mapping[tuple[str, int], Sequence[int]],
        whys: Mapping[tuple[str, int], str],
    ) -> UnitReading:
        values: dict[str, dict[str, float]] = {}
        texts: dict[str, str] = {}
        missing: dict[str, str] = {}
        for register in self._map.of_poll(poll):
            key = register.table, register.address
            words = held.get(key)
            if words is None or len(words) < register.count:
                missing[register.field] = whys.get(key, "the device says it has no such address")
                continue
            value = decode(words[: register.count], register)
            if isinstance(value, NoValue):
                missing[register.field] = value.reason
            elif isinstance(value, str):
                texts[register.field] = value
            else:
                values.setdefault(self._map.kind_of(register), {})[register.field] = value
        return UnitReading(values=values, missing=missing, texts=texts)

    async def tell(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Do `write {field, value}` on a register or coil that the map lets be written."""
        outputs = self._map.outputs
        register = outputs.get(str(args.get("field")))
        value = args.get("value")
        if verb != "write" or not outputs:
            reason = f"{self._id} has no verb {verb!r}"
        elif register is None:
            reason = f"args.field is {args.get('field')!r}: one of {sorted(outputs)}"
        elif not isinstance(value, bool | int | float):
            reason = f"args.value is {value!r}: give a number, or true or false"
        else:
            return await self._write(register, value)
        return CommandResult(outcome="refused", reason=reason[:200])

    def safe_states(self) -> list[SafeState]:
        """Return none: what a map lets be written is a setting, no gate; see coil_actuator."""
        return []

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return none."""
        del verb, args
        return None

    async def _write(self, register: Register, value: float) -> CommandResult:
        assert self._master is not None
        if register.table == "coil":
            return await set_coil(self._master, self._unit, register.address, is_on=bool(value))
        try:
            words = encode(value, register)
        except ValueError as error:
            return CommandResult(outcome="refused", reason=f"args.value: {error}"[:200])
        return await write_once(
            self._master,
            write_words(self._unit, register.address, words),
            look=read(self._unit, register.table, register.address, register.count),
            is_as_wanted=lambda pdu: words_of(pdu) == words,
        )

    def _request(self, block: Block) -> Request:
        return read(self._unit, block.table, block.address, block.count)


def unit_of(name: str) -> str:
    """Return the unit that a field's name ends with; empty where it has none."""
    return name.rpartition("_")[2] if "_" in name and not name[-1].isdigit() else ""


def _is_lesson(error: Refused | BlockTooLong) -> bool:
    """Tell whether asking otherwise may help: no such address, too many, silent at so many.

    Busy is no lesson: the value is absent, and asked for at the next poll.
    """
    return not isinstance(error, Refused) or error.code in {ILLEGAL_ADDRESS, ILLEGAL_VALUE}


def _say(whys: dict[tuple[str, int], str], block: Block, why: str) -> None:
    for span in block.spans:
        whys[span.table, span.address] = why
