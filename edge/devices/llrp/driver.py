"""Drives an LLRP reader: greets it, gives it one ROSpec, answers its keepalives, closes at the end.

Reports may come before every answer: a reader that was alone for a while tells first what it
gathered. So each wait for an answer yields the reads that came meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from edge.devices.llrp import commands
from edge.devices.llrp.codec import codec
from edge.devices.llrp.parameters import SUCCESS
from edge.errors import LinkLost
from edge.families import ReaderState
from edge.packets import NO_FRAME
from edge.readings import ClockTold, FrameCorrupt, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edge.devices.llrp.settings import Llrp
    from edge.links.line import Line

READ_S: Final = 0.1
ANSWER_S: Final = 5.0
"""Without a single byte from the reader."""
CLOSE_S: Final = 0.5
_MAKERS: Final = {25882: "Impinj", 161: "Zebra", 26554: "ThingMagic", 17996: "Alien", 22695: "CSL"}
Batch = tuple[list[TagRead], bool]


class LlrpDriver:
    """Yields batches of reads; an empty batch is a sign of life or of time."""

    def __init__(self, line: Line, settings: Llrp) -> None:
        self._line = line
        self._settings = settings
        self._codec = codec()
        self._number = 0
        self._version = 1
        self._answer: Told | None = None
        self._unconnected: set[int] = set()
        self._complaints: list[str] = []
        self._has_keepalive = False
        self._about: dict[str, Any] = {}
        self.corrupt_count = 0
        self.state = ReaderState()
        self.state.silent_s_max = max(3.0, 3 * settings.keepalive_s)

    async def rounds(self) -> AsyncGenerator[Batch, None]:
        """Yield (reads, whether the device spoke) for ever. Raises LinkLost."""
        self._codec = codec()
        self._version, self._unconnected, self._complaints = 1, set(), []
        is_lost = False
        try:
            async for batch in self._greet():
                yield batch
            silent_s = 0.0
            while True:
                data = await self._line.read(READ_S)
                tags = await self._take(data)
                silent_s = 0.0 if data else silent_s + READ_S
                self._check_alive(silent_s)
                self.state.fault = self._fault()
                # A reader without keepalives has nothing to say while no tag is there.
                yield tags, bool(data) or not self._has_keepalive
        except LinkLost:
            is_lost = True  # It is to read on: what it gathers comes with the next connection.
            raise
        finally:
            if not is_lost:
                await self._close()

    def _check_alive(self, silent_s: float) -> None:
        if self._has_keepalive and silent_s > 3 * self._settings.keepalive_s:
            raise LinkLost(f"{self._line.port}: no keepalive for {silent_s:.1f} s")

    async def _greet(self) -> AsyncGenerator[Batch, None]:
        """Take the reader over and start our ROSpec. Raises LinkLost."""
        async for batch in self._wait("CONNECTION"):
            yield batch
        if self._answer is None or self._answer.text != "accepted":
            why = "did not greet: is it an LLRP port?" if self._answer is None else None
            raise LinkLost(f"{self._line.port}: {why or self._told()}")
        if self._settings.version == "1.1":
            async for batch in self._call(commands.set_version(2), version=2):
                yield batch
            self._version = 2 if self._is_done() else 1
        async for batch in self._call(commands.get_capabilities()):
            yield batch
        self._name()
        # It refuses where there was none to delete.
        async for batch in self._call(commands.delete_rospec(commands.ALL_ROSPECS)):
            yield batch
        keepalive_ms = round(self._settings.keepalive_s * 1000)
        async for batch in self._call(commands.set_config(keepalive_ms=keepalive_ms)):
            yield batch
        self._has_keepalive = self._is_done()
        if not self._has_keepalive:
            self._complaints.append("the reader sends no keepalives: a dead link is noticed late")
        for command in (
            commands.add_rospec(self._inventory()),
            commands.enable_rospec(),
            commands.start_rospec(),
        ):
            async for batch in self._call(command):
                yield batch
            if not self._is_done():
                raise LinkLost(f"{self._line.port}: the reader refused its task: {self._told()}")

    async def _call(
        self, command: tuple[int, bytes], *, version: int | None = None
    ) -> AsyncGenerator[Batch, None]:
        """Send a command; yield what comes until its answer is in `_answer`."""
        kind, body = command
        self._number += 1
        told_version = version or self._version
        await self._line.write(commands.message(kind, self._number, body, version=told_version))
        async for batch in self._wait("_RESPONSE", "ERROR_MESSAGE"):
            yield batch

    async def _wait(self, *heads: str) -> AsyncGenerator[Batch, None]:
        """Yield what comes until a reading whose head ends so; its absence leaves None."""
        self._answer = None
        silent_s = 0.0
        while self._answer is None and silent_s < ANSWER_S:
            data = await self._line.read(READ_S)
            silent_s = 0.0 if data else silent_s + READ_S
            yield await self._take(data, heads), bool(data)

    async def _take(self, data: bytes, heads: tuple[str, ...] = ()) -> list[TagRead]:
        """Decode and heed what came; return the reads. Raises LinkLost."""
        tags: list[TagRead] = []
        for one in self._codec.feed(data):
            match one:
                case TagRead():
                    tags.append(one)
                case ClockTold():
                    self.state.clock_t_ns = one.t_ns
                case FrameCorrupt():
                    self.corrupt_count += 1
                    if one.reason == NO_FRAME:
                        raise LinkLost(f"{self._line.port}: bytes that are no LLRP")
                case Told(head="KEEPALIVE"):
                    await self._line.write(commands.keepalive_ack(int(one.text)))
                case Told():
                    if heads and one.head.endswith(heads):
                        self._answer = one
                    self._heed(one)
                case _:
                    pass
        return tags

    def _heed(self, one: Told) -> None:
        match one.head:
            case "CAPABILITIES":
                self._about = json.loads(one.text)
            case "ANTENNA":
                number, _, state = one.text.partition(" ")
                change = (
                    self._unconnected.add if state == "disconnected" else self._unconnected.discard
                )
                change(int(number))
            case "CONNECTION" if one.text == "closed":
                raise LinkLost(f"{self._line.port}: the reader closed the connection")
            case "EXCEPTION":
                self._complaints = [*self._complaints[-3:], f"the reader says: {one.text}"]
            case "BUFFER" if one.text == "overflow":
                text = "the reader's memory ran over: reads of a lost connection are missing"
                self._complaints = [*self._complaints[-3:], text]
            case _:
                pass

    def _fault(self) -> str:
        if self._unconnected:
            which = ", ".join(map(str, sorted(self._unconnected)))
            return f"antenna {which} is not connected: check its plug and cable"
        return self._complaints[-1] if self._complaints else ""

    def _is_done(self) -> bool:
        return self._answer is not None and (
            self._answer.head != "ERROR_MESSAGE" and self._answer.text == SUCCESS
        )

    def _told(self) -> str:
        return self._answer.text if self._answer is not None else f"no answer in {ANSWER_S:.0f} s"

    def _name(self) -> None:
        if "model" in self._about:
            maker = self._about["manufacturer"]
            model, firmware = self._about["model"], self._about["firmware"]
            self.state.model = f"{_MAKERS.get(maker, maker)} {model}, firmware {firmware}"[:100]

    def _inventory(self) -> commands.Inventory:
        powers: dict[str, int] = self._about.get("powers", {})
        wanted, index = self._settings.power_dbm, None
        if wanted is not None:
            fitting = {value: key for key, value in powers.items() if value <= wanted * 100}
            if fitting:
                index = int(fitting[max(fitting)])
            else:
                self._complaints.append(f"the reader has no power of {wanted} dBm or below")
        return commands.Inventory(
            antennas=tuple(self._settings.antennas),
            session=self._settings.session,
            tag_population=self._settings.tag_population,
            power_index=index,
            is_hopping=bool(self._about.get("is_hopping", True)),
        )

    async def _close(self) -> None:
        """Stop the reader's work and let go of it."""
        with contextlib.suppress(LinkLost, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                for kind, body in (
                    commands.delete_rospec(commands.ROSPEC_ID),
                    commands.close_connection(),
                ):
                    self._number += 1
                    await self._line.write(
                        commands.message(kind, self._number, body, version=self._version)
                    )
