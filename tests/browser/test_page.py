"""The page as a person uses it, in a real browser on a real, running warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.tools import DESK, PHONE, base_of, keep, open_page, refused, still_hall

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.warehouse import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VIEWS = ["overview", "dispatch", "stock", "climate", "alarms", "devices", "events"]


def test_the_page_shows_what_the_api_says(house: Warehouse, browser: Browser) -> None:
    """Refused gate explained, search, story, language, no foreign request, no error."""
    base = base_of(house)
    page = browser.new_page(viewport=DESK, locale="en-US")
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
        page.wait_for_selector(f"text={truck[0]['plate']}", timeout=5_000)

    page.goto(f"{base}/#alarms")
    page.wait_for_selector("#list .alarm, #old .alarm")
    keep(page, "alarms")

    decided = house.call("gateway", "/api/events?group=trucks&q=has%20not%20released")["events"]
    refusal = next(one for one in decided if one["kind"] == "gate.decided")
    page.goto(f"{base}/#truck/{refusal['body']['truck_id']}")
    page.wait_for_selector(".story >> text=not released by customs")
    keep(page, "truck")

    page.goto(f"{base}/#overview")
    page.wait_for_selector(".kpis")
    shown = int(page.inner_text(".kpis dd").split()[0].replace(",", ""))
    told = house.call("gateway", "/api/snapshot")["figures"]["in_bond"]
    assert abs(shown - told) <= 21  # A pallet or three may have come in between.
    keep(page, "overview")

    unit = house.call("gateway", "/api/units")["units"][0]
    page.fill("#q", unit["epc_hex"])
    page.press("#q", "Enter")
    page.wait_for_selector(".story")  # One exact hit opens at once.
    assert "Seen at dock-1" in page.inner_text(".story")
    page.click(".story li:last-child .evidence summary")
    assert "request:notice" in page.inner_text(".story li:last-child .evidence")
    keep(page, "story")

    page.click("#lang")
    page.wait_for_selector("text=经历")
    keep(page, "story-zh")
    page.set_viewport_size(PHONE)
    page.goto(f"{base}/#overview")
    page.wait_for_selector("text=在保")
    keep(page, "overview-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    assert all(url.startswith(base) for url in asked), asked
    assert errors == []
    page.close()


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_each_view_without_sideways_scrolling(
    house: Warehouse, browser: Browser, view: str
) -> None:
    """A phone in a glove: one column, the tab in sight, nothing that scrolls in itself."""
    page = open_page(browser, house, view, size=PHONE)
    page.wait_for_timeout(1_200)
    keep(page, f"phone-{view}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tab = page.locator("#nav a[aria-current=page]").bounding_box()
    assert tab is not None
    assert tab["x"] >= 0
    assert tab["x"] + tab["width"] <= 390
    inner = """[...document.querySelectorAll("#view *")].filter((one) =>
      ["auto", "scroll"].includes(getComputedStyle(one).overflowY)).length"""
    assert page.evaluate(inner) == 0
    page.close()


def test_a_person_acknowledges_an_alarm_on_the_page(house: Warehouse, browser: Browser) -> None:
    """The act goes through the dialog, and the ledger keeps the name."""
    # Nobody else acts while the hall stands still, and its devices fall silent.
    with still_hall(house):
        page = open_page(browser, house, "alarms")
        button = page.locator("button[data-act=ack]").first
        button.wait_for(timeout=30_000)
        button.click()
        page.fill("#by", "wang")
        page.click("#yes")
        page.wait_for_selector("dialog", state="hidden")
    alarms = house.call("gateway", "/api/alarms")["alarms"]
    assert any(one["acknowledged_by"] == "wang" for one in alarms)
    page.close()
