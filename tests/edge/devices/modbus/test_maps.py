"""Register maps: printed frames decode to printed values, and a wrong map is refused by name."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pymodbus.client import AsyncModbusTcpClient

from edge.devices.modbus.codec import NoValue, decode, encode
from edge.devices.modbus.maps import MAPS, DeviceMap, Register
from edge.modbus import rtu
from edge.modbus.pdu import read, words_of

if TYPE_CHECKING:
    from edge.modbus.pdu import Request

PRINTED = [
    ("xy_md02", "01 04 00 01 00 02 20 0B", "01 04 04 00 FD 02 22 EB 0D",
     {"temperature_c": 25.3, "humidity_percent": 54.6}),
    ("xy_md02", "01 04 00 01 00 02 20 0B", "01 04 04 FF CE 02 22 2B 16",
     {"temperature_c": -5.0, "humidity_percent": 54.6}),
    ("scd30", "61 03 00 28 00 06 4C 60", "61 03 0C 43 DB 8C 2E 41 D9 E7 FF 42 43 3A 1B 50 07",
     {"co2_ppm": 439.095, "temperature_c": 27.238, "humidity_percent": 48.807}),
    ("vaisala_hmp", "F0 03 00 00 00 02 D1 2A", "F0 03 04 7A E1 41 F4 62 05",
     {"humidity_percent": 30.56}),
    ("senseair_s8", "FE 04 00 03 00 01 D5 C5", "FE 04 02 01 90 AC D8", {"co2_ppm": 400.0}),
    ("eastron_sdm120", "01 04 00 00 00 02 71 CB", "01 04 04 43 66 33 34 1B 38",
     {"voltage_v": 230.2}),
    ("ee_ee310", "E9 03 03 EA 00 02 F2 93", "E9 03 04 A1 06 41 D7 21 CE",
     {"temperature_c": 26.954}),
]  # fmt: skip


def asked(frame: bytes) -> Request:
    """Return the request that a printed frame is."""
    table = {3: "holding", 4: "input"}[frame[1]]
    address, count = struct.unpack(">HH", frame[2:6])
    return read(frame[0], table, address, count)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "request_hex", "reply_hex", "values"), PRINTED)
def test_printed_frames_decode_to_printed_values(
    name: str, request_hex: str, reply_hex: str, values: dict[str, float]
) -> None:
    """The bytes are the makers'; only the map is ours."""
    sent, reply = bytes.fromhex(request_hex), bytes.fromhex(reply_hex)
    request = asked(sent)
    assert rtu.frame(request) == sent
    span = rtu.find(reply, request)
    assert span == (0, len(reply))
    words = words_of(rtu.reply_of(reply, span, request))
    first = struct.unpack(">H", sent[2:4])[0]
    told = {
        one.field: decode(words[one.address - first :][: one.count], one)
        for one in MAPS[name].registers
        if first <= one.address < first + len(words)
    }
    assert told == values


def test_there_are_fifteen_devices_and_each_says_where_it_is_from() -> None:
    """A map without a source can't be checked by anybody."""
    assert len(MAPS) >= 15
    for device in MAPS.values():
        assert len(device.source) > 10
    assert {"xy_md02", "vaisala_hmp", "scd30"} <= set(MAPS), "site files name these"


ORDERS = {"ABCD": ("big", False), "CDAB": ("little", False), "BADC": ("big", True),
          "DCBA": ("little", True)}  # fmt: skip


@given(
    value=st.floats(width=32, allow_nan=False, allow_infinity=False),
    number=st.integers(-(2**31), 2**31 - 1),
    order=st.sampled_from(sorted(ORDERS)),
)
def test_every_order_agrees_with_pymodbus(value: float, number: int, order: str) -> None:
    """21.5 is 41AC0000, 000041AC, AC410000 or 0000AC41."""
    word_order, is_swapped = ORDERS[order]
    client = AsyncModbusTcpClient
    for kind, wanted in (("FLOAT32", value), ("INT32", number)):
        words = client.convert_to_registers(
            wanted,
            client.DATATYPE[kind],
            word_order=word_order,  # type: ignore[arg-type]
        )
        if is_swapped:
            words = [word >> 8 | (word & 0xFF) << 8 for word in words]
        register = Register.model_validate(
            {"field": "x_c", "table": "holding", "address": 0, "type": kind.lower(), "order": order}
        )
        assert decode(words, register) == pytest.approx(wanted, abs=5e-4)
        if kind == "INT32":
            assert encode(number, register) == tuple(words)


