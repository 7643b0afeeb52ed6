"""PLCs: inputs as events, gate and lights as commands with read-back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from typing_extensions import override

from edge.catalogue.base import Described, Health
from edge.devices.dock_plc.driver import PlcClient, span_of
from edge.errors import BadReply, EdgeError, LinkLost, NoReply
from edge.links.line import host_and_port
from edge.ports import CommandResult, Outgoing
from runtime.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.ports import Driver, Emit
    from edge.settings import PlcSettings
    from runtime.clock import Clock

GATE: Final = "gate"


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

    async def _set(self, coil: int, *, is_on: bool) -> CommandResult:
        if self.client is None:
            return CommandResult(outcome="failed", reason="the PLC is not connected")
        try:
            read_back = await self.client.set_coil(coil, is_on=is_on)
        except EdgeError as error:
            return CommandResult(outcome="failed", reason=str(error))
        if read_back is not is_on:
            return CommandResult(
                outcome="failed", reason="the coil reads back otherwise", read_back=read_back
            )
        return CommandResult(outcome="done", read_back=read_back)


class PlcRunner:
    """One PLC; `input_listeners` hear (device, channel, is_on) at once."""

    def __init__(self, settings: PlcSettings, *, data_dir: Path, clock: Clock) -> None:
        self.name = f"plc/{settings.id}"
        self._settings = settings
        self._data_dir = data_dir
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
        backoff = Backoff(first_s=0.2, limit_s=3.0)
        while True:
            client: PlcClient | None = None
            try:
                host, port = host_and_port(self._settings.address, self._data_dir)
                client = PlcClient(host, port, self._settings.unit)
                await client.connect()
                self._plc.client = client
                backoff.reset()
                await self._serve(client, emit)
            except (LinkLost, NoReply, BadReply) as error:
                self._health.bad(str(error))
            finally:
                self._plc.client = None
                if client is not None:
                    client.close()
            await asyncio.sleep(backoff.next_delay_s())

    async def _serve(self, client: PlcClient, emit: Emit) -> Never:
        count = span_of(self._settings.inputs)
        while True:
            bits = await client.inputs(count)
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
