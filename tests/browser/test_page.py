"""The page as a person uses it, in a real browser on a real, running warehouse."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator  # noqa: TC003 - pytest reads annotations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from entrepot.http import address_of
from tests.integration.warehouse import Warehouse
from tests.services.fixtures import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    program = shutil.which("chromium")
    if program is None:
        missing("Chromium")
        return
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Run a warehouse until a truck has been refused at the gate."""
    with Warehouse(tmp_path_factory.mktemp("browser") / "data", "--speed", "20") as started:
        started.until_live()
        started.until(lambda: bool(refused(started)), limit_s=150, what="a refused truck")
        yield started


def refused(house: Warehouse) -> list[dict[str, Any]]:
    """Return the trucks that the gate refuses now."""
    trucks = house.call("gateway", "/api/trucks")["trucks"]
    return [one for one in trucks if any(reason["rule"] == "released" for reason in one["refusal"])]


def keep(page: Page, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS says."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_the_page_shows_what_the_api_says(house: Warehouse, browser: Browser) -> None:
    """Refused gate explained, search, story, language, no foreign request, no error."""
    host, port = address_of(house.data_dir, "gateway")
    base = f"http://{host}:{port}"
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)

    page.goto(f"{base}/#dispatch")
    page.wait_for_selector("#trucks table")
    keep(page, "dispatch")
    truck = refused(house)
    if truck:  # The shift lead may have sent it away meanwhile.
        page.wait_for_selector(f"text={truck[0]['truck_id']}", timeout=5_000)

    page.goto(f"{base}/#alarms")
    page.wait_for_selector("#list .alarm")
    page.wait_for_selector("text=has not released it")  # Active, or among the cleared ones.
    keep(page, "alarms")

    page.goto(f"{base}/#overview")
    page.wait_for_selector(".kpis")
    shown = int(page.inner_text(".kpis dd").split()[0].replace(",", ""))
    told = house.call("gateway", "/api/snapshot")["figures"]["in_bond"]
    assert abs(shown - told) <= 21  # A pallet or three may have come in between.
    keep(page, "overview")

    unit = house.call("gateway", "/api/units")["units"][0]
    page.fill("#q", unit["epc_hex"])
    page.press("#q", "Enter")
    page.click(f"text={unit['unit'].rpartition(':')[2]}")
    page.wait_for_selector(".story")
    assert "custody:dock-1" in page.inner_text(".story")
    keep(page, "story")

    page.click("#lang")
    page.wait_for_selector("text=经历")
    keep(page, "story-zh")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base}/#overview")
    page.wait_for_selector("text=在保")
    keep(page, "overview-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    assert all(url.startswith(base) for url in asked), asked
    assert errors == []
    page.close()


def test_a_person_acknowledges_an_alarm_on_the_page(house: Warehouse, browser: Browser) -> None:
    """The act goes through the dialog, and the ledger keeps the name."""
    host, port = address_of(house.data_dir, "gateway")
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
    house.kill(
        "edge-dock-1"
    )  # Something to acknowledge: it is back in seconds, the alarm stays a while.
    page.goto(f"http://{host}:{port}/#alarms")
    button = page.locator("button[data-act=ack]").first
    button.wait_for(timeout=30_000)
    button.click()
    page.fill("#by", "wang")
    page.click("#yes")
    page.wait_for_selector("dialog", state="hidden")
    alarms = house.call("gateway", "/api/alarms")["alarms"]
    assert any(one["acknowledged_by"] == "wang" for one in alarms)
    page.close()
