"""A PLC over Modbus TCP: inputs polled together, coils written once and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.modbus.pdu import bits_of, read
from edge.modbus.write import set_coil

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.modbus.write import Asks
    from edge.ports import CommandResult


class PlcClient:
    """One PLC on a connection that is open; commands go before polls."""

    def __init__(self, master: Asks, unit: int) -> None:
        self._master = master
        self._unit = unit

    async def inputs(self, count: int) -> list[bool]:
        """Return discrete inputs 0 to count - 1. Raises NoReply, BadReply, LinkLost."""
        pdu = await self._master.ask(read(self._unit, "discrete", 0, count))
        return [bool(bit) for bit in bits_of(pdu, count)]

    async def set_coil(self, address: int, *, is_on: bool) -> CommandResult:
        """Write a coil once and judge it by what it reads back as."""
        return await set_coil(self._master, self._unit, address, is_on=is_on)


def span_of(channels: Mapping[str, int]) -> int:
    """Return how many inputs one read covers."""
    return max(channels.values(), default=-1) + 1
