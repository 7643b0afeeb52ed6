"""Further Modbus devices as their makers describe them: what stands at which address (pure).

Written from the manuals and sheets, apart from the edge's register maps: a wrong address, order or
scale there meets the right one here. Addresses are 0-based, as sent.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Values = Mapping[str, float]
    Words = dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A device: the read functions that it serves, what they give, and values to show."""

    functions: frozenset[int]
    """1 coils, 2 inputs, 3 holding registers, 4 input registers."""
    words: Callable[[Values], Words]
    """Words, or bits for functions 1 and 2, of the values that it measures."""
    shown: Values
    """Values that are exact in the device's own resolution."""


def _signed(value: float) -> int:
    return round(value) & 0xFFFF


def _high_first(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def _floats(first_high: bool, places: Mapping[int, float]) -> Words:  # noqa: FBT001 - the one choice
    words = {}
    for address, value in places.items():
        high, low = _high_first(value)
        words[address], words[address + 1] = (high, low) if first_high else (low, high)
    return words


def _long(address: int, value: float, *, words: int = 2, low_first: bool = False) -> Words:
    parts = [round(value) >> 16 * at & 0xFFFF for at in range(words)]
    ordered = parts if low_first else parts[::-1]
    return {address + at: part for at, part in enumerate(ordered)}


def _ee310(air: Values) -> Words:
    return _floats(False, {  # noqa: FBT003
        0x03EA: air["temperature_c"], 0x03FC: air["humidity_percent"], 0x0450: air["dew_point_c"],
        0x03EC: air["temperature_c"] * 9 / 5 + 32, 0x0452: air["dew_point_c"] * 9 / 5 + 32,
    })  # fmt: skip


def _ee660(air: Values) -> Words:
    return _floats(False, {0x03EA: air["temperature_c"], 0x0410: air["airflow_m_per_s"]})  # noqa: FBT003


def _comet(air: Values) -> Words:
    return {
        0x30: _signed(air["temperature_c"] * 10), 0x31: _signed(air["humidity_percent"] * 10),
        0x32: _signed(120), 0x33: _signed(air["pressure_hpa"] * 10),
    }  # fmt: skip


def _s8(air: Values) -> Words:
    return {0: 0, 1: 0, 2: 0, 3: round(air["co2_ppm"])}


def _wb_ms(air: Values) -> Words:
    return {0: _signed(air["temperature_c"] * 10), 1: _signed(air["humidity_percent"] * 10)}


def _sdm120(meter: Values) -> Words:
    return dict.fromkeys(range(80), 0) | _floats(True, {  # noqa: FBT003
        0x0000: meter["voltage_v"], 0x0006: meter["current_a"], 0x000C: meter["power_w"],
        0x0046: meter["frequency_hz"], 0x0156: meter["energy_kwh"],
    })  # fmt: skip


def _sdm630(meter: Values) -> Words:
    phases = {2 * at: meter[f"voltage_l{at + 1}_v"] for at in range(3)}
    phases |= {6 + 2 * at: meter[f"current_l{at + 1}_a"] for at in range(3)}
    totals = {0x34: meter["power_w"], 0x46: meter["frequency_hz"], 0x156: meter["energy_kwh"]}
    return dict.fromkeys(range(96), 0) | _floats(True, {**phases, **totals})  # noqa: FBT003


def _r4dcb08(probes: Values) -> Words:
    """Return eight probes in tenths; 0x8000 where none is connected."""
    words = {}
    for at in range(8):
        value = probes.get(f"temperature_{at + 1}_c")
        words[at] = 0x8000 if value is None else _signed(value * 10)
    return words


def _relays(relays: Values) -> Words:
    return {at: int(relays[f"relay_{at + 1}"]) for at in range(8)}


def _adam(inputs: int, outputs: int) -> Callable[[Values], Words]:
    def words(module: Values) -> Words:
        told = {at: int(module[f"input_{at}"]) for at in range(inputs)}
        return told | {16 + at: int(module[f"output_{at}"]) for at in range(outputs)}

    return words


def _n4aia04(box: Values) -> Words:
    volts = {at: round(box[f"voltage_{at + 1}_v"] * 100) for at in range(2)}
    return volts | {2 + at: round(box[f"current_{at + 1}_ma"] * 10) for at in range(2)}


def _pzem(meter: Values) -> Words:
    return {
        0: round(meter["voltage_v"] * 10),
        **_long(1, meter["current_a"] * 1000, low_first=True),
        **_long(3, meter["power_w"] * 10, low_first=True),
        **_long(5, meter["energy_kwh"] * 1000, low_first=True),
        7: round(meter["frequency_hz"] * 10),
        8: round(meter["power_factor_ratio"] * 100),
        9: 0,
    }


def _b23(meter: Values) -> Words:
    words = _long(0x5000, meter["energy_kwh"] * 100, words=4)
    words |= _long(0x5004, meter["energy_export_kwh"] * 100, words=4)
    for at in range(3):
        words |= _long(0x5B00 + 2 * at, meter[f"voltage_l{at + 1}_v"] * 10)
        words |= _long(0x5B0C + 2 * at, meter[f"current_l{at + 1}_a"] * 100)
    words |= _long(0x5B14, meter["power_w"] * 100)
    return words | {0x5B2C: round(meter["frequency_hz"] * 100)}


def _iem3155(meter: Values) -> Words:
    phases = {2999 + 2 * at: meter[f"current_l{at + 1}_a"] for at in range(3)}
    phases |= {3027 + 2 * at: meter[f"voltage_l{at + 1}_v"] for at in range(3)}
    kilowatts = {3059: meter["power_w"] / 1000, 3109: meter["frequency_hz"]}
    return _floats(True, {**phases, **kilowatts}) | _long(3203, meter["energy_kwh"] * 1000, words=4)  # noqa: FBT003


def _ddsu666(meter: Values) -> Words:
    return _floats(True, {  # noqa: FBT003
        0x2000: meter["voltage_v"], 0x2002: meter["current_a"], 0x2004: meter["power_w"] / 1000,
        0x200E: meter["frequency_hz"], 0x4000: meter["energy_kwh"],
    })  # fmt: skip


_AIR: Final = {"temperature_c": -5.25, "humidity_percent": 54.5, "dew_point_c": -12.75}
_TENTHS: Final = {"temperature_c": -5.3, "humidity_percent": 54.6}
_METER: Final = {
    "voltage_v": 230.5, "current_a": 12.25, "power_w": -2750.5, "frequency_hz": 50.25,
    "energy_kwh": 1234.5,
}  # fmt: skip
_PHASES: Final = {
    **{f"voltage_l{at}_v": 229.5 + at for at in range(1, 4)},
    **{f"current_l{at}_a": 10.25 * at for at in range(1, 4)},
    "power_w": -2750.5, "frequency_hz": 50.25, "energy_kwh": 98765.25,
}  # fmt: skip

MODELS: Final[dict[str, Model]] = {
    # E+E EE310 operation manual, Modbus map; register 1 comes first with the low half.
    "ee_ee310": Model(functions=frozenset({3, 4}), words=_ee310, shown=_AIR),
    "ee_ee660": Model(
        functions=frozenset({3, 4}), words=_ee660,
        shown={"temperature_c": 26.625, "airflow_m_per_s": 3.5},
    ),
    # Comet protocols manual: the addresses in its table are one higher than what is sent.
    "comet_t3x11": Model(
        functions=frozenset({3, 4}), words=_comet, shown={**_TENTHS, "pressure_hpa": 1013.2}
    ),
    # Senseair S8 Modbus guide: IR1 to IR3 are meter, alarm and output status, IR4 is CO2.
    "senseair_s8": Model(functions=frozenset({4}), words=_s8, shown={"co2_ppm": 412.0}),
    "wb_ms_thls": Model(functions=frozenset({4}), words=_wb_ms, shown=_TENTHS),
    # Eastron protocol: floats, high half first, even addresses.
    "eastron_sdm120": Model(functions=frozenset({4}), words=_sdm120, shown=_METER),
    "eastron_sdm630": Model(functions=frozenset({4}), words=_sdm630, shown=_PHASES),
    "r4dcb08": Model(
        functions=frozenset({3}), words=_r4dcb08,
        shown={f"temperature_{at}_c": -20.5 + at for at in range(1, 7)},
    ),
    "waveshare_relay8": Model(
        functions=frozenset({1}), words=_relays,
        shown={f"relay_{at}": float(at % 3 == 0) for at in range(1, 9)},
    ),
    "adam_6050": Model(
        functions=frozenset({1, 2}), words=_adam(12, 6),
        shown={f"input_{at}": float(at % 2) for at in range(12)}
        | {f"output_{at}": float(at % 3 == 1) for at in range(6)},
    ),
    "adam_4150": Model(
        functions=frozenset({1, 2}), words=_adam(7, 8),
        shown={f"input_{at}": float(at % 2) for at in range(7)}
        | {f"output_{at}": float(at % 3 == 1) for at in range(8)},
    ),
    "n4aia04": Model(
        functions=frozenset({3}), words=_n4aia04,
        shown={
            "voltage_1_v": 4.57, "voltage_2_v": 0.0, "current_1_ma": 12.4, "current_2_ma": 20.0
        },
    ),
    # PZEM-004T V3.0 sheet: 32-bit values come with the low half first.
    "pzem_004t": Model(
        functions=frozenset({4}), words=_pzem,
        shown={
            "voltage_v": 230.1, "current_a": 72.345, "power_w": 16547.8, "energy_kwh": 1234.567,
            "frequency_hz": 49.9, "power_factor_ratio": 0.97,
        },
    ),
    # ABB 2CMC485003M0201: 64-bit energies, 32-bit values, two's complement power.
    "abb_b23": Model(
        functions=frozenset({3}), words=_b23, shown={**_PHASES, "energy_export_kwh": 12.34}
    ),
    "schneider_iem3155": Model(functions=frozenset({3}), words=_iem3155, shown=_PHASES),
    "chint_ddsu666": Model(functions=frozenset({3, 4}), words=_ddsu666, shown=_METER),
}  # fmt: skip
"""By the word that a site file names the device by."""


def bits_pdu(pdu: bytes, model: Model) -> bytes:
    """Return the reply to a read of bits; what the device does not have is exception 2."""
    function, address, count = struct.unpack(">BHH", pdu[:5])
    if function not in model.functions:
        return bytes([function | 0x80, 1])
    held = model.words(model.shown)
    # The free numbers between inputs and outputs read as 0.
    if address + count > max(held) + 1:
        return bytes([function | 0x80, 2])
    packed = sum(held.get(address + at, 0) << at for at in range(count))
    size = -(-count // 8)
    return bytes([function, size]) + packed.to_bytes(size, "little")
