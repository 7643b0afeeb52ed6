"""Modbus TCP frames: a header with a transaction number, then the PDU (pure).

    | transaction (2) | protocol 0 (2) | length of unit and PDU (2) | unit | function, data ... |

Source: Modbus Messaging on TCP/IP V1.0b, 3.1.3. A frame of another transaction is a late answer and
is skipped; a header that can't be one means that the place in the stream is lost.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from edge.errors import BadReply
from edge.modbus.pdu import check

if TYPE_CHECKING:
    from edge.modbus.pdu import Request

HEADER_BYTES: Final = 7
LENGTH_MIN: Final = 2
LENGTH_MAX: Final = 254
"""Of unit and PDU together."""


class StreamLost(BadReply):
    """What came is no header: only a new connection finds the next frame."""


def frame(request: Request, transaction: int) -> bytes:
    """Return a request as it travels."""
    head = struct.pack(">HHHB", transaction, 0, 1 + len(request.pdu), request.unit)
    return head + request.pdu


def take(data: bytearray, request: Request, transaction: int) -> tuple[bytes | None, int]:
    """Take whole frames off `data`; return (the PDU that answers or None, late frames skipped).

    Raises StreamLost, BadReply, and Refused for an exception.
    """
    late_count = 0
    while len(data) >= HEADER_BYTES:
        number, protocol, length, unit = struct.unpack_from(">HHHB", data)
        if protocol != 0 or not LENGTH_MIN <= length <= LENGTH_MAX:
            raise StreamLost(f"no Modbus TCP header: {data[:HEADER_BYTES].hex(' ').upper()}")
        end = HEADER_BYTES - 1 + length
        if len(data) < end:
            break
        pdu = bytes(data[HEADER_BYTES:end])
        del data[:end]
        if number != transaction:
            late_count += 1
            continue
        if unit != request.unit:
            raise BadReply(f"unit {unit} answers for unit {request.unit}")
        check(request, pdu)
        return pdu, late_count
    return None, late_count
