"""PLCs: inputs as events, gate and lights as commands with read-back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from typing_extensions import override

from edge.catalogue.base import Described, Health, hold
from edge.devices.dock_plc.driver import PlcClient, span_of
from edge.errors import BadReply, LinkLost, NoReply
from edge.modbus.open import tcp_bus
from edge.ports import CommandResult, Outgoing, SafeState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.ports import Driver, Emit
    from edge.settings import PlcSettings
    from runtime.clock import Clock

GATE: Final = "gate"
GATE_SHUT: Final = SafeState(output=GATE, verb="close")
REQUEST_S_MAX: Final = 1.0
SILENT_S: Final = 0.2
"""A PLC that does not answer is asked again after this."""


class Plc(Described):
    """The driver's face: gate and lights."""

    def __init__(self, health: Health, coils: Mapping[str, int]) -> None:
        super().__init__(health)
        self._coils = coils
        self.client: PlcClient | None = None

    @override
    async def command(self, verb: str, args: Mapping[str, object]) -> CommandResult:
        """Open or close the gate, set a light; each write is read back."""
        if verb in {"open", "close"} and GATE in self._coils:
            return await self._set(self._coils[GATE], is_on=verb == "open")
        if verb == "set":
            coil = self._coils.get(f"light-{args.get('colour')}")
            is_on = args.get("is_on")
            if coil is None or not isinstance(is_on, bool):
                reason = f"args {dict(args)}: give colour and is_on"
                return CommandResult(outcome="refused", reason=reason[:200])
            return await self._set(coil, is_on=is_on)
        return await super().command(verb, args)

    def safe_states(self) -> list[SafeState]:
        """Return the shut gate."""
        return [GATE_SHUT] if GATE in self._coils else []

    def safe_state_after(self, verb: str, args: Mapping[str, object]) -> SafeState | None:
        """Return the shut gate after it was opened; lights stay as they were told."""
        del args
        return GATE_SHUT if verb == "open" and GATE in self._coils else None

    async def _set(self, coil: int, *, is_on: bool) -> CommandResult:
        if self.client is None:
            return CommandResult(outcome="failed", reason="the PLC is not connected")
        return await self.client.set_coil(coil, is_on=is_on)


class PlcRunner:
    """One PLC; `input_listeners` hear (device, channel, is_on) at once."""

    def __init__(self, settings: PlcSettings, *, data_dir: Path, clock: Clock) -> None:
        self.name = f"plc/{settings.id}"
        self._settings = settings
        self._bus = tcp_bus(
            settings.address, timeout_s=REQUEST_S_MAX, data_dir=data_dir, clock=clock.mono_s
        )
        channels = dict.fromkeys([*settings.inputs, *settings.coils], "")
        self._health = Health(
            settings.id,
            family=settings.family,
            model="Modbus TCP",
            clock=clock,
            read_point=settings.read_point,
            channels=channels,
        )
        self._plc = Plc(self._health, settings.coils)
        self.drivers: list[Driver] = [self._plc]
        self._held: dict[str, bool] = {}
        self.input_listeners: list[Callable[[str, str, bool], None]] = []

    async def run(self, emit: Emit) -> Never:
        """Serve the PLC for ever."""

        async def serve() -> None:
            self._plc.client = PlcClient(self._bus.master, self._settings.unit)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._bus.master.serve(), name=f"{self.name}/master")
                    tasks.create_task(self._serve(self._plc.client, emit), name=self.name)
            except* LinkLost as lost:
                raise LinkLost(str(lost.exceptions[0])) from lost
            finally:
                self._plc.client = None

        await hold(self._bus.line, self._health.bad, serve)

    async def _serve(self, client: PlcClient, emit: Emit) -> Never:
        count = span_of(self._settings.inputs)
        while True:
            try:
                bits = await client.inputs(count)
            except (NoReply, BadReply) as error:
                self._health.bad(str(error))
                await asyncio.sleep(max(SILENT_S, self._settings.poll_s))
                continue
            self._health.good()
            for channel, address in self._settings.inputs.items():
                is_on = bits[address]
                if self._held.get(channel) is is_on:
                    continue
                self._held[channel] = is_on
                for listener in self.input_listeners:
                    listener(self._settings.id, channel, is_on)
                body = {"channel": channel, "is_on": is_on, "quality": "good"}
                device = self._settings.id
                await emit(Outgoing(device=device, kind="input", is_custody=True, body=body))
            await asyncio.sleep(self._settings.poll_s)
