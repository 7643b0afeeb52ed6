"""Scales whose newest frame counts: those that stream, and those asked a word at a time.

A family's driver says the words that ask, zero and tare, and how an answer reads; what was shown
before a silence is never shown again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from edge.families import Identity
from edge.ports import CommandResult
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edge.families import Codec
    from edge.links.line import Line

CONFIRM_S: Final = 3.0
"""So long a command's effect may take to show: a platform comes to rest in less."""
QUIET_S: Final = 0.2
"""A late answer has come, or won't, after such a silence."""
QUIET_S_MAX: Final = 2.0
TOLD_MAX: Final = 8
ASKS_MAX: Final = 3


class StreamScale:
    """One scale on one line."""

    def __init__(
        self,
        line: Line,
        make_codec: Callable[[], Codec],
        *,
        commands: Mapping[str, bytes],
        query: bytes = b"",
        silence_s: float = 2.0,
        judge: Callable[[str, Told], CommandResult | None] = lambda _verb, _told: None,
    ) -> None:
        """Take `query`, empty for a scale that streams, and what `judge` makes of an answer."""
        self._line = line
        self._make_codec = make_codec
        self._codec = make_codec()
        self._commands = commands
        self._query = query
        self._silence_s = silence_s
        self._judge = judge
        self._told: deque[Told] = deque(maxlen=TOLD_MAX)
        self._owes_answer = False
        self.corrupt_count = 0
        self.verbs = frozenset(commands)

    async def greet(self) -> Identity:
        """Start afresh on a line that was just opened. These protocols don't say who speaks."""
        self._codec = self._make_codec()
        self._owes_answer = False
        return Identity()

    async def ask(self) -> Weighed | None:
        """Return the newest weight, None when the scale is silent. Raises LinkLost."""
        loop = asyncio.get_running_loop()
        for _ in range(ASKS_MAX if self._query else 1):
            if self._query:
                await self._send(self._query)
            corrupt_count = self.corrupt_count
            until_s = loop.time() + self._silence_s
            while (left_s := until_s - loop.time()) > 0:
                newest = self._newest(await self._line.read(left_s))
                if newest is not None:
                    return newest
                if self._query and self.corrupt_count > corrupt_count:
                    break  # That was the answer: ask again.
            else:
                self._owes_answer = bool(self._query)
                return None
        return None

    async def tell(self, verb: str) -> CommandResult:
        """Send the command's word and look whether the scale did it. Raises LinkLost."""
        word = self._commands.get(verb)
        if word is None:
            return CommandResult(outcome="refused", reason=f"this scale has no {verb}")
        await self._send(word)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CONFIRM_S
        shown: Weighed | None = None
        while loop.time() < until_s:
            shown = await self.ask()
            while self._told:
                result = self._judge(verb, self._told.popleft())
                if result is not None:
                    return result
            if shown is not None and is_done(verb, shown):
                return CommandResult(outcome="done", reason=shown.text, read_back=True)
        if shown is None:
            return CommandResult(outcome="unknown", reason="the scale says nothing since")
        reason = f"the scale still shows {shown.text or shown.range} {CONFIRM_S:.0f} s later"
        return CommandResult(outcome="failed", reason=reason, read_back=False)

    async def _send(self, word: bytes) -> None:
        """Forget what came unasked, so that nothing old can pass for an answer; then send."""
        if self._owes_answer:
            loop = asyncio.get_running_loop()
            until_s = loop.time() + QUIET_S_MAX
            while await self._line.read(QUIET_S) and loop.time() < until_s:
                pass
            self._owes_answer = False
        self._line.discard()
        self._codec = self._make_codec()
        self._told.clear()
        await self._line.write(word)

    def _newest(self, data: bytes) -> Weighed | None:
        newest = None
        for reading in self._codec.feed(data):
            match reading:
                case Weighed() if reading.kind != "tare":
                    newest = reading
                case Told():
                    self._told.append(reading)
                case FrameCorrupt():
                    self.corrupt_count += 1
                case _:
                    pass  # A tare by itself is no weight.
        return newest


def is_done(verb: str, shown: Weighed) -> bool:
    """Tell whether what the scale shows is what `verb` leads to."""
    if shown.value is None or shown.is_stable is False:
        return False
    if verb == "clear-tare":
        return shown.kind == "gross"
    return shown.value == 0 and (verb != "tare" or shown.kind != "gross")
