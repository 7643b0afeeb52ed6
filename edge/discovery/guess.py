"""Which family's codec understands what a line said (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from edge.families import ReaderFamily, ScaleFamily
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told, Weighed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edge.families import Family
    from edge.readings import Reading

GOOD_COUNT_MIN: Final = 2
"""One frame may be chance: a family is guessed from two."""
GOOD_TO_CORRUPT_MIN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A family that understood a line."""

    family: str
    settings: Mapping[str, object]
    """The variant that fits best, in the family's own keys."""
    good_count: int
    corrupt_count: int
    shown: str
    """The newest value, for a person to compare with the device's display."""
    frame_hex: str


def byte_families(families: Mapping[str, Family[Any]]) -> dict[str, Family[Any]]:
    """Return the families that a scan may find on a byte line."""
    return {name: one for name, one in families.items() if one.hints is not None}


def guesses(
    data: Iterable[bytes], families: Mapping[str, Family[Any]], *, port: str
) -> list[Guess]:
    """Return the families that understand what came in these pieces, the best first."""
    pieces = list(data)
    found = []
    for name, family in families.items():
        assert family.hints is not None, name
        best: Guess | None = None
        for variant in family.hints.variants:
            guess = _judge(name, family, variant, pieces, port)
            if guess is not None and (best is None or _rank(guess) > _rank(best)):
                best = guess
        if best is not None:
            found.append(best)
    return sorted(found, key=_rank, reverse=True)


def _rank(guess: Guess) -> tuple[float, int]:
    return guess.good_count / (guess.good_count + guess.corrupt_count), guess.good_count


def _judge(
    name: str,
    family: Family[Any],
    variant: Mapping[str, object],
    pieces: list[bytes],
    port: str,
) -> Guess | None:
    if not isinstance(family, ScaleFamily | ReaderFamily):
        return None
    told = {"id": "found", "family": name, "port": port, "read_point": "here", **variant}
    codec = family.codec(family.settings.model_validate(told))
    readings = [reading for piece in pieces for reading in codec.feed(piece)]
    corrupt = sum(1 for one in readings if isinstance(one, FrameCorrupt))
    good = len(readings) - corrupt
    if good < GOOD_COUNT_MIN or good < GOOD_TO_CORRUPT_MIN * corrupt:
        return None
    shown, frame_hex = _newest(readings)
    return Guess(
        family=name,
        settings=variant,
        good_count=good,
        corrupt_count=corrupt,
        shown=shown,
        frame_hex=frame_hex,
    )


def _newest(readings: list[Reading]) -> tuple[str, str]:
    """Return (what a person would read, the frame of it) of the newest telling reading."""
    for one in reversed(readings):
        match one:
            case Weighed():
                return one.text, one.frame_hex
            case TagRead():
                return f"tag {one.epc.hex().upper()}", one.frame_hex
            case Told(head=head, text=text) if text:
                return f"{head} {text}"[:80], one.frame_hex
            case RoundEnd() | Told() | FrameCorrupt():
                continue
    return "", ""
