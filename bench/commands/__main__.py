"""`python -m bench.commands`: from a command's publish to its result, and to the ledger's head.

A whole house runs (`entrepot up`). Light commands go to dock-2's PLC one after the other, each with
the deadline that the edge's newest beat gives. Told are the time until the `actuation` event comes
back, read back from the coil, and until the ledger's head has passed that event.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

from bench.measure import last_line, machine
from bench.services import temporary_folder
from runtime.mqtt_url import parse_mqtt_url
from wire.control import Basis, Command, Deadline
from wire.topics import edge_topic

if TYPE_CHECKING:
    from pathlib import Path

EDGE: Final = "dock-2"
DEVICE: Final = "plc-2"
LIVE_S_MAX: Final = 90.0
RESULT_S_MAX: Final = 10.0
DEADLINE_MS: Final = 5_000


class Ear:
    """What the broker told of the edge."""

    def __init__(self) -> None:
        self.beat: dict[str, Any] = {}
        self.head_seq = 0
        self.results: dict[str, tuple[float, int, str]] = {}
        """By command id: when it came, its seq in the chain, its outcome."""
        self.news = asyncio.Event()

    async def listen(self, client: aiomqtt.Client) -> None:
        """Take messages for ever."""
        async for message in client.messages:
            levels = str(message.topic).split("/")
            document = json.loads(bytes(message.payload or b"{}"))
            match levels[4:]:
                case ["beat"]:
                    self.beat = document
                case ["head"]:
                    self.head_seq = max(self.head_seq, int(document["seq"]))
                case ["evt", "actuation", _]:
                    told = dict(getattr(message.properties, "UserProperty", []))
                    self.results.setdefault(
                        document["command_id"],
                        (time.monotonic(), int(told["seq"]), document["outcome"]),
                    )
                case _:
                    continue
            self.news.set()

    async def until(self, is_so: Any, limit_s: float) -> bool:  # noqa: ANN401 - a question
        """Wait until something is so; False when it is not in time."""
        try:
            async with asyncio.timeout(limit_s):
                while not is_so():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return True


async def measure(url: str, count: int) -> dict[str, object]:
    """Send `count` commands one after the other and return what was seen."""
    address, ear = parse_mqtt_url(url), Ear()
    acted_ms: list[float] = []
    booked_ms: list[float] = []
    outcomes: dict[str, int] = {}
    async with (
        aiomqtt.Client(address.host, address.port, protocol=aiomqtt.ProtocolVersion.V5) as client,
        asyncio.TaskGroup() as group,
    ):
        for levels in (("beat",), ("head",), ("evt", "actuation", DEVICE)):
            await client.subscribe(edge_topic(EDGE, *levels), qos=1)
        listening = group.create_task(ear.listen(client), name="listen")
        assert await ear.until(lambda: ear.beat and ear.head_seq, LIVE_S_MAX), "the edge is silent"
        for number in range(count):
            command = Command(
                command_id=secrets.token_hex(8),
                args={"colour": "green", "is_on": number % 2 == 0},
                deadline=Deadline(boot=ear.beat["boot"], mono_ms=ear.beat["mono_ms"] + DEADLINE_MS),
                basis=Basis(seq=ear.beat["tip"]["seq"], devices=[]),
            )
            name = command.command_id
            sent_s = time.monotonic()
            await client.publish(
                edge_topic(EDGE, "cmd", DEVICE, "set"), command.model_dump_json(), qos=1
            )
            if not await ear.until(lambda n=name: n in ear.results, RESULT_S_MAX):
                outcomes["none"] = outcomes.get("none", 0) + 1
                continue
            came_s, seq, outcome = ear.results[name]
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            acted_ms.append((came_s - sent_s) * 1000)
            if await ear.until(lambda s=seq: ear.head_seq >= s, RESULT_S_MAX):
                booked_ms.append((time.monotonic() - sent_s) * 1000)
        listening.cancel()
    return {
        "outcomes": outcomes,
        "result_ms": spread(acted_ms),
        "booked_ms": spread(booked_ms),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return p50, p99 and the worst."""
    if len(values) < 2:  # noqa: PLR2004 - quantiles want two
        return {}
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "max": round(max(values), 1)}


def live_url(data: Path, house: subprocess.Popen[bytes]) -> str:
    """Return the running house's broker. Raises AssertionError when it does not come up."""
    end_s = time.monotonic() + LIVE_S_MAX
    while time.monotonic() < end_s:
        assert house.poll() is None, f"entrepot up ended with {house.poll()}"
        file = data / "run" / "mqtt-url"
        if file.exists() and (text := file.read_text(encoding="ascii").strip()):
            address = parse_mqtt_url(text)
            with contextlib.suppress(OSError):
                socket.create_connection((address.host, address.port), timeout=1).close()
                return text
        time.sleep(0.2)
    raise AssertionError("no broker within 90 s")


def main() -> None:
    """Run a house and measure; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    asked = parser.parse_args()
    before = machine()
    with temporary_folder("commands") as data:
        argv = [sys.executable, "-m", "entrepot", "up", "--data", str(data), "--http", "0"]
        house = subprocess.Popen(
            [*argv, "--speed", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            seen = asyncio.run(measure(live_url(data, house), asked.count))
        finally:
            house.send_signal(signal.SIGINT)
            house.wait(timeout=60)
    print(f"result {seen['result_ms']} ms, in the ledger {seen['booked_ms']} ms")
    last_line(
        bench="commands",
        count=asked.count,
        **seen,
        machine_before=before,
        machine_after=machine(),
    )


if __name__ == "__main__":
    main()
