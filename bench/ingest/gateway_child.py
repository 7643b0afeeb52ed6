"""The gateway's telemetry path alone, as a process: the pieces of `gateway.app`, put together.

Session, admission, ledger and store are the gateway's own; only the client id and the session's
expiry differ, because a backlog needs a session that outlives its consumer.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bench.services import ROOT, TOKEN
from gateway.core import Core
from gateway.flood import Flood
from gateway.ingest.telemetry import RECEIVE_MAX as TELEMETRY_RECEIVE_MAX
from gateway.ingest.telemetry import TelemetryParts, serve_telemetry
from gateway.ledger.store import Ledger
from gateway.live import Live
from gateway.settings import load_site
from gateway.telemetry.influx import InfluxStore
from runtime import memory
from runtime.clock import SystemClock, rfc3339_from_ns
from runtime.mqtt_session import Session, SessionOptions
from runtime.mqtt_url import parse_mqtt_url

SITE_DIR: Final = ROOT / "config" / "sites" / "demo"


async def serve(asked: argparse.Namespace) -> None:
    """Drain for ever. Raises SessionLost."""
    clock = SystemClock()
    books = Ledger.open(
        f"sqlite:///{asked.data / 'ledger.db'}",
        ledger_id="bench",
        site=load_site(SITE_DIR),
        now=lambda: rfc3339_from_ns(clock.wall_ns()),
    )
    options = SessionOptions(
        client_id=asked.client_id,
        session_expiry_s=asked.session_expiry_s,
        receive_max=TELEMETRY_RECEIVE_MAX,
    )
    session = await Session.connect(parse_mqtt_url(asked.mqtt), options)
    store = InfluxStore(asked.influx, SecretStr(TOKEN))
    parts = TelemetryParts(core=Core(books), store=store, live=Live(), clock=clock, flood=Flood())
    memory.settle()
    await serve_telemetry(session, parts)


def main() -> None:
    """Read the command line and drain until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mqtt", required=True)
    parser.add_argument("--influx", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--session-expiry-s", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
