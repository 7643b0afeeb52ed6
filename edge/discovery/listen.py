"""Looks at one byte line: listens, asks what changes nothing, and says which family it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.discovery.guess import Guess, byte_families, guesses
from edge.errors import LinkLost, SettingsUntaken
from edge.links.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge.families import Family

LISTEN_S: Final = 1.2
"""A terminal that speaks unasked does so a few times a second."""
ANSWER_S: Final = 0.5
ASKS_COUNT: Final = 2
"""Two answers make a guess."""
QUIET_S: Final = 0.2
HEARD_BYTES_MAX: Final = 65_536
TCP_LINE: Final = ((9600, "8N1"),)
"""A TCP converter keeps its own line's settings: only what it hands over can be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFound:
    """What a line is, as far as its bytes tell."""

    port: str
    baud: int
    format: str
    guesses: Sequence[Guess] = ()
    """The best first; empty where something speaks and nobody understands it."""
    heard_bytes: int = 0
    reason: str = ""
    """Why the line could not be looked at; empty where it could."""


@dataclass(kw_only=True)
class Look:
    """How a scan looks: which families, and what it tells while it does."""

    families: Mapping[str, Family[Any]]
    data_dir: Path = field(default_factory=Path)
    listen_s: float = LISTEN_S
    answer_s: float = ANSWER_S
    say: Callable[[str], None] = lambda _: None

    async def at(self, port: str) -> LineFound:
        """Try the line settings of every family on one port, until one is understood."""
        known = byte_families(self.families)
        best: LineFound | None = None
        untaken: LineFound | None = None
        for baud, form in line_settings(known, is_tcp=port.startswith("tcp://")):
            self.say(f"{port}: {baud} {form}")
            fits = {
                name: family
                for name, family in known.items()
                if port.startswith("tcp://")
                or (family.hints is not None and (baud, form) in family.hints.lines)
            }
            try:
                pieces = await self._hear(port, baud, form, fits)
            except SettingsUntaken as error:  # Another family's may be taken.
                untaken = LineFound(port=port, baud=baud, format=form, reason=str(error))
                continue
            except LinkLost as error:
                return LineFound(port=port, baud=baud, format=form, reason=str(error))
            heard_bytes = sum(len(piece) for piece in pieces)
            found = LineFound(
                port=port,
                baud=baud,
                format=form,
                guesses=guesses(pieces, fits, port=port),
                heard_bytes=heard_bytes,
            )
            if found.guesses:
                return found
            if best is None or heard_bytes > best.heard_bytes:
                best = found
        found_or_untaken = best or untaken
        assert found_or_untaken is not None, "no family has hints"
        return found_or_untaken

    async def _hear(
        self, port: str, baud: int, form: str, families: Mapping[str, Family[Any]]
    ) -> list[bytes]:
        """Return what was heard, a piece for the listening and one for each question."""
        line = Line(port, data_dir=self.data_dir, baud=baud, form=form)
        await line.connect()
        try:
            pieces = [await _gather(line, self.listen_s)]
            asks = dict.fromkeys(
                ask
                for family in families.values()
                if family.hints is not None
                for ask in family.hints.asks
            )
            for ask in asks:
                for _ in range(ASKS_COUNT):
                    await line.write(ask)
                    pieces.append(await _gather(line, self.answer_s, quiet_s=QUIET_S))
                    if not pieces[-1]:
                        break  # It does not know this question.
            return pieces
        finally:
            line.close()


def line_settings(families: Mapping[str, Family[Any]], *, is_tcp: bool) -> list[tuple[int, str]]:
    """Return (baud, format) to try, those that the most families use first."""
    if is_tcp:
        return list(TCP_LINE)
    counts = Counter(
        line for family in families.values() if family.hints for line in family.hints.lines
    )
    return [line for line, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


async def _gather(line: Line, limit_s: float, *, quiet_s: float | None = None) -> bytes:
    """Return what comes within `limit_s`; where `quiet_s` is given, until it is quiet so long."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + limit_s
    data = b""
    while (left_s := end_s - loop.time()) > 0 and len(data) < HEARD_BYTES_MAX:
        piece = await line.read(min(left_s, quiet_s) if quiet_s and data else left_s)
        if not piece and quiet_s and data:
            break
        data += piece
    return data
