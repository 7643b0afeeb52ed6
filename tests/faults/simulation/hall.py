"""What happens in the hall: tags, beams, readings; some of it unreadable, refused or too large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.simulation.house import REFUSED_C

if TYPE_CHECKING:
    from tests.faults.simulation.box import Box

BODY_BYTES_MAX: Final = 4_000
"""What travels as a row here; a real limit of a megabyte costs the rig its time."""


def happen(box: Box, *, events_count: int, reads_ratio: float = 0.5) -> None:
    """Let drivers of a box tell what they saw since the last step."""
    for _ in range(events_count):
        if not box.is_busy():
            _event(box)
    if box.rng.random() < reads_ratio and not box.is_busy():
        _reading(box)


def _event(box: Box) -> None:
    odds = box.rng.random()
    tag = f"{box.rng.getrandbits(96):024X}"
    if odds < 0.02:
        box.event("rfid", "uhf-1")  # Poison: a body that nobody can read.
    elif odds < 0.03:
        box.event("input", "plc-1", channel="x" * (BODY_BYTES_MAX + 1), is_on=True)
    elif odds < 0.25:
        box.event("input", "plc-2", channel="exit-eye", is_on=odds < 0.1)
    elif odds < 0.5:
        box.event(
            "weight", "scale-1", read_point=box.edge, mass_g=5.0, text="5 g", kind="net",
            frame_hex="00",
        )  # fmt: skip
    else:
        box.event(
            "rfid", "uhf-1", read_point=box.edge, what="passed", direction="out", epc_hex=tag,
            reads_count=1, first_t_ns=1, last_t_ns=1,
        )  # fmt: skip


def _reading(box: Box) -> None:
    odds = box.rng.random()
    device = box.rng.choice(("th-1", "th-2"))
    if odds < 0.02:
        box.run(box.measure(device, zone="cool", temperature_c="warm"))
    elif odds < 0.04:
        box.run(box.measure(device, zone="cool", temperature_c=REFUSED_C))
    else:
        box.run(box.measure(device, zone="cool", temperature_c=4.0))
