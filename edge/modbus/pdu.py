"""Requests and what may answer them, without any framing (pure).

Source: Modbus Application Protocol V1.1b3, section 6. Addresses are 0-based, as sent; words are
big endian; the first bit of a reply is the lowest of its first byte.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edge.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Sequence

Table = Literal["coil", "discrete", "holding", "input"]

READ_FUNCTION: Final[dict[Table, int]] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
BIT_TABLES: Final = frozenset({"coil", "discrete"})
WORDS_READ_MAX: Final = 125
BITS_READ_MAX: Final = 2_000
WORDS_WRITTEN_MAX: Final = 123
EXCEPTION_BIT: Final = 0x80
EXCEPTION_BYTES: Final = 2
WRITE_COIL: Final = 5
WRITE_REGISTER: Final = 6
WRITE_COILS: Final = 15
WRITE_REGISTERS: Final = 16
COIL_ON: Final = 0xFF00

ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
BUSY_CODES: Final = frozenset({5, 6})
"""Acknowledged and busy: the device is there and has no value now."""
EXCEPTIONS: Final = {
    1: "illegal function", 2: "illegal address", 3: "illegal value", 4: "device failure",
    5: "acknowledged, not done yet", 6: "busy", 8: "memory parity", 10: "no gateway path",
    11: "gateway target is silent",
}  # fmt: skip


class Refused(BadReply):
    """A unit answered with a Modbus exception: it is there, and says no."""

    def __init__(self, unit: int, code: int) -> None:
        words = EXCEPTIONS.get(code, "not in the standard")
        super().__init__(f"unit {unit} answers with exception {code}: {words}")
        self.unit = unit
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to one unit."""

    unit: int
    pdu: bytes
    """Function code and data."""
    reply_bytes: int
    """Size of the PDU that answers it."""
    is_write: bool = False

    @property
    def function(self) -> int:
        """Return the function code."""
        return self.pdu[0]


def read(unit: int, table: Table, address: int, count: int) -> Request:
    """Return the request for `count` bits or words from `address`."""
    size = -(-count // 8) if table in BIT_TABLES else 2 * count
    assert 1 <= count <= (BITS_READ_MAX if table in BIT_TABLES else WORDS_READ_MAX)
    pdu = struct.pack(">BHH", READ_FUNCTION[table], address, count)
    return Request(unit=unit, pdu=pdu, reply_bytes=2 + size)


def write_coil(unit: int, address: int, *, is_on: bool) -> Request:
    """Return the request to set one coil."""
    pdu = struct.pack(">BHH", WRITE_COIL, address, COIL_ON if is_on else 0)
    return Request(unit=unit, pdu=pdu, reply_bytes=len(pdu), is_write=True)


def write_words(unit: int, address: int, words: Sequence[int]) -> Request:
    """Return the request to set holding registers: function 6 for one, 16 for more."""
    assert 1 <= len(words) <= WORDS_WRITTEN_MAX
    if len(words) == 1:
        pdu = struct.pack(">BHH", WRITE_REGISTER, address, words[0])
        return Request(unit=unit, pdu=pdu, reply_bytes=len(pdu), is_write=True)
    head = struct.pack(">BHHB", WRITE_REGISTERS, address, len(words), 2 * len(words))
    body = struct.pack(f">{len(words)}H", *words)
    return Request(unit=unit, pdu=head + body, reply_bytes=5, is_write=True)


def check(request: Request, pdu: bytes) -> None:
    """Pass when `pdu` answers just what was asked. Raises BadReply, and Refused for an exception.

    The unit is the framing's to check.
    """
    function = request.function
    if len(pdu) == EXCEPTION_BYTES and pdu[0] == function | EXCEPTION_BIT:
        raise Refused(request.unit, pdu[1])
    if not pdu or pdu[0] != function:
        told = f"function {pdu[0]}" if pdu else "nothing"
        raise BadReply(f"unit {request.unit}: {told} answers function {function}")
    if request.is_write:
        if pdu != request.pdu[:5]:
            raise BadReply(f"unit {request.unit}: {pdu.hex()} answers {request.pdu[:5].hex()}")
    elif len(pdu) != request.reply_bytes or pdu[1] != request.reply_bytes - 2:
        raise BadReply(
            f"unit {request.unit}: {len(pdu) - 2} bytes answer {request.reply_bytes - 2}"
        )


def words_of(pdu: bytes) -> tuple[int, ...]:
    """Return the words of a checked reply to a read of registers."""
    return struct.unpack(f">{(len(pdu) - 2) // 2}H", pdu[2:])


def bits_of(pdu: bytes, count: int) -> tuple[int, ...]:
    """Return the first `count` bits, 0 or 1, of a checked reply to a read of bits."""
    packed = int.from_bytes(pdu[2:], "little")
    return tuple(packed >> place & 1 for place in range(count))
