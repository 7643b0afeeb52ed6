"""MQTT packets as they lie in a stream: cut apart, not yet read (pure).

Source: MQTT 5, section 2.1: a first byte, the remaining length as one to four bytes of seven bits,
then so many bytes.
"""

from __future__ import annotations

from typing import Final

import mqtt5

PUBLISH: Final = 3
"""The packet type in the upper half of a first byte."""
PLAIN_PUBLISH: Final = 0x32
"""QoS 1, sent for the first time, not retained: what telemetry is."""
PUBACK_HEAD: Final = b"\x40\x02"
"""Before the two bytes of a packet id: an acknowledgement that says Success."""
_MORE: Final = 0x80


def cut_frames(buffer: bytes) -> tuple[list[bytes], int]:
    """Return (whole packets, bytes used); what is left is the beginning of the next packet.

    Raises ValueError when a length has more than four bytes.
    """
    frames: list[bytes] = []
    add = frames.append
    at, end = 0, len(buffer)
    while at + 1 < end:
        length = buffer[at + 1]
        if length < _MORE:
            until = at + 2 + length
        else:
            if at + 2 >= end:
                break
            second = buffer[at + 2]
            if second < _MORE:
                until = at + 3 + length - _MORE + (second << 7)
            else:
                long = _long_end(buffer, at)
                if long is None:
                    break
                until = long
        if until > end:
            break
        add(buffer[at:until])
        at = until
    return frames, at


def wanted_size(buffer: bytes) -> int:
    """Return how long the first packet is, as far as its beginning tells; else what is there."""
    length = 0
    for place, byte in enumerate(buffer[1:5]):
        length += (byte & 0x7F) << (7 * place)
        if byte < _MORE:
            return 2 + place + length
    return len(buffer)


def packet_of(frame: bytes) -> mqtt5.Packet:
    """Return a whole packet, read. Raises ValueError when it is none."""
    try:
        packet, _ = mqtt5.read(memoryview(frame))
    except IndexError as error:
        raise ValueError("a packet is longer inside than outside") from error
    except BaseException as error:
        # The codec (0.8) panics at a text that is no UTF-8, and its panic is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("a text in a packet is no UTF-8") from error
    return packet


def publish_of(frame: bytes) -> mqtt5.PublishPacket:
    """Return a publish, read. Raises ValueError when it is none."""
    packet = packet_of(frame)
    if not isinstance(packet, mqtt5.PublishPacket):
        raise ValueError(f"{type(packet).__name__} instead of PUBLISH")  # noqa: TRY004 - the peer's
    return packet


def _long_end(buffer: bytes, at: int) -> int | None:
    """Return where a packet with three or four bytes of length ends; None needs more bytes."""
    length = 0
    for place, byte in enumerate(buffer[at + 1 : at + 5]):
        length += (byte & 0x7F) << (7 * place)
        if byte < _MORE:
            return at + 2 + place + length
    if len(buffer) - at - 1 >= 4:  # noqa: PLR2004 - the bytes of a length
        raise ValueError("the length of a packet has more than four bytes")
    return None
