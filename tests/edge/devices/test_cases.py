"""Every family's folder cases: frames of manuals and captures, and what they must be read as."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edge.families import Codec, EndedCodec
from edge.readings import FrameCorrupt
from entrepot.decode import codec_of, told
from tests.edge.devices.cases import Case, all_cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

CASES = all_cases()


def read(codec: Codec, data: bytes, *, step: int) -> list[Reading]:
    """Return all that the codec makes of bytes that arrive `step` at a time."""
    readings: list[Reading] = []
    for at in range(0, len(data), step):
        readings += codec.feed(data[at : at + step])
    return [*readings, *(codec.finish() if isinstance(codec, EndedCodec) else ())]


def values(readings: Sequence[Reading]) -> list[dict[str, object]]:
    """Return what is no fault, as a person would see it."""
    return [told(one) for one in readings if not isinstance(one, FrameCorrupt)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bytes_are_read_as_the_manual_says(case: Case) -> None:
    """Each is a frame that a device sends, or a bug that somebody met."""
    readings = read(codec_of(case.family, case.settings_file), case.data, step=len(case.data))
    expected, error = case.path / "expected.jsonl", case.path / "error.txt"
    if error.exists():
        reasons = [one.reason for one in readings if isinstance(one, FrameCorrupt)]
        assert reasons == error.read_text(encoding="utf-8").splitlines()
        assert len(readings) == len(reasons)
        return
    lines = expected.read_text(encoding="utf-8").splitlines()
    got = [told(one) for one in readings]
    assert got == [json.loads(line) for line in lines], "\n".join(map(json.dumps, got))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_byte_at_a_time_reads_the_same(case: Case) -> None:
    """A serial driver may cut the stream anywhere."""
    make = codec_of
    whole = read(make(case.family, case.settings_file), case.data, step=len(case.data))
    for step in (1, 3):
        cut = read(make(case.family, case.settings_file), case.data, step=step)
        assert values(cut) == values(whole)
