"""Commands to devices: checked, recorded, acted on at most once, answered in the custody chain.

Source: the project's contract on the wire, section 5.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Never, Protocol

from pydantic import ValidationError

from edge.outbox.custody import OpenCommand
from edge.outbox.errors import DiskRefuses
from edge.ports import CommandResult, Emit, HasOutputs, Lease, Outgoing, SafeState
from wire.control import Basis, Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edge.outbox.custody import CustodyStore
    from edge.outbox.worker import Worker
    from edge.ports import Driver
    from runtime.clock import Clock

log = logging.getLogger(__name__)

ACT_S_MAX: Final = 3.0
ADOPT_S_MAX: Final = 60.0
"""A long chain is hashed anew."""
OUTBOX: Final = "outbox"
LEASE_S_MAX: Final = 60.0
DEADLINE_MS_MAX: Final = 120_000
"""A command is for now: one that would hold for hours is none of our gateway's."""
LEASE_CHECK_S: Final = 0.2
INSIST_S_MAX: Final = 3.0
QUEUE_COUNT_MAX: Final = 100
"""Commands beyond it are dropped and counted: the gateway asks again with a new id."""


class Obeys(Protocol):
    """Something that commands are for."""

    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Do what a command asks."""


@dataclass(kw_only=True)
class DownlinkParts:
    """What commands are judged by and act on."""

    boot: str
    clock: Clock
    custody: CustodyStore
    custody_worker: Worker
    drivers: Mapping[str, Driver]
    emit: Emit
    has_gateway: Callable[[], bool]
    is_full: Callable[[], bool]
    custodian: Obeys
    """Obeys what is said to device `outbox`."""
    is_stopped: Callable[[], bool]


class Downlink:
    """Takes commands one after the other and keeps the leases of open gates."""

    def __init__(self, parts: DownlinkParts) -> None:
        self._parts = parts
        self._leases: dict[tuple[str, str], Lease] = {}
        """By device and output."""
        self._closing: set[tuple[str, str]] = set()
        self._queue: asyncio.Queue[tuple[str, str, Command, bool]]
        self._queue = asyncio.Queue(QUEUE_COUNT_MAX)
        self.unreadable_count = 0
        self.dropped_count = 0

    async def take(self, device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001 - a flag of the message
        """Queue a command; the session goes on while devices act."""
        try:
            command = Command.model_validate_json(body)
        except (ValidationError, RecursionError) as error:
            self.unreadable_count += 1
            log.warning("command_unreadable", extra={"device": device, "error": str(error)[:300]})
            return
        try:
            self._queue.put_nowait((device, verb, command, is_retained))
        except asyncio.QueueFull:
            self.dropped_count += 1
            log.warning("command_dropped", extra={"device": device, "waiting": QUEUE_COUNT_MAX})

    async def run(self) -> Never:
        """Own up to what a crash left open, then judge, act and answer, one after the other."""
        await self.own_up()
        while True:
            await self.do_next()

    async def do_next(self) -> None:
        """Wait for a command and do it."""
        device, verb, command, is_retained = await self._queue.get()
        try:
            await self._do(device, verb, command, is_retained=is_retained)
        except DiskRefuses as error:  # Not recorded, so not acted on.
            self.dropped_count += 1
            log.warning("command_dropped", extra={"device": device, "error": str(error)[:300]})

    async def _do(self, device: str, verb: str, command: Command, *, is_retained: bool) -> None:
        parts = self._parts
        is_new = await parts.custody_worker.run(
            lambda: parts.custody.begin_command(
                OpenCommand(command_id=command.command_id, device=device, verb=verb)
            )
        )
        if not is_new:
            return  # At most once: the first answer stands.
        refusal = await self._refusal(device, verb, command, is_retained=is_retained)
        if refusal:
            result = CommandResult(outcome="refused", reason=refusal)
        else:
            result = await self._act(device, verb, command.args)
        await self._answer(command.command_id, device, verb, result)

    async def _refusal(self, device: str, verb: str, command: Command, *, is_retained: bool) -> str:
        """Return why the command may not be obeyed; empty when it may."""
        parts = self._parts
        if is_retained:
            return "retained: a command is for now"
        if command.deadline.boot != parts.boot:
            return "for another boot of this edge"
        late_ms = round(parts.clock.mono_s() * 1000) - command.deadline.mono_ms
        if late_ms > 0:
            return f"{late_ms} ms late"
        if late_ms < -DEADLINE_MS_MAX:
            return f"its deadline is {-late_ms} ms away, at most {DEADLINE_MS_MAX}"
        return self._refusal_of_device(device, verb, command) or await self._refusal_of_basis(
            command.basis
        )

    def _refusal_of_device(self, device: str, verb: str, command: Command) -> str:
        """Return why this device may not be told that now."""
        parts = self._parts
        if device not in parts.drivers and device != OUTBOX:
            return f"no device {device!r} here"
        if parts.is_stopped() and device != OUTBOX:
            return "a person stopped this box"
        safe = self._safe_state(device, verb, command.args)
        if safe is not None and not parts.has_gateway():
            return "no fresh beat of the gateway"
        if safe is not None and safe.is_guard:
            if parts.is_full():
                return "the outbox is full: the gate stays shut"
            if not command.basis.devices:
                return "its basis names no device: nobody looked before it was sent"
        return ""

    async def _refusal_of_basis(self, basis: Basis) -> str:
        """Return what happened since the decision, or that it was decided on nothing."""
        parts = self._parts
        if basis.seq > parts.custody.tip[0]:
            return f"decided on event {basis.seq}, which has not happened here"
        newest_of = await parts.custody_worker.run(parts.custody.last_seqs)
        for one in basis.devices:
            newest = newest_of.get(one, 0)
            if newest > basis.seq:
                return f"{one} told event {newest} after the decision at {basis.seq}"
        return ""

    def _safe_state(self, device: str, verb: str, args: Mapping[str, object]) -> SafeState | None:
        driver = self._parts.drivers.get(device)
        return driver.safe_state_after(verb, args) if isinstance(driver, HasOutputs) else None

    async def _act(self, device: str, verb: str, args: Mapping[str, object]) -> CommandResult:
        safe = self._safe_state(device, verb, args)
        if safe is not None:
            asked = args.get("for_s")
            ends_s = math.inf
            if safe.is_guard or asked is not None:
                is_number = isinstance(asked, int | float) and not isinstance(asked, bool)
                if not is_number or not 0 < asked <= LEASE_S_MAX:  # type: ignore[operator]
                    reason = f"args.for_s is {asked!r}: give 0 to {LEASE_S_MAX:.0f} seconds"
                    return CommandResult(outcome="refused", reason=reason)
                ends_s = self._parts.clock.mono_s() + float(asked)  # type: ignore[arg-type]
            # The lease stands before the gate moves: whatever happens next, it closes.
            self._leases[device, safe.output] = Lease(device=device, safe=safe, ends_mono_s=ends_s)
        result = await self._command(device, verb, args)
        self._settle(device, verb, args, result)
        return result

    def _settle(
        self, device: str, verb: str, args: Mapping[str, object], result: CommandResult
    ) -> None:
        """End the leases whose safe state was just commanded; one that failed insists."""
        for key, lease in list(self._leases.items()):
            is_safe = lease.safe.verb == verb and all(
                args.get(name) == value for name, value in lease.safe.args.items()
            )
            if key[0] != device or not is_safe:
                continue
            if result.outcome == "done":
                del self._leases[key]
            else:  # Still open perhaps: the lease ends now and insists.
                self._leases[key] = Lease(device=device, safe=lease.safe, ends_mono_s=-1.0)

    async def _command(self, device: str, verb: str, args: Mapping[str, object]) -> CommandResult:
        is_own = device == OUTBOX
        obeys: Obeys = self._parts.custodian if is_own else self._parts.drivers[device]
        limit_s = ADOPT_S_MAX if is_own else ACT_S_MAX
        try:
            async with asyncio.timeout(limit_s):
                return await obeys.command(verb, args)
        except TimeoutError:
            # It may have acted: only what the device refused, or never got, has failed.
            return CommandResult(outcome="unknown", reason=f"no answer within {limit_s:.0f} s")
        except Exception as error:  # A bug in one family must not end the other devices' edge.
            log.exception("command_failed", extra={"device": device, "verb": verb})
            return CommandResult(outcome="failed", reason=str(error) or type(error).__name__)

    async def _answer(self, command_id: str, device: str, verb: str, result: CommandResult) -> None:
        await self._emit_actuation(
            command_id, device, verb, result.outcome, result.reason, read_back=result.read_back
        )

    async def _emit_actuation(
        self,
        command_id: str,
        device: str,
        verb: str,
        outcome: str,
        reason: str,
        *,
        read_back: bool | None,
    ) -> None:
        body: dict[str, object] = {"command_id": command_id, "verb": verb, "outcome": outcome}
        if reason:
            body["reason"] = reason
        if read_back is not None:
            body["read_back"] = read_back
        await self._parts.emit(
            Outgoing(device=device, kind="actuation", is_custody=True, body=body)
        )

    async def own_up(self) -> None:
        """After a crash: tell of commands whose outcome nobody knows; they are never retried."""
        parts = self._parts
        left_open = await parts.custody_worker.run(parts.custody.open_commands)
        # Outputs first: to tell takes room on the disk, and may have to wait for it.
        self.shut(parts.drivers)
        for one in left_open:
            reason = "the edge restarted while it acted"
            await self._emit_actuation(
                one.command_id, one.device, one.verb, "unknown", reason, read_back=None
            )

    def shut(self, devices: Iterable[str]) -> None:
        """Close what has just come to work, whoever opened it: nobody here holds a lease on it."""
        for device in devices:
            driver = self._parts.drivers[device]
            if not isinstance(driver, HasOutputs):
                continue
            for safe in driver.safe_states():
                lease = Lease(device=device, safe=safe, ends_mono_s=-1.0)
                self._leases[device, safe.output] = lease

    def is_leased(self, device: str) -> bool:
        """Tell whether a command holds an output of this device for a time that will end."""
        return any(
            lease.device == device and 0 < lease.ends_mono_s < math.inf
            for lease in self._leases.values()
        )

    async def _tell_closed(self, lease: Lease, *, has_gateway: bool) -> None:
        """Tell of an output that fell back without a command."""
        if lease.ends_mono_s < 0:
            reason = "closed at start, or after a close that failed"
        elif has_gateway:
            reason = "the lease ended"
        else:
            reason = "the gateway fell silent"
        name = f"lease-{secrets.token_hex(8)}"
        try:
            await self._emit_actuation(
                name, lease.device, lease.safe.verb, "done", reason, read_back=None
            )
        except DiskRefuses as error:
            log.warning(
                "lease_end_untold", extra={"device": lease.device, "error": str(error)[:300]}
            )

    async def keep_leases(self) -> Never:
        """Close what is open when its lease ends or the gateway falls silent; insist.

        Each output by itself: one that does not answer holds no other one open.
        """
        async with asyncio.TaskGroup() as tasks:
            while True:
                for key, lease in self._ended():
                    self._closing.add(key)
                    tasks.create_task(self._close(key, lease), name=f"lease/{key[0]}/{key[1]}")
                await asyncio.sleep(LEASE_CHECK_S)
        raise AssertionError("the loop above has no end")

    async def close_ended(self) -> None:
        """Look once at every lease."""
        for key, lease in self._ended():
            self._closing.add(key)
            await self._close(key, lease)

    def _ended(self) -> list[tuple[tuple[str, str], Lease]]:
        now_s = self._parts.clock.mono_s()
        has_gateway = self._parts.has_gateway()
        return [
            (key, lease)
            for key, lease in self._leases.items()
            if key not in self._closing
            and (now_s >= lease.ends_mono_s or not has_gateway)
            and now_s >= lease.again_mono_s
        ]

    async def _close(self, key: tuple[str, str], lease: Lease) -> None:
        has_gateway = self._parts.has_gateway()
        try:
            if lease.device not in self._parts.drivers:
                self._leases.pop(key, None)  # Its runner closed it when the file dropped it.
                return
            result = await self._command(lease.device, lease.safe.verb, lease.safe.args)
            if result.outcome == "done" and self._leases.get(key) is lease:
                del self._leases[key]
                log.info("lease_ended", extra={"device": lease.device})
                await self._tell_closed(lease, has_gateway=has_gateway)
            else:  # A dead unit is not asked at each look: its bus has others to serve.
                lease.again_mono_s = self._parts.clock.mono_s() + lease.wait_s
                lease.wait_s = min(2 * lease.wait_s, INSIST_S_MAX)
        finally:
            self._closing.discard(key)
