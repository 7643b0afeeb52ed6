"""/health tells the truth, and a normal stop is quiet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from gateway.app import run_gateway
from gateway.live import EdgeLive, Live, TaskFailure
from gateway.settings import load_site
from gateway.web.health import reasons
from tests.gateway.web.seed import live_now

if TYPE_CHECKING:
    import pytest

SITE_DIR = Path(__file__).resolve().parents[3] / "config" / "sites" / "demo"
SITE = load_site(SITE_DIR)


def whole_house() -> Live:
    """Return a present in which nothing is wrong."""
    live, now_s = Live(), time.monotonic()
    for edge in ("dock-1", "dock-2"):
        live.edges[edge] = EdgeLive(edge=edge, beat_at_s=now_s, is_online=True)
    live.sessions = {"control": "", "custody": ""}
    return live


def told(live: Live, *, is_store_away: bool = False) -> list[str]:
    """Return the reasons of now."""
    return reasons(SITE, live, is_store_away=is_store_away, now_s=time.monotonic())


def test_a_whole_house_has_no_reasons() -> None:
    """A monitor that always warns is switched off."""
    assert told(whole_house()) == []


def test_each_loss_is_a_reason() -> None:
    """The page said ok while the broker was gone and no edge was heard."""
    live = whole_house()
    live.sessions["custody"] = "no session with 10.0.0.1:1883: refused"
    live.failures["decide"] = TaskFailure(at_s=time.monotonic(), count=3, why="KeyError: 'x'")
    live.edges["dock-2"].beat_at_s -= 60
    live.devices = live_now().devices
    found = told(live, is_store_away=True)
    assert found == [
        "no custody session with the broker: no session with 10.0.0.1:1883: refused",
        "task decide failed 0 s ago (3 times): KeyError: 'x'",
        "the telemetry store does not answer",
        "edge dock-2 is not heard",
        "device dock-1/scale-1 is lost: no answer",
    ]


def test_a_task_that_recovered_is_no_reason_for_long() -> None:
    """Supervision did its work: a failure of an hour ago is history."""
    live = whole_house()
    live.failures["decide"] = TaskFailure(at_s=time.monotonic() - 60, count=1, why="x")
    assert told(live) == []


def test_an_open_page_does_not_make_a_normal_stop_look_like_a_crash(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Tracebacks at each stop hide the one that matters."""
    caplog.set_level(logging.INFO)

    async def scenario() -> None:
        daemon = asyncio.ensure_future(
            run_gateway(
                site_dir=SITE_DIR,
                data_dir=tmp_path,
                mqtt_url="mqtt://127.0.0.1:1",
                influx_url=None,
                ledger="l1",
                http_listen="127.0.0.1:0",
                database_url=None,
            )
        )
        address = tmp_path / "run" / "gateway.http"
        async with asyncio.timeout(30):
            while not address.exists():  # noqa: ASYNC110 - a file tells no event
                await asyncio.sleep(0.05)
            where = address.read_text(encoding="ascii").strip()
            async with httpx.AsyncClient(base_url=f"http://{where}", timeout=10) as client:
                health = (await client.get("/health")).json()
                assert health["status"] == "degraded"
                assert any("session with the broker" in one for one in health["reasons"])
                async with client.stream("GET", "/api/stream") as page:
                    lines = page.aiter_lines()
                    assert await anext(lines) == "event: snapshot"
                    daemon.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await daemon
        assert not address.exists()

    asyncio.run(scenario())
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
