"""Modbus RTU slaves that share one RS-485 pair (Modbus over serial line V1.02, 2.5.1).

A frame ends with a silence of 3.5 characters. A bad CRC, a broadcast and an address that nobody
has all stay unanswered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.checks import crc16_modbus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from firmware_sims.devices.line import Line

TURNAROUND_S: Final = 0.005
FRAME_BYTES_MIN: Final = 4
FRAME_BYTES_MAX: Final = 256
FAST_BAUD: Final = 19200
FAST_SILENCE_S: Final = 0.00175
"""Above 19,200 baud the silence is fixed."""


def silence_s(line: Line) -> float:
    """Return t3.5 of the line."""
    return FAST_SILENCE_S if line.baud > FAST_BAUD else line.wire_s(7) / 2


def answer(units: Mapping[int, Callable[[bytes], bytes]], frame: bytes) -> bytes:
    """Return the reply frame, b"" where no slave speaks."""
    if not FRAME_BYTES_MIN <= len(frame) <= FRAME_BYTES_MAX:
        return b""
    if crc16_modbus(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        return b""
    unit = units.get(frame[0])
    if unit is None:
        return b""
    body = frame[:1] + unit(frame[1:-2])
    return body + crc16_modbus(body).to_bytes(2, "little")


class Bus:
    """All slaves of one pair."""

    def __init__(self, units: Mapping[int, Callable[[bytes], bytes]]) -> None:
        assert 0 not in units  # The broadcast address.
        self._units = units

    async def serve(self, line: Line) -> Never:
        """Answer for ever; only one frame is on the wire at a time."""
        loop = asyncio.get_running_loop()
        while True:
            frame = await line.read()
            begun_s = line.last_arrival_s
            # A pty hands a frame over at once; on the wire its last bit comes later.
            while True:
                quiet_at_s = max(
                    begun_s + line.wire_s(len(frame)) + silence_s(line),
                    line.last_arrival_s + silence_s(line),
                )
                more = await line.read(max(0.0, quiet_at_s - loop.time()))
                if not more:
                    break
                frame = (frame + more)[: FRAME_BYTES_MAX + 1]
            reply = answer(self._units, frame)
            if reply:
                await asyncio.sleep(TURNAROUND_S)
                await line.send(reply)
