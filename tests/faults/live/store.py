"""The story of a bad time-series store: nothing is acknowledged that it did not write."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import closing
from sqlite3 import connect
from typing import TYPE_CHECKING, Final
from unittest import mock

import aiomqtt
from pydantic import SecretStr

from gateway.ingest.telemetry import serve_telemetry
from gateway.telemetry import influx as real
from tests.faults.live.house import EDGE, House
from tests.faults.live.influx import Stub
from tests.faults.live.proxy import Fault

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from gateway.ingest.telemetry import TelemetryParts
    from runtime.mqtt_session import Session

WRITE_MS_MAX: Final = 250
PACKETS_A_READ_MAX: Final = 2_000
"""What one read of the socket may add to a full inbox, at 130 bytes each."""
BAD_COUNT: Final = 4
"""Far below the budget of dead letters of a quiet edge: each repeat of one is on it too."""


async def write_badly(folder: Path, seed: int, *, readings_count: int) -> Counter[str]:
    """Send readings, some of them bad; return how often the store was in which mood."""
    rng = random.Random(seed)
    async with Stub(rng, mute_s=3 * WRITE_MS_MAX / 1000) as stub:
        with mock.patch.object(real, "WRITE_MS_MAX", WRITE_MS_MAX):
            store = real.InfluxStore(stub.url, SecretStr("t"))
        house = House(folder, rng, store=store)
        bad = set(rng.sample(range(1, readings_count + 1), BAD_COUNT))
        async with house:
            sessions: list[Session] = []
            watch = asyncio.create_task(_judge_acks(house, stub, bad))
            bound = asyncio.create_task(_watch_inbox(sessions))
            with mock.patch("gateway.app.serve_telemetry", _kept(sessions)):
                await asyncio.sleep(0.3)
                house.gateway_wire.set(Fault.RESET)  # The next session is kept.
                house.gateway_wire.set(Fault.PASS)
                for number in range(1, readings_count + 1):
                    await house.reading(**({"voltage_v": -1.0} if number in bad else {}))
                    if number % 100 == 0:
                        assert not watch.done(), watch.exception()
                        await asyncio.sleep(0.02)
                end_s = time.monotonic() + 60 + readings_count / 50
                while (await house.edge.telemetry_worker.run(house.edge.telemetry.waiting))[0]:
                    assert time.monotonic() < end_s, (house.state(), dict(stub.answers))
                    for task in (watch, bound):
                        assert not task.done(), task.exception()
                    await asyncio.sleep(0.05)
            for task in (watch, bound):
                task.cancel()
            await asyncio.gather(watch, bound, return_exceptions=True)
            failures = house.gateway.live.failures
            assert sessions
    assert not failures, failures
    assert stub.written == set(range(1, readings_count + 1)) - bad
    assert _buried(house.ledger_file) == bad
    return stub.answers


def _kept(sessions: list[Session]) -> Callable[[Session, TelemetryParts], Awaitable[None]]:
    """Return the real server that also lets us look into its sessions."""

    async def serve(session: Session, parts: TelemetryParts) -> None:
        sessions.append(session)
        await serve_telemetry(session, parts)

    return serve


async def _judge_acks(house: House, stub: Stub, bad: set[int]) -> None:
    """Compare each acknowledgement, as it comes, with what is written or is a dead letter."""
    async with aiomqtt.Client(
        "127.0.0.1", house.broker.port, protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        await client.subscribe(f"wh/v1/e/{EDGE}/ack")
        async for message in client.messages:
            spans = json.loads(bytes(message.payload or b""))["telemetry"].get(house.edge.boot, [])
            named = {one for first, last in spans for one in range(first, last + 1)}
            early = named - stub.written - bad
            assert not early, f"acknowledged and not written: {sorted(early)[:5]}"
            if named & bad:
                missing = (named & bad) - await asyncio.to_thread(_buried, house.ledger_file)
                assert not missing, f"acknowledged and not buried: {sorted(missing)[:5]}"


async def _watch_inbox(sessions: list[Session]) -> None:
    """Find more in memory than Receive Maximum and one read allow."""
    while True:
        for session in sessions:
            bound = session._options.receive_max + PACKETS_A_READ_MAX
            assert len(session._inbox) <= bound, len(session._inbox)
        await asyncio.sleep(0.01)


def _buried(ledger_file: Path) -> set[int]:
    with closing(connect(ledger_file)) as db:
        rows = db.execute("SELECT body FROM dead_letter WHERE reason = 'store'").fetchall()
    return {round(json.loads(row[0])["energy_kwh"]) for row in rows}
