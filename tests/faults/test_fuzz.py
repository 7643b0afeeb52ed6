"""The codecs' fuzzer in its short form, and that it sees what it looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edge.devices.mt_sics.codec import SicsCodec
from tests.edge.devices.cases import all_cases
from tests.faults.fuzz.__main__ import families
from tests.faults.fuzz.judge import Target, fault_of, shrunk, targets
from tests.faults.fuzz.run import Tally, run_batch

if TYPE_CHECKING:
    from edge.readings import Reading

SICS = Target(family="mt_sics", frames=(b"S S     100.00 g\r\n", b"S +\r\n"))


def test_every_codec_has_frames_to_start_from() -> None:
    """Random bytes alone never get past the first check of a frame."""
    known = {case.family for case in all_cases()}
    assert [name for name in families() if name not in known] == []


def test_no_codec_fails_on_mutated_frames() -> None:
    """Noise is daily bread on a long cable; `make fuzz` is the long form."""
    tally = Tally()
    for target in targets(families()):
        if target.settings_file is None:
            run_batch(target, target.maker(), 0, tally, inputs_count=150)
    assert tally.failures == []
    assert len(tally.inputs) == len(families())


class Fragile(SicsCodec):
    """Raises on a digit that it should refuse."""

    @override
    def feed(self, data: bytes) -> list[Reading]:
        if b"\x80" in data:
            raise ValueError("not ASCII")
        return super().feed(data)


class Forgetful(SicsCodec):
    """Loses a line whose end comes by itself."""

    @override
    def feed(self, data: bytes) -> list[Reading]:
        return [] if data == b"\n" else super().feed(data)


@pytest.mark.parametrize(
    ("make", "fault"),
    [(Fragile, "raises ValueError"), (Forgetful, "reads otherwise when cut")],
)
def test_a_broken_codec_is_found_and_its_input_shrunk(make: type[SicsCodec], fault: str) -> None:
    """A fuzzer that never cries is none; what it prints must fit into a bug report."""
    tally = Tally()
    for seed in range(20):
        run_batch(SICS, make, seed, tally)
    assert tally.failures
    assert fault in tally.failures[0]
    hexed = tally.failures[0].rpartition(": ")[2]
    assert fault in fault_of(make, bytes.fromhex(hexed))
    assert len(bytes.fromhex(hexed)) <= 20


def test_shrinking_keeps_what_breaks() -> None:
    """Two bytes out of forty are the whole story."""
    assert (
        shrunk(lambda data: b"a" in data and b"b" in data, b"xx" * 9 + b"a" + b"y" * 20 + b"b")
        == b"ab"
    )
