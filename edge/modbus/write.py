"""Changes one thing on a unit: sent once, never again, and read back.

A write whose answer is lost may have happened. What the device holds afterwards decides, and where
that can't be read the outcome is unknown: nobody repeats it here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from edge.errors import BadReply, LinkLost, NoReply
from edge.modbus.pdu import Refused, bits_of, read, write_coil
from edge.ports import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.modbus.pdu import Request

READ_BACK_TRIES: Final = 2
"""Reading may be repeated: it changes nothing."""


class Asks(Protocol):
    """A master of one line."""

    @property
    def is_echo_known(self) -> bool:
        """Tell whether a write's answer can be told from its echo."""

    async def ask(
        self, request: Request, *, timeout_s: float | None = None, is_urgent: bool = False
    ) -> bytes:
        """Return the PDU that answers. Raises NoReply, BadReply, Refused, LinkLost."""


async def write_once(
    master: Asks, write: Request, *, look: Request, is_as_wanted: Callable[[bytes], bool]
) -> CommandResult:
    """Send `write` once and judge it by what `look` then tells."""
    if not master.is_echo_known:  # Only a read's answer tells an echo from an answer.
        try:
            await master.ask(look, is_urgent=True)
        except (NoReply, LinkLost) as error:
            return CommandResult(outcome="failed", reason=f"nothing was written: {error}")
        except BadReply:
            pass  # It answered something, and that told of the echo.
    doubt = ""
    try:
        await master.ask(write, is_urgent=True)
    except Refused as refused:
        return CommandResult(outcome="failed", reason=str(refused))
    except (NoReply, BadReply, LinkLost) as error:
        doubt = f"the write was not answered ({error})"
    try:
        is_done = is_as_wanted(await _read_back(master, look))
    except (NoReply, BadReply, LinkLost) as error:
        reason = f"{doubt or 'the write was answered'}, and can't be read back: {error}"
        return CommandResult(outcome="unknown", reason=reason)
    if is_done:
        reason = f"{doubt}, and reads back as wanted" if doubt else ""
        return CommandResult(outcome="done", reason=reason, read_back=True)
    reason = f"{doubt}, and reads back otherwise" if doubt else "it reads back otherwise"
    return CommandResult(outcome="failed", reason=reason, read_back=False)


async def set_coil(master: Asks, unit: int, address: int, *, is_on: bool) -> CommandResult:
    """Set a coil once; `read_back` is what the coil is then."""
    result = await write_once(
        master,
        write_coil(unit, address, is_on=is_on),
        look=read(unit, "coil", address, 1),
        is_as_wanted=lambda pdu: bits_of(pdu, 1) == (int(is_on),),
    )
    if result.read_back is None:
        return result
    return replace(result, read_back=result.read_back is is_on)


async def _read_back(master: Asks, look: Request) -> bytes:
    for _ in range(READ_BACK_TRIES - 1):
        try:
            return await master.ask(look, is_urgent=True)
        except Refused:
            raise
        except (NoReply, BadReply):
            continue
    return await master.ask(look, is_urgent=True)
