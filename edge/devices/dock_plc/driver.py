"""A PLC through pymodbus, with its retries off: a write that is repeated acts twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException

from edge.errors import BadReply, LinkLost, NoReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodbus.pdu import ModbusPDU

REQUEST_S_MAX: Final = 1.0
_EXCEPTIONS: Final = {
    1: "no such function", 2: "no such address", 3: "no such value", 4: "the device fails",
    6: "the device is busy", 10: "no path to the unit", 11: "the unit does not answer",
}  # fmt: skip
"""Modbus Application Protocol V1.1b3, section 7."""


class PlcClient:
    """One connection; requests queue, writes go before polls by the lock's order."""

    def __init__(self, host: str, port: int, unit: int) -> None:
        self._unit = unit
        self._where = f"{host}:{port}"
        self._turn = asyncio.Lock()
        self._client = AsyncModbusTcpClient(
            host, port=port, timeout=REQUEST_S_MAX, retries=0, reconnect_delay=0
        )

    async def connect(self) -> None:
        """Open the connection. Raises LinkLost."""
        try:
            is_open = await self._client.connect()
        except (OSError, ModbusException) as error:
            raise LinkLost(f"no connection to {self._where}: {error}") from error
        if not is_open:
            raise LinkLost(f"no connection to {self._where}: refused, or no way there")

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    async def inputs(self, count: int) -> list[bool]:
        """Return discrete inputs 0 to count - 1."""
        async with self._turn:
            return await self._bits(
                self._client.read_discrete_inputs(0, count=count, device_id=self._unit), count
            )

    async def coil(self, address: int) -> bool:
        """Return a coil as the PLC holds it."""
        async with self._turn:
            asked = self._client.read_coils(address, count=1, device_id=self._unit)
            return (await self._bits(asked, 1))[0]

    async def set_coil(self, address: int, *, is_on: bool) -> bool:
        """Write a coil once and return what it is read back as."""
        async with self._turn:
            try:
                answer = await self._client.write_coil(address, is_on, device_id=self._unit)
            except (ModbusException, TimeoutError, OSError) as error:
                raise NoReply(f"write of coil {address}: {self._silence(error)}") from error
            if answer.isError():
                raise BadReply(f"write of coil {address}: {self._refusal(answer)}")
        return await self.coil(address)

    async def _bits(self, asked: object, count: int) -> list[bool]:
        try:
            answer = await asked  # type: ignore[misc]
        except (ModbusException, TimeoutError, OSError) as error:
            raise NoReply(self._silence(error)) from error
        if answer.isError():
            raise BadReply(self._refusal(answer))
        if len(answer.bits) < count:
            raise BadReply(f"{self._where} gives {len(answer.bits)} of {count} bits")
        return [bool(bit) for bit in answer.bits[:count]]

    def _silence(self, error: Exception) -> str:
        if isinstance(error, ConnectionException):
            return f"the connection to {self._where} is lost"
        return f"no answer from {self._where} within {REQUEST_S_MAX:g} s"

    def _refusal(self, answer: ModbusPDU) -> str:
        code = int(getattr(answer, "exception_code", 0))
        words = _EXCEPTIONS.get(code, "not in the standard")
        return f"{self._where} answers with Modbus exception {code}: {words}"


def span_of(channels: Mapping[str, int]) -> int:
    """Return how many inputs one read covers."""
    return max(channels.values(), default=-1) + 1
