"""LLRP's message names, and its TLV parameters read with every length checked (pure).

Source: EPCglobal LLRP 1.0.1 and 1.1, binary encoding.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES: Final = {
    4: "CLOSE_CONNECTION_RESPONSE",
    11: "GET_READER_CAPABILITIES_RESPONSE",
    12: "GET_READER_CONFIG_RESPONSE",
    13: "SET_READER_CONFIG_RESPONSE",
    30: "ADD_ROSPEC_RESPONSE",
    31: "DELETE_ROSPEC_RESPONSE",
    32: "START_ROSPEC_RESPONSE",
    33: "STOP_ROSPEC_RESPONSE",
    34: "ENABLE_ROSPEC_RESPONSE",
    35: "DISABLE_ROSPEC_RESPONSE",
    36: "GET_ROSPECS_RESPONSE",
    50: "ADD_ACCESSSPEC_RESPONSE",
    51: "DELETE_ACCESSSPEC_RESPONSE",
    52: "ENABLE_ACCESSSPEC_RESPONSE",
    53: "DISABLE_ACCESSSPEC_RESPONSE",
    54: "GET_ACCESSSPECS_RESPONSE",
    56: "GET_SUPPORTED_VERSION_RESPONSE",
    57: "SET_PROTOCOL_VERSION_RESPONSE",
    61: "RO_ACCESS_REPORT",
    62: "KEEPALIVE",
    63: "READER_EVENT_NOTIFICATION",
    100: "ERROR_MESSAGE",
    1023: "CUSTOM_MESSAGE",
}
"""What a reader may say."""
SUCCESS: Final = "0"
STATUS: Final = 287
_HEAD: Final = struct.Struct(">HH")
_TEXT_MAX: Final = 200


class Broken(ValueError):
    """A message's lengths don't fit into each other."""


def parameters(frame: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (type, begin, end) of the body of each TLV parameter. Raises Broken."""
    while at < end:
        if at + 4 > end:
            raise Broken("half a parameter")
        head, size = _HEAD.unpack_from(frame, at)
        if head >> 10 or size < 4 or at + size > end:  # noqa: PLR2004 - type and length
            raise Broken(f"parameter {head & 0x3FF} of {size} bytes does not fit")
        yield head, at + 4, at + size
        at += size


def status_of(frame: bytes, begin: int) -> str:
    """Return "0" of an answer that says success, else its code and description. Raises Broken."""
    if begin + 4 > len(frame) or _HEAD.unpack_from(frame, begin)[0] != STATUS:
        return SUCCESS  # A message without a status, or a custom one.
    size = _HEAD.unpack_from(frame, begin)[1]
    if begin + size > len(frame) or size < 8:  # noqa: PLR2004 - head, code, length of the text
        raise Broken("a status that does not fit")
    code, length = _HEAD.unpack_from(frame, begin + 4)
    if code == 0:
        return SUCCESS
    text = frame[begin + 8 : min(begin + 8 + length, begin + size)].decode(errors="replace")
    return f"{code} {text[:_TEXT_MAX]}".strip()
