"""How much of a bus's line time its polls need (pure).

Source: MODBUS over serial line 1.02, 2.5.1.1: 11 bits a character with parity or a second stop bit
(8N1: 10), 3.5 characters of silence around each frame, 1.75 ms at least above 19,200 baud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.devices.modbus_sensors.codec import MAPS, read_request, reply_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST_BYTES: Final = len(read_request(1, 3, 0, 1))
REPLY_DELAY_S: Final = 0.01
"""What a slow sensor takes to begin its reply; the manuals of ours promise 5 to 20 ms."""
_FAST_BAUD: Final = 19_200
_FAST_SILENCE_S: Final = 0.001_75


def poll_line_s(family: str, *, baud: int, character_bits: int) -> float:
    """Return the seconds that one read of a unit of `family` holds the line."""
    character_s = character_bits / baud
    silence_s = _FAST_SILENCE_S if baud > _FAST_BAUD else 3.5 * character_s
    sent_bytes = REQUEST_BYTES + reply_bytes(MAPS[family].count)
    return sent_bytes * character_s + 2 * silence_s + REPLY_DELAY_S


def utilisation_ratio(
    units: Iterable[tuple[str, float]],
    *,
    baud: int,
    character_bits: int,
    turnaround_s: float = 0.0,
) -> float:
    """Return the share of line time that polling each (family, poll_s) takes; above 1 can't be.

    `turnaround_s` is the pause that the master keeps after each reply.
    """
    return sum(
        (poll_line_s(family, baud=baud, character_bits=character_bits) + turnaround_s) / poll_s
        for family, poll_s in units
    )
