"""Drives an MT-SICS scale: asks for the weight now, zeroes and tares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edge.devices.mt_sics.codec import WEIGHT_NOW, SicsCodec
from edge.ports import CommandResult
from edge.readings import Told, Weighed

if TYPE_CHECKING:
    from edge.links.line import Line

REPLY_S: Final = 1.0
_COMMANDS: Final = {"zero": "Z", "tare": "T"}


class SicsDriver:
    """One scale on one line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._codec = SicsCodec()
        self.corrupt_count = 0
        self._has_tare = False
        """SI tells the net weight: without a tare that is the gross."""

    async def ask(self) -> Weighed | None:
        """Return what the scale shows now; None when it does not answer. Raises LinkLost."""
        self._line.discard()
        await self._line.write(WEIGHT_NOW)
        waited_s = 0.0
        while waited_s < REPLY_S:
            for reading in self._codec.feed(await self._line.read(0.1)):
                if isinstance(reading, Weighed):
                    return replace(reading, kind="net" if self._has_tare else "gross")
                self.corrupt_count += 1
            waited_s += 0.1
        return None

    async def tell(self, verb: str) -> CommandResult:
        """Zero or tare when the scale is at rest. Raises LinkLost."""
        word = _COMMANDS[verb]
        self._line.discard()
        await self._line.write(word.encode() + b"\r\n")
        waited_s = 0.0
        while waited_s < REPLY_S:
            for reading in self._codec.feed(await self._line.read(0.1)):
                if isinstance(reading, Told) and reading.head == word:
                    return self._result(word, reading.text)
            waited_s += 0.1
        return CommandResult(outcome="failed", reason="the scale did not answer")

    def _result(self, word: str, answer: str) -> CommandResult:
        if answer.startswith(("A", "S")):
            self._has_tare = self._has_tare or word == "T"
            return CommandResult(outcome="done", reason=answer)
        return CommandResult(outcome="refused", reason=f"the scale answers {word} {answer}")
