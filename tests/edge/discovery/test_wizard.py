"""The byte-order wizard finds the way that a device was really programmed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymodbus.client import ModbusTcpClient

from edge.discovery.wizard import ORDERS, candidates, sample_from, value_of

CLIENT = ModbusTcpClient


@pytest.mark.parametrize(
    ("samples", "best"),
    [
        ([("41AC 0000", "21.5")], ("float32", "ABCD", 1.0)),
        ([("0000 41AC", "21.5")], ("float32", "CDAB", 1.0)),
        ([("AC41 0000", "21.5")], ("float32", "BADC", 1.0)),
        ([("0000 AC41", "21.5")], ("float32", "DCBA", 1.0)),
        ([("00FD", "25.3"), ("FFCE", "-5.0")], ("int16", "ABCD", 0.1)),
        ([("0190", "400")], ("int16", "ABCD", 1.0)),
        ([("4366 3334", "230.2")], ("float32", "ABCD", 1.0)),
    ],
)
def test_words_of_the_manuals(samples: list[tuple[str, str]], best: tuple[str, str, float]) -> None:
    """Worked frames of real devices: 21.5 in four orders, XY-MD02, Senseair S8, SDM120."""
    found = candidates([sample_from(words.split(), shown) for words, shown in samples])
    assert (found[0].type, found[0].order, found[0].scale) == best


@given(
    values=st.lists(st.floats(-999, 999).map(lambda one: round(one, 1)), min_size=1, max_size=3),
    order=st.sampled_from(ORDERS),
    offset=st.integers(0, 3),
)
def test_the_true_way_is_always_among_those_told(
    values: list[float], order: str, offset: int
) -> None:
    """However the float lies in the block, and whatever stands before it."""
    assume(any(values))
    samples = []
    for value in values:
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        words = {
            "ABCD": [high, low],
            "CDAB": [low, high],
            "BADC": [_swapped(high), _swapped(low)],
            "DCBA": [_swapped(low), _swapped(high)],
        }[order]
        block = [f"{word:04X}" for word in [7] * offset + words]
        samples.append(sample_from(block, f"{value:.1f}"))
    told = {(one.offset, one.type, one.order, one.scale) for one in candidates(samples)}
    assert (offset, "float32", order, 1.0) in told


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


@given(words=st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)))
def test_our_reading_is_pymodbus_reading(words: tuple[int, int]) -> None:
    """An outside oracle for the two orders that it knows."""
    for kind in ("int32", "uint32"):
        for order, word_order in (("ABCD", "big"), ("CDAB", "little")):
            theirs = CLIENT.convert_from_registers(
                list(words),
                getattr(CLIENT.DATATYPE, kind.upper()),
                word_order=word_order,  # type: ignore[arg-type]
            )
            assert value_of(words, kind, order) == theirs  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "shown", "told"),
    [
        (["41ACG"], "1", "41ACG"),
        (["10000"], "1", "10000"),
        (["41AC"], "warm", "warm"),
        (["41AC"], "nan", "nan"),
        ([], "1", "no words"),
    ],
)
def test_what_is_typed_wrongly_is_told(words: list[str], shown: str, told: str) -> None:
    """With the part and the form that is wanted."""
    with pytest.raises(ValueError, match=told):
        sample_from(words, shown)


def test_a_second_sample_tells_ways_apart() -> None:
    """Zero is zero in every order: only a change of the display decides."""
    first = sample_from(["0000", "0000"], "0.0")
    second = sample_from(["0000", "41AC"], "21.5")
    assert len(candidates([first])) > 10
    assert [one.order for one in candidates([first, second])] == ["CDAB"]
