"""RTU frames: unit, PDU, CRC; a reply is looked for behind noise and foreign frames (pure).

    | unit | function, data ... | CRC low | CRC high |

What may stand around the reply to a request: the request itself (an echoing adapter), single bytes
of noise, the late reply of another unit. None of it is the reply: that one bears the unit, the
function or its exception, the size that was asked for, and a CRC that fits.

Source: Modbus over Serial Line V1.02, 2.5.1 and 6.2.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.errors import BadReply
from edge.modbus.pdu import EXCEPTION_BIT, EXCEPTION_BYTES, check

if TYPE_CHECKING:
    from edge.modbus.pdu import Request

FRAME_BYTES_MIN: Final = 4
FRAME_BYTES_MAX: Final = 256
AROUND_BYTES: Final = 3
"""Unit and CRC."""
_POLYNOMIAL: Final = 0xA001


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        rest = value
        for _ in range(8):
            rest = rest >> 1 ^ (_POLYNOMIAL if rest & 1 else 0)
        table.append(rest)
    return tuple(table)


_TABLE: Final = _crc_table()


def crc16(data: bytes) -> bytes:
    """Return the CRC as sent, low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def frame(request: Request) -> bytes:
    """Return a request as it travels."""
    body = bytes([request.unit]) + request.pdu
    return body + crc16(body)


def is_frame(data: bytes) -> bool:
    """Tell whether these bytes are one whole frame of anybody."""
    return FRAME_BYTES_MIN <= len(data) <= FRAME_BYTES_MAX and crc16(data[:-2]) == data[-2:]


def find(data: bytes, request: Request, *, start: int = 0) -> tuple[int, int] | None:
    """Return where from `start` on the reply begins and ends in `data`; None: not whole yet."""
    function = request.function
    size = AROUND_BYTES + request.reply_bytes
    at = data.find(request.unit, start)
    while 0 <= at <= len(data) - FRAME_BYTES_MIN:
        end = 0
        if data[at + 1] == function:
            # A read's third byte counts its data; a write's reply repeats the request.
            if request.is_write or data[at + 2] == request.reply_bytes - 2:
                end = at + size
        elif data[at + 1] == function | EXCEPTION_BIT:
            end = at + AROUND_BYTES + EXCEPTION_BYTES
        if at < end <= len(data) and crc16(data[at : end - 2]) == data[end - 2 : end]:
            return at, end
        at = data.find(request.unit, at + 1)
    return None


def reply_of(data: bytes, span: tuple[int, int], request: Request) -> bytes:
    """Return the PDU at `span`. Raises BadReply, and Refused for an exception."""
    pdu = bytes(data[span[0] + 1 : span[1] - 2])
    check(request, pdu)
    return pdu


def explain(data: bytes, request: Request) -> BadReply:
    """Return why none of what came is the reply."""
    text = data[:16].hex(" ").upper() + (" ..." if len(data) > 16 else "")  # noqa: PLR2004
    if not is_frame(data):
        return BadReply(f"unit {request.unit}: no frame with a good CRC in {text}")
    if data[0] != request.unit:
        return BadReply(f"unit {data[0]} answers for unit {request.unit}: {text}")
    if data[1] != request.function:
        return BadReply(
            f"unit {request.unit}: function {data[1]} answers function {request.function}: {text}"
        )
    return BadReply(f"unit {request.unit}: {text} is no answer to {request.pdu.hex(' ').upper()}")
