"""Exchanges over Modbus TCP: a late answer bears the number of its own request and is skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edge.errors import LinkLost, NoReply
from edge.modbus import tcp

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.modbus.master import ByteLine
    from edge.modbus.pdu import Request

SILENT_COUNT_MAX: Final = 3
"""Requests in a row without any answer, of any unit: then the connection itself is doubted."""


@dataclass(kw_only=True)
class TcpWire:
    """One connection."""

    line: ByteLine
    timeout_s: float
    clock: Callable[[], float]
    where: str = ""
    """Who is asked, for the reason that a person reads."""
    late_count: int = 0
    is_echoing: bool | None = False
    _transaction: int = 0
    _held: bytearray = field(default_factory=bytearray)
    _silent_count: int = 0

    def opened(self) -> None:
        """Forget half a frame of the connection before; transaction numbers go on."""
        self._held.clear()
        self._silent_count = 0

    async def exchange(self, request: Request, *, timeout_s: float | None) -> bytes:
        """Return the PDU that answers. Raises NoReply, BadReply, Refused, LinkLost."""
        self._transaction = self._transaction % 0xFFFF + 1
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        end_s = self.clock() + limit_s
        await self.line.write(tcp.frame(request, self._transaction))
        while (rest_s := end_s - self.clock()) > 0:
            self._held += await self.line.read(rest_s)
            try:
                pdu, late_count = tcp.take(self._held, request, self._transaction)
            except tcp.StreamLost as error:
                raise LinkLost(str(error)) from error
            self.late_count += late_count
            if pdu is not None:
                self._silent_count = 0
                return pdu
        self._silent_count += 1
        if self._silent_count >= SILENT_COUNT_MAX:
            raise LinkLost(f"no answer to {SILENT_COUNT_MAX} requests: a new connection is made")
        raise NoReply(f"no answer from {self.where} within {limit_s:g} s")
