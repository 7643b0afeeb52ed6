"""A gate that really stands open or shut, and notes whether its rule held whenever it opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.ports import CommandResult, SafeState
from wire.control import DeviceBirth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.simulation.box import Box

DEVICE: Final = "plc-2"
SHUT: Final = SafeState(output="gate", verb="close")
FOR_S: Final = 10.0
FRESH_S: Final = 5.0
STEP_S_MAX: Final = 2.0
"""The story moves in steps: what ends in one is seen at its end."""


class Crash(BaseException):
    """The process ends in the middle."""


class Plc:
    """The door stays as it is when its edge dies; the next process shuts it."""

    device = DEVICE

    def __init__(self, box: Box) -> None:
        self._box = box
        self.is_open = False
        self.opened_s = 0.0
        self._tried_s = -1e9
        """When it was told to close last, stuck or not."""

    def birth(self) -> DeviceBirth:
        """Return a birth."""
        return DeviceBirth(family="dock_plc", status="ok", channels={"gate": ""})

    def safe_states(self) -> list[SafeState]:
        """Return the shut gate."""
        return [SHUT]

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return what must follow an opening."""
        del args
        return SHUT if verb == "open" else None

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Move; crash before or after it at times, or stick."""
        del args
        box = self._box
        if verb == "open":
            self._crash_perhaps()
            self.is_open, self.opened_s = True, box.clock.mono_s()
            box.opened()
            self._crash_perhaps()
            return CommandResult(outcome="done", read_back=True)
        if verb != "close":
            return CommandResult(outcome="refused", reason=f"no verb {verb!r}")
        self._tried_s = box.clock.mono_s()
        if self.is_open and box.rng.random() < box.stick_ratio:
            return CommandResult(outcome="failed", reason="the motor stalled", read_back=True)
        self.is_open = False
        return CommandResult(outcome="done", read_back=False)

    def fault(self, *, heard_s: float) -> str:
        """Return why it may not stand open now; empty while it may, or while it is shut.

        Args:
            heard_s: monotonic seconds when a beat of our gateways came last.

        """
        now_s = self._box.clock.mono_s()
        if not self.is_open or now_s - self._tried_s <= STEP_S_MAX:
            return ""  # Shut, or stuck and told again and again.
        if now_s - self.opened_s > FOR_S + STEP_S_MAX:
            return f"open for {now_s - self.opened_s:.1f} s, its lease was {FOR_S} s"
        if now_s - heard_s > FRESH_S + STEP_S_MAX:
            return f"open, and no gateway heard for {now_s - heard_s:.1f} s"
        return ""

    def _crash_perhaps(self) -> None:
        if self._box.rng.random() < self._box.crash_ratio:
            raise Crash
