"""What a reader can do, from its capabilities' answer (pure).

Source: EPCglobal LLRP 1.0.1, 16.2.3.
"""

from __future__ import annotations

import json
import struct
from typing import Final

from edge.devices.llrp.parameters import parameters

HEADER_BYTES: Final = 10
POWERS_COUNT_MAX: Final = 512
_GENERAL: Final = 137
_REGULATORY: Final = 143
_UHF_BAND: Final = 144
_POWER_ENTRY: Final = 145
_FREQUENCIES: Final = 146


def capabilities(frame: bytes) -> str:
    """Return as JSON what there was of: antennas_count, manufacturer, model, firmware, has_utc,
    powers (index to 0.01 dBm), is_hopping. Raises Broken, struct.error.
    """  # noqa: D205 - a list
    told: dict[str, object] = {}
    for kind, begin, end in parameters(frame, HEADER_BYTES, len(frame)):
        if kind == _GENERAL:
            count, flags, maker, model, length = struct.unpack_from(">HHIIH", frame, begin)
            firmware = frame[begin + 14 : min(begin + 14 + length, end)]
            told |= {
                "antennas_count": count,
                "has_utc": bool(flags & 0x4000),
                "manufacturer": maker,
                "model": model,
                "firmware": firmware.decode(errors="replace")[:100],
            }
        elif kind == _REGULATORY:
            for inner, at, inner_end in parameters(frame, begin + 4, end):
                if inner == _UHF_BAND:
                    _band(frame, at, inner_end, told)
    return json.dumps(told)


def _band(frame: bytes, begin: int, end: int, told: dict[str, object]) -> None:
    powers: dict[str, int] = {}
    for kind, at, _ in parameters(frame, begin, end):
        if kind == _POWER_ENTRY and len(powers) < POWERS_COUNT_MAX:
            index, centi_dbm = struct.unpack_from(">Hh", frame, at)
            powers[str(index)] = centi_dbm
        elif kind == _FREQUENCIES:
            told["is_hopping"] = bool(frame[at] & 0x80)
    told["powers"] = powers
