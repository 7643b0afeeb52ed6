"""The page of a hall with ten thousand devices: a bounded picture, one text for all tabs."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx

from gateway.flood import Flood
from gateway.ingest.control import DEVICES_COUNT_MAX
from gateway.ingest.telemetry import AIR_COUNT_MAX
from gateway.live import AirLive, DeviceLive, EdgeLive, Live
from gateway.settings import load_site
from gateway.web import present
from gateway.web.app import build_app
from gateway.web.snapshot import Snapshots
from tests.gateway.web.seed import FakeStore, live_now, open_core

SITE = load_site(Path(__file__).resolve().parents[3] / "config" / "sites" / "demo")
COUNT = 10_000
LOST = "probe-9876"
DOUBTFUL = "probe-9877"
PICTURE_BYTES_MAX = 250_000


def crowded() -> Live:
    """Return a present of 10,000 devices on 200 edges; one device lost, one probe doubtful."""
    live, now_s = Live(), time.monotonic()
    for number in range(200):
        name = f"dock-{number:03}"
        live.edges[name] = EdgeLive(edge=name, beat_at_s=now_s, is_online=number != 150)
    for number in range(COUNT):
        edge, device = f"dock-{number % 200:03}", f"probe-{number:04}"
        zone = SITE.zones[number % len(SITE.zones)].id
        live.devices[edge, device] = DeviceLive(
            edge=edge,
            device=device,
            family="xy_md02",
            status="lost" if device == LOST else "ok",
            status_reason="",
            zone=zone,
            read_point="",
            last_seen_ns=time.time_ns(),
        )
        live.air[zone, edge, device] = AirLive(
            zone=zone,
            device=device,
            at_s=now_s,
            t_ns=1,
            quality="uncertain" if device == DOUBTFUL else "good",
            values={"temperature_c": 4.0 + number % 10, "humidity_percent": 48.0},
        )
    return live


def ask(folder: Path, *paths: str) -> list[httpx.Response]:
    """Ask the page of a crowded hall."""

    async def run() -> list[httpx.Response]:
        core = open_core(folder, SITE)
        app = build_app(
            core, crowded(), SITE, FakeStore(), flood=Flood(), is_writable=True, data_dir=folder
        )
        transport = httpx.ASGITransport(app=app)
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return [await client.get(path) for path in paths]
        finally:
            core.close()

    return asyncio.run(run())


def test_a_picture_of_ten_thousand_devices_is_bounded_and_tells_the_lost_one(
    tmp_path: Path,
) -> None:
    """Fifty tabs get it twice a second: at 3 MB each the gateway would do nothing else."""
    (answer,) = ask(tmp_path, "/api/snapshot")
    assert len(answer.content) < PICTURE_BYTES_MAX
    picture = answer.json()
    assert picture["devices_count"] == COUNT
    assert picture["devices"][0]["device"] == LOST
    assert len(picture["devices"]) == present.DEVICES_SHOWN
    assert picture["edges_count"] == 200
    assert picture["edges"][0]["edge"] == "dock-150"
    assert sum(zone["probes_count"] for zone in picture["climate"]) == COUNT
    assert all(len(zone["probes"]) == present.PROBES_SHOWN for zone in picture["climate"])
    assert DOUBTFUL in {zone["probes"][0]["device"] for zone in picture["climate"]}


def test_any_device_of_many_is_found_by_name_with_its_last_reading(tmp_path: Path) -> None:
    """What the picture leaves out is one question away, by device, edge, family or zone."""
    found, of_edge, none, refused = ask(
        tmp_path,
        "/api/devices?q=PROBE-4321",
        "/api/devices?q=dock-007&limit=1000",
        "/api/devices?q=nowhere",
        "/api/devices?limit=1000000",
    )
    (one,) = found.json()["devices"]
    assert one["device"] == "probe-4321"
    assert one["reading"]["values"] == {"temperature_c": 5.0, "humidity_percent": 48.0}
    assert len(of_edge.json()["devices"]) == of_edge.json()["devices_count"] == 50
    assert none.json()["devices"] == []
    assert refused.status_code == 422


def test_as_many_devices_can_show_their_air_as_can_be_born() -> None:
    """A hall of 10,000 probes once had 2,000 on the page and in its alarms."""
    assert AIR_COUNT_MAX == DEVICES_COUNT_MAX


def test_tabs_get_the_same_text_of_a_picture(tmp_path: Path) -> None:
    """Made once for all of them, not once for each of fifty."""

    async def two_tabs() -> list[bytes]:
        core = open_core(tmp_path, SITE)
        snapshots = Snapshots(core, live_now(), SITE)
        streams = [snapshots.stream(), snapshots.stream()]
        try:
            return [await anext(stream) for stream in streams]
        finally:
            for stream in streams:
                await stream.aclose()  # type: ignore[attr-defined]
            core.close()

    first, second = asyncio.run(two_tabs())
    assert first is second


def test_a_fresh_reading_is_in_the_next_picture_though_the_ledger_stands_still(
    tmp_path: Path,
) -> None:
    """Readings change no ledger: a tab must not wait for the next beat to see them."""

    async def pictures() -> list[dict[str, Any]]:
        core, live = open_core(tmp_path, SITE), live_now()
        stream = Snapshots(core, live, SITE).stream()
        try:
            first = await anext(stream)
            for air in live.air.values():
                air.values["temperature_c"] = 7.7
            second = await anext(stream)
        finally:
            await stream.aclose()  # type: ignore[attr-defined]
            core.close()
        return [json.loads(one.partition(b"data: ")[2]) for one in (first, second)]

    first, second = asyncio.run(pictures())
    assert {zone.get("temperature_c") for zone in first["climate"]} & {21.4}
    assert {zone.get("temperature_c") for zone in second["climate"]} <= {7.7, None}
