"""What a codec must hold for any bytes, and the shortest input that still breaks it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.catalogue.families import FAMILIES
from edge.families import EndedCodec
from edge.readings import FrameCorrupt, Reading
from entrepot.decode import settings_of, told
from tests.edge.devices.cases import Case, all_cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.families import Codec

LIMIT_S: Final = 0.1
HELD_BYTES_MAX: Final = 300_000
"""The longest LLRP message that is taken is 256 kB; every other codec holds far less."""
SHRINK_TRIES_MAX: Final = 3_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """One family in one set of settings."""

    family: str
    frames: tuple[bytes, ...]
    settings_file: Path | None = None

    @property
    def name(self) -> str:
        """Return what tells it from others."""
        case = self.settings_file.parent.name if self.settings_file else ""
        return f"{self.family}/{case}" if case else self.family

    def maker(self) -> Callable[[], Codec]:
        """Return what makes a fresh codec; settings are read once."""
        settings = settings_of(self.family, self.settings_file)
        make: Callable[[object], Codec] = getattr(FAMILIES[self.family], "codec")  # noqa: B009
        return lambda: make(settings)


def targets(families: list[str]) -> list[Target]:
    """Return a target for each family, and one for each case with settings of its own."""
    cases = all_cases()
    found = []
    for family in families:
        own = [case for case in cases if case.family == family and case.data]
        frames = tuple(case.data for case in own) or (b"\x00",)
        found.append(Target(family=family, frames=frames))
        others = {case.settings_file.read_bytes(): case for case in own if case.settings_file}
        found += [_with_settings(case, frames) for case in others.values()]
    return found


def _with_settings(case: Case, frames: tuple[bytes, ...]) -> Target:
    return Target(family=case.family, frames=frames, settings_file=case.settings_file)


def fault_of(make: Callable[[], Codec], data: bytes) -> str:
    """Return what is wrong with how a codec reads `data`; empty when nothing is."""
    try:
        whole = make()
        at_once = [one for one in whole.feed(data) if type(one) is not FrameCorrupt]
        cut = make()
        feed = cut.feed
        one_by_one: list[Reading] = []
        step = 1 if len(data) <= 1_024 else 509
        for at in range(0, len(data), step):
            if readings := feed(data[at : at + step]):
                one_by_one += [one for one in readings if type(one) is not FrameCorrupt]
        for codec, readings in ((whole, at_once), (cut, one_by_one)):
            if isinstance(codec, EndedCodec):
                readings += [one for one in codec.finish() if type(one) is not FrameCorrupt]
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"raises {type(error).__name__}: {error}"
    if at_once != one_by_one:
        return "reads otherwise when cut"
    return ""


def untellable(make: Callable[[], Codec], data: bytes) -> str:
    """Return why a reading can't be told as JSON; empty when all can."""
    try:
        for one in make().feed(data):
            told(one)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"can't be told: {type(error).__name__}: {error}"
    return ""


def held_bytes(codec: Codec) -> int:
    """Return how many bytes a codec holds."""
    fields = [*getattr(codec, "__dict__", {}).values()]
    return sum(len(one) for one in fields if isinstance(one, bytes | bytearray))


def cpu_s(make: Callable[[], Codec], data: bytes) -> float:
    """Return the CPU time that one input takes, the best of three: a neighbour may interfere."""

    def once() -> float:
        codec = make()
        began_s = time.thread_time()
        codec.feed(data)
        return time.thread_time() - began_s

    return min(once() for _ in range(3))


def shrunk(is_bad: Callable[[bytes], bool], data: bytes) -> bytes:
    """Return a short input that is still bad: pieces taken out, then bytes made plain."""
    tries = 0
    size = max(1, len(data) // 2)
    while size >= 1 and tries < SHRINK_TRIES_MAX:
        at = 0
        while at < len(data) and tries < SHRINK_TRIES_MAX:
            tries += 1
            shorter = data[:at] + data[at + size :]
            if is_bad(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    for at in range(len(data)):
        plain = data[:at] + b"0" + data[at + 1 :]
        if data[at : at + 1] != b"0" and is_bad(plain):
            data = plain
    return data
