"""Register maps of the climate probes on the RS-485 bus (pure).

Sources: XY-MD02 sheet; Vaisala HMP110 guide (M212022EN); Sensirion SCD30 interface description.
"""

from __future__ import annotations

import math
import struct
from functools import partial
from typing import TYPE_CHECKING, Final

from firmware_sims.devices.modbus import read_registers

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_sims.field import Climate, Field

VAISALA_TEST_INT: Final = -12345
VAISALA_TEST_FLOAT: Final = -123.45
"""Registers no. 7937 and 7938 of the manual: they prove sign and word order."""


def _word(value: float, *, scale: int) -> int:
    return max(-0x8000, min(0x7FFF, round(value * scale))) & 0xFFFF


def _float_words(value: float) -> tuple[int, int]:
    """Return the words of a float32, most significant first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def dew_point_c(air: Climate) -> float:
    """Return the dew point over water by the Magnus formula (Sonntag's constants)."""
    humidity = max(air.humidity_percent, 0.1) / 100
    gamma = math.log(humidity) + 17.62 * air.temperature_c / (243.12 + air.temperature_c)
    return 243.12 * gamma / (17.62 - gamma)


def xy_md02(air: Climate) -> dict[int, int]:
    """Return input registers: 1 temperature, 2 humidity, int16 in tenths."""
    return {1: _word(air.temperature_c, scale=10), 2: _word(air.humidity_percent, scale=10)}


def vaisala(air: Climate) -> dict[int, int]:
    """Return holding registers: float32 with the least significant word first, and int16."""
    floats = {
        0x0000: air.humidity_percent,
        0x0002: air.temperature_c,
        0x0004: math.nan,  # Not measured by this model.
        0x0006: dew_point_c(air),
        0x0008: dew_point_c(air),
        0x1F01: VAISALA_TEST_FLOAT,
    }
    words = {
        0x0100: _word(air.humidity_percent, scale=100),
        0x0101: _word(air.temperature_c, scale=100),
        0x0200: 1,
        0x0201: 1,
        0x1F00: VAISALA_TEST_INT & 0xFFFF,
    }
    for address, value in floats.items():
        words[address + 1], words[address] = _float_words(value)
    return words


def scd30(air: Climate) -> dict[int, int]:
    """Return data-ready at 0x27 and CO2, temperature, humidity as big-endian float32 at 0x28."""
    words = {0x0027: 1}
    values = (air.co2_ppm, air.temperature_c, air.humidity_percent)
    for place, value in enumerate(values):
        words[0x28 + 2 * place], words[0x29 + 2 * place] = _float_words(value)
    return words


MODELS: Final[dict[str, tuple[Callable[[Climate], dict[int, int]], frozenset[int]]]] = {
    "xy_md02": (xy_md02, frozenset({4})),
    "vaisala_hmp": (vaisala, frozenset({3, 4})),
    "scd30": (scd30, frozenset({3, 4})),
}
"""Model: its registers and the read functions it serves."""


def unit(model: str, field: Field, *, zone: str, probe: int) -> Callable[[bytes], bytes]:
    """Return what answers the PDUs of one probe."""
    registers, functions = MODELS[model]

    def now() -> dict[int, int]:
        return registers(field.climate(zone, probe))

    return partial(_answer, dict.fromkeys(functions, now))


def _answer(tables: dict[int, Callable[[], dict[int, int]]], pdu: bytes) -> bytes:
    return read_registers(pdu, tables)
