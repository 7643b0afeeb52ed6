"""Seeded mutations: good frames cut, turned, doubled, joined and stuffed with bytes that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

INPUT_BYTES_MAX: Final = 512
LONG_RATIO: Final = 1 / 2_000
LONG_BYTES: Final = 32_768
_TELLING: Final = b"\r\n\x02\x03\x1b \x00\xff\x7e\xbb\xa0+-.,09SZ\x80"
"""Ends, begins, signs and digits of the protocols, and the borders of a byte."""


def mutated(frames: Sequence[bytes], rng: random.Random) -> bytes:
    """Return one input of INPUT_BYTES_MAX at most; seldom one piece repeated to LONG_BYTES."""
    data = bytearray(frames[int(rng.random() * len(frames))])
    for _ in range(1 + int(rng.random() * 4)):
        _MUTATIONS[int(rng.random() * len(_MUTATIONS))](data, frames, rng)
    if rng.random() < LONG_RATIO and data:
        return bytes(data[:64]) * (LONG_BYTES // min(64, len(data)))
    return bytes(data[:INPUT_BYTES_MAX])


def _place(data: bytearray, rng: random.Random) -> int:
    return int(rng.random() * (len(data) + 1))


def _flip_bit(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    if data:
        data[int(rng.random() * len(data))] ^= 1 << int(rng.random() * 8)


def _set_byte(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    if data:
        data[int(rng.random() * len(data))] = int(rng.random() * 256)


def _set_telling(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    if data:
        data[int(rng.random() * len(data))] = _TELLING[int(rng.random() * len(_TELLING))]


def _insert(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = bytes([_TELLING[int(rng.random() * len(_TELLING))]]) * (1 + int(rng.random() * 3))


def _delete(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + 1 + int(rng.random() * 4)]


def _cut(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _join(data: bytearray, frames: Sequence[bytes], rng: random.Random) -> None:
    data += frames[int(rng.random() * len(frames))]


def _splice(data: bytearray, frames: Sequence[bytes], rng: random.Random) -> None:
    other = frames[int(rng.random() * len(frames))]
    at = _place(data, rng)
    data[at:at] = other[: int(rng.random() * (len(other) + 1))]


def _repeat(data: bytearray, _frames: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = data[at : at + 8] * (1 + int(rng.random() * 6))


_MUTATIONS: Final = (
    _flip_bit,
    _set_byte,
    _set_telling,
    _insert,
    _delete,
    _cut,
    _join,
    _splice,
    _repeat,
)
