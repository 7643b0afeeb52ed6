"""`entrepot wizard`: byte order and scale from what the device's display shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.discovery.wizard import candidates, sample_from
from entrepot.processes import StartRefused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SHOWN_COUNT: int = 10


def wizard(asked: argparse.Namespace) -> Iterator[str]:
    """Yield the ways to read the words that explain every sample, the best first."""
    samples = []
    for text in asked.sample:
        words, mark, shown = text.rpartition("=")
        if not mark:
            raise StartRefused("wizard", f"{text!r}: give WORDS=SHOWN, as 41AC,0000=21.5")
        try:
            samples.append(sample_from(words.replace(",", " ").split(), shown.strip()))
        except ValueError as error:
            raise StartRefused("wizard", f"{text!r}: {error}") from error
    found = candidates(samples)
    if not found:
        yield "no type, order and scale explains every sample: are the words of the same moment?"
        return
    for one in found[:SHOWN_COUNT]:
        yield (
            f"register +{one.offset}: type {one.type}, order {one.order}, scale {one.scale:g}"
            f" (at most {one.error_max:.3g} off)"
        )
    if len(found) > 1:
        rest = f"{len(found)} ways fit" if len(found) > SHOWN_COUNT else "several ways fit"
        yield f"{rest}: wait until the display changes and give another sample"
