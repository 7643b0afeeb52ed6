"""Which rows may be sent, and what the ledger's heads mean for this chain (pure).

Source: the project's contract on the wire, section 2, "The head is the acknowledgement".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.control import Head

WINDOW_COUNT: Final = 400
"""Rows sent beyond the newest head; the ledger keeps 1,000 that came early."""
RESEND_S_MIN: Final = 2.0
RESEND_S_MAX: Final = 60.0
ROUND_TRIPS_COUNT: Final = 4
HELLO_S: Final = 30.0
HELLO_ASKING_S: Final = 1.0
"""Doubled while no answer comes: a gateway that takes longer than that would never be heard."""
HELLO_DOUBLINGS_MAX: Final = 5


class Mode(StrEnum):
    """What this edge makes of the ledger's answers."""

    ASKING = "asking"
    """No answer yet in this run of the process: nothing is sent."""
    FOLLOWING = "following"
    FORKED = "forked"
    """The ledger has rows of this edge that this disk lacks: a person decides."""
    EXHAUSTED = "exhausted"
    """The ledger fell behind everything that is still kept: a person decides."""
    STOPPED = "stopped"
    """A person decided: this box is a copy, or its history is wrong. It sends nothing."""


class Chain(Protocol):
    """What the follower asks of the chain on disk."""

    @property
    def tip(self) -> tuple[int, str]:
        """Return the newest row's position."""

    def hash_at(self, seq: int) -> str | None:
        """Return the hash of a row that is kept, of the base or of the root."""


@dataclass(slots=True)
class Follower:
    """The state machine of one run of the process."""

    ledger: str
    chain: Chain
    archive: Callable[[int], None]
    """Told of each answered head: rows up to it are archive."""
    mode: Mode = Mode.ASKING
    acked_seq: int = 0
    """The newest head heard; rows above it are sent."""
    sent_seq: int = 0
    """The newest row sent since the last rewind."""
    round_trip_s: float = 0.0
    """Of the newest answered hello."""
    answer: Head | None = None
    """The newest head that answered a hello of ours: what an adoption chains on."""
    answers_count: int = 0
    unanswered_count: int = 0
    """Hellos since the last answer: an answer that takes longer than the next hello is void."""
    _nonce: str | None = None
    _asked_at_s: float = 0.0
    _resend_s: float = 0.0
    """What doubling made of it; the bounds below hold whatever it is."""
    _sent_at_s: float = 0.0

    def ask(self, nonce: str, now_s: float) -> None:
        """Remember the nonce of the hello that is going out; earlier ones are void."""
        self._nonce = nonce
        self._asked_at_s = now_s
        self.unanswered_count += 1

    def ask_again_s(self) -> float:
        """Return how long to wait for the answer before the next hello."""
        if self.mode is not Mode.ASKING:
            return HELLO_S
        doublings = min(max(0, self.unanswered_count - 1), HELLO_DOUBLINGS_MAX)
        return min(HELLO_ASKING_S * 2.0**doublings, HELLO_S)

    def hear(self, head: Head, now_s: float) -> bool:
        """Take a head that came at `now_s`; tell whether it changed anything."""
        if head.ledger != self.ledger:
            return False
        if head.nonce is None:
            return self._hear_unasked(head)
        if head.nonce != self._nonce:
            return False
        self._nonce = None
        self.round_trip_s = now_s - self._asked_at_s
        return self._hear_answer(head)

    def _hear_answer(self, head: Head) -> bool:
        before = (self.mode, self.acked_seq)
        self.answer = head
        self.answers_count += 1
        self.unanswered_count = 0
        if self.mode is Mode.STOPPED:
            return False
        if self._is_ours(head):
            if self.mode is not Mode.FOLLOWING or head.seq < self.acked_seq:
                self.sent_seq = head.seq  # First answer, or the ledger went back: send from there.
            self.mode = Mode.FOLLOWING
            self.acked_seq = head.seq
            self.sent_seq = max(self.sent_seq, head.seq)
            self.archive(head.seq)
        elif head.common is None:
            self.mode = Mode.EXHAUSTED
        else:
            self.mode = Mode.FORKED
        return before != (self.mode, self.acked_seq)

    def adopted(self, head: Head) -> None:
        """Follow again: the rows above `head` were chained anew on it."""
        self.mode = Mode.FOLLOWING
        self.acked_seq = head.seq
        self.sent_seq = head.seq

    def stop(self) -> None:
        """Send nothing from now on, whatever the ledger answers."""
        self.mode = Mode.STOPPED

    def _hear_unasked(self, head: Head) -> bool:
        if self.mode is not Mode.FOLLOWING or head.seq <= self.acked_seq:
            return False
        if not self._is_ours(head):
            return False
        self.acked_seq = head.seq
        self.sent_seq = max(self.sent_seq, head.seq)
        self._resend_s = 0.0
        return True

    def _is_ours(self, head: Head) -> bool:
        return head.seq <= self.chain.tip[0] and self.chain.hash_at(head.seq) == head.hash

    def room(self) -> int:
        """Return how many rows above `sent_seq` may be sent now."""
        if self.mode is not Mode.FOLLOWING:
            return 0
        return max(0, self.acked_seq + WINDOW_COUNT - self.sent_seq)

    def sent(self, seq: int, now_s: float) -> None:
        """Note rows up to `seq` as sent."""
        if self.sent_seq == self.acked_seq:
            self._sent_at_s = now_s
        self.sent_seq = max(self.sent_seq, seq)

    def moved(self, now_s: float) -> None:
        """Note that the head moved: the wait begins anew."""
        self._sent_at_s = now_s

    def gateway_back(self) -> None:
        """Note that a gateway opened its sessions anew: what was sent to the old ones is gone."""
        self._resend_s = 0.0
        self.unanswered_count = 0
        self.sent_seq = self.acked_seq

    def rewind_if_due(self, now_s: float, *, jitter: float) -> bool:
        """Go back to the head when it has not moved for too long; `jitter` is 0 to 1."""
        if self.mode is not Mode.FOLLOWING or self.sent_seq <= self.acked_seq:
            return False
        least_s = max(RESEND_S_MIN, ROUND_TRIPS_COUNT * self.round_trip_s)
        wait_s = min(max(self._resend_s, least_s), RESEND_S_MAX)
        if now_s - self._sent_at_s < wait_s * (1 + 0.2 * jitter):
            return False
        self.sent_seq = self.acked_seq
        self._sent_at_s = now_s
        self._resend_s = 2 * wait_s
        return True