def register(**fields: Any) -> Register:  # noqa: ANN401 - a line of a map
    """Return a register of a map."""
    base = {"field": "x_c", "table": "holding", "address": 0, "type": "int16"}
    return Register.model_validate({**base, **fields})


@pytest.mark.parametrize(
    ("fields", "words", "value"),
    [
        ({"scale": 0.1}, (0xFFCE,), -5.0),
        ({"scale": 0.1, "offset": -40}, (500,), 10.0),
        ({"type": "uint16"}, (0xFFCE,), 65486.0),
        ({"type": "uint64", "scale": 0.01}, (0, 0, 1, 0), 655.36),
        ({"type": "float64"}, (0x4035, 0x8000, 0, 0), 21.5),
        ({"type": "bcd", "words": 2}, (0x1234, 0x5678), 12345678.0),
        ({"type": "bool", "bit": 3}, (0b1000,), 1.0),
        ({"type": "bool", "bit": 2}, (0b1000,), 0.0),
        ({"type": "string", "words": 3}, (0x4142, 0x4300, 0), "ABC"),
    ],
)
def test_types_and_scales(fields: dict[str, Any], words: tuple[int, ...], value: object) -> None:
    """Values in the field's unit, worked out by hand."""
    assert decode(words, register(**fields)) == value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sentinels": [0x8000]}, (0x8000,)),
        ({"low": -40, "high": 80, "scale": 0.1}, (0x7FFF,)),
        ({"low": -40, "high": 80, "scale": 0.1}, (0x8001,)),
        ({"type": "float32"}, (0x7FC0, 0)),
        ({"type": "float32"}, (0x7F80, 0)),
        ({"type": "bcd", "words": 1}, (0xFFFF,)),
    ],
)
def test_what_is_no_value_is_absent_with_its_reason(
    fields: dict[str, Any], words: tuple[int, ...]
) -> None:
    """No probe, a wire off, a meter that has not measured yet: never 0."""
    told = decode(words, register(**fields))
    assert isinstance(told, NoValue)
    assert told.reason


@given(data=st.data(), name=st.sampled_from(sorted(MAPS)))
def test_no_words_make_a_codec_raise_or_tell_what_is_not_finite(
    data: st.DataObject, name: str
) -> None:
    """A device may hold anything."""
    for one in MAPS[name].registers:
        top = 1 if one.table in {"coil", "discrete"} else 0xFFFF
        words = data.draw(st.lists(st.integers(0, top), min_size=one.count, max_size=one.count))
        told = decode(words, one)
        assert isinstance(told, NoValue | str) or math.isfinite(told)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"field": "temperature_f"}, "temperature_f"),
        ({"type": "int17"}, "type"),
        ({"table": "coil"}, "coil"),
        ({"address": 65536}, "address"),
        ({"address": 65535, "type": "int32"}, "65535"),
        ({"order": "ACBD"}, "order"),
        ({"poll": "slow"}, "slow"),
        ({"scale": 0}, "scale"),
        ({"low": 5, "high": 1}, "low"),
        ({"table": "input", "access": "rw"}, "input"),
        ({"bit": 3}, "bit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_map_is_refused_with_its_word(change: dict[str, Any], word: str) -> None:
    """A typo in a map would be a wrong reading for years."""
    base = {"field": "temperature_c", "table": "holding", "address": 1, "type": "int16"}
    head = {"title": "t", "source": "s", "verified": "not at all", "kind": "environment"}
    DeviceMap.model_validate({**head, "registers": [base]})
    with pytest.raises(ValidationError) as refused:
        DeviceMap.model_validate({**head, "registers": [{**base, **change}]})
    assert word in str(refused.value)
