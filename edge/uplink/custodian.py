"""Obeys what a person decided about this edge's chain: adopt its rows, or stop this box.

The commands are for device `outbox`: `adopt` and `stop`. Source: the project's contract on the
wire, section 2, "forked" and "exhausted".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from edge.outbox.errors import OutboxError
from edge.ports import CommandResult
from edge.uplink.follow import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.outbox.custody import CustodyStore
    from edge.outbox.worker import Worker
    from edge.uplink.link import Link

log = logging.getLogger(__name__)

ANSWER_S_MAX: Final = 5.0


class Custodian:
    """The chain's own device."""

    def __init__(self, link: Link, custody: CustodyStore, worker: Worker) -> None:
        self._link = link
        self._custody = custody
        self._worker = worker

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Do `adopt` or `stop`; neither takes an argument."""
        del args
        try:
            if verb == "adopt":
                return await self._adopt()
            if verb == "stop":
                return await self._stop()
        except OutboxError as error:
            return CommandResult(outcome="refused", reason=str(error))
        return CommandResult(outcome="refused", reason=f"no verb {verb!r}: adopt or stop")

    async def _adopt(self) -> CommandResult:
        link, custody = self._link, self._custody
        # The head may have moved since the last answer: chain on what it is now.
        head = await link.ask_now(ANSWER_S_MAX)
        if head is None:
            reason = f"the ledger did not answer within {ANSWER_S_MAX:.0f} s: nothing was changed"
            return CommandResult(outcome="refused", reason=reason)
        if link.follower.mode in (Mode.FOLLOWING, Mode.ASKING):
            reason = "this chain follows the ledger: nothing to adopt"
            return CommandResult(outcome="refused", reason=reason)
        count = await self._worker.run(
            lambda: custody.adopt(head=(head.seq, head.hash), common=head.common)
        )
        link.follower.adopted(head)
        link.went_on()
        log.warning("custody_adopted", extra={"rows_count": count, "head_seq": head.seq})
        reason = f"{count} rows chained anew on the ledger's row {head.seq}"
        return CommandResult(outcome="done", reason=reason)

    async def _stop(self) -> CommandResult:
        await self._worker.run(self._custody.stop)
        self._link.follower.stop()
        log.warning("custody_stopped")
        return CommandResult(outcome="done", reason="this box sends nothing any more")
