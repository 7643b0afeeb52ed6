"""Drives an MT-SICS scale: asks for the weight now and for the tare, zeroes and tares.

Answers bear no number. So an answer counts only if its head is that of the command; and after a
command that got none, the line is heard out before the next one is sent.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edge.devices.mt_sics.codec import SicsCodec
from edge.families import Identity
from edge.ports import CommandResult
from edge.readings import FrameCorrupt, Told, Weighed

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from edge.links.line import Line
    from edge.readings import Reading

COMMANDS: Final = {
    "zero": "Z",
    "tare": "T",
    "zero-now": "ZI",
    "tare-now": "TI",
    "clear-tare": "TAC",
}
"""Z and T wait until the platform is at rest; ZI and TI act at once, in motion too."""
REST_S_MAX: Final = 12.0
"""Z and T answer `I` when the scale has waited for rest in vain: its own limit is about 10 s."""
QUIET_S: Final = 0.2
QUIET_S_MAX: Final = 2.0
ASKS_MAX: Final = 3
SILENT_MAX: Final = 2
_ERRORS: Final = {
    "ES": "the scale does not know the command",
    "ET": "the scale received it garbled: are baud and format the scale's?",
    "EL": "the scale can't execute it",
}
_QUOTED: Final = re.compile(r'"([^"]{0,56})"')


class SicsDriver:
    """One scale on one line."""

    def __init__(self, line: Line, *, reply_s: float = 1.0) -> None:
        self._line = line
        self._reply_s = reply_s
        self._codec = SicsCodec()
        self.corrupt_count = 0
        self.verbs = frozenset(COMMANDS)
        self._owes_answer = False
        self._tare: Decimal | None = None
        """What TA told last; None when unknown."""
        self._has_tare_query = True
        self._silent_count = 0
        self._last: Decimal | None = None
        """What SI told last; where it is the same again, so is the tare."""

    async def greet(self) -> Identity:
        """Ask who it is and what tare it holds. Raises LinkLost."""
        self._codec = SicsCodec()
        self._owes_answer, self._has_tare_query, self._silent_count = False, True, 0
        told = {}
        for word in ("I2", "I4"):
            answer = await self._exchange(word, _is_answer_to(word), limit_s=self._reply_s)
            if answer is None:
                return Identity()  # It says nothing at all: don't wait for it twice.
            told[word] = " ".join(_QUOTED.findall(answer.text)) if isinstance(answer, Told) else ""
        await self._ask_tare()
        return Identity(model=told.get("I2", "").strip(), serial=told.get("I4", "").strip())

    async def ask(self) -> Weighed | None:
        """Return what the scale shows now, gross or net by its tare; None when it is silent.

        Raises LinkLost.
        """
        shown: Weighed | None = None
        for _ in range(ASKS_MAX):
            answer = await self._exchange("SI", _is_weight, limit_s=self._reply_s)
            if isinstance(answer, FrameCorrupt):
                continue
            if not isinstance(answer, Weighed):
                return None
            shown = answer
            if shown.value == self._last and self._tare is not None:
                return self._with_tare(shown)
            # A tare that was set at the terminal changes what SI tells: both belong together.
            tare = self._tare
            self._last = shown.value
            await self._ask_tare()
            if tare == self._tare:
                return self._with_tare(shown)
        return None if shown is None else replace(self._with_tare(shown), is_stable=False)

    def _with_tare(self, shown: Weighed) -> Weighed:
        """Return the net weight that S tells, called gross where there is no tare."""
        return replace(shown, kind="gross" if self._tare == 0 else "net", tare=self._tare)

    async def tell(self, verb: str) -> CommandResult:
        """Do one of COMMANDS. Raises LinkLost."""
        word = COMMANDS[verb]
        limit_s = REST_S_MAX if word in {"Z", "T"} else self._reply_s
        answer = await self._exchange(word, _is_answer_to(word), limit_s=limit_s)
        self._tare, self._last = None, None  # Asked anew with the next weight.
        match answer:
            case None:
                return CommandResult(outcome="unknown", reason=f"no answer to {word}")
            case FrameCorrupt():
                return CommandResult(outcome="unknown", reason=f"a garbled answer to {word}")
            case Weighed():
                return CommandResult(outcome="done", reason=f"{word}: {answer.text}")
            case Told(head=head) if head in _ERRORS:
                return CommandResult(outcome="refused", reason=f"{word}: {_ERRORS[head]} ({head})")
            case Told(text=text) if text[:1] in {"A", "S", "D"}:
                return CommandResult(outcome="done", reason=f"{word} {text}")
            case Told(text=text):
                why = _REFUSALS.get(text, "")
                return CommandResult(
                    outcome="refused", reason=f"the scale answers {word} {text}{why}"
                )
            case _:
                raise AssertionError(answer)

    async def _ask_tare(self) -> None:
        if not self._has_tare_query:
            return
        answer = await self._exchange("TA", _is_answer_to("TA"), limit_s=self._reply_s)
        self._tare = answer.value if isinstance(answer, Weighed) else None
        self._silent_count = self._silent_count + 1 if answer is None else 0
        if self._silent_count >= SILENT_MAX:
            self._has_tare_query = False  # It passes over what it does not know.
        if isinstance(answer, Told) and answer.head in {"ES", "EL"}:
            self._has_tare_query = False  # Level 0: S tells net, whatever the tare is.

    async def _exchange(
        self, word: str, is_wanted: Callable[[Reading], bool], *, limit_s: float
    ) -> Reading | None:
        """Send a command and return the answer, garbled or not; None when none came in time."""
        loop = asyncio.get_running_loop()
        if self._owes_answer:
            until_s = loop.time() + QUIET_S_MAX
            while await self._line.read(QUIET_S) and loop.time() < until_s:
                pass
            self._owes_answer = False
        self._line.discard()
        self._codec = SicsCodec()
        await self._line.write(f"{word}\r\n".encode())
        until_s = loop.time() + limit_s
        while (left_s := until_s - loop.time()) > 0:
            for reading in self._codec.feed(await self._line.read(left_s)):
                if is_wanted(reading):
                    return reading
                if isinstance(reading, FrameCorrupt):
                    self.corrupt_count += 1
                    return reading
                if isinstance(reading, Told) and reading.head == "I4":
                    self._tare = self._last = None  # It was switched on just now.
        self._owes_answer = True
        return None


_REFUSALS: Final = {
    "I": ": not executable now",
    "L": ": wrong parameter",
    "+": ": above the range",
    "-": ": below the range",
}


def _is_weight(reading: Reading) -> bool:
    match reading:
        case Weighed():
            return reading.kind == "net"
        case Told():
            return reading.head in _ERRORS
        case _:
            return False


def _is_answer_to(word: str) -> Callable[[Reading], bool]:
    def is_answer(reading: Reading) -> bool:
        match reading:
            case Told():
                return reading.head == word or reading.head in _ERRORS
            case Weighed():
                frame = bytes.fromhex(reading.frame_hex)
                return frame.startswith(f"{word} ".encode())
            case _:
                return False

    return is_answer
