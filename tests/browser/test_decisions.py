"""What a person decides on the page: dead letters, chains; and how complete the readings are."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from entrepot.watch import client_of
from tests.browser.tools import PHONE, keep, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.warehouse import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GOODS = "uns/v1/demo/zhengzhou-1/request/goods"


def bury_a_request(house: Warehouse) -> int:
    """Ask for goods with nothing in it and nowhere to answer; return the letter's number."""
    url = (house.data_dir / "run" / "mqtt-url").read_text(encoding="ascii").strip()

    async def publish() -> None:
        async with client_of(url) as client:
            await client.publish(GOODS, b"{}", qos=1)

    def found() -> list[int]:
        told = house.call("gateway", "/api/dead-letters")["dead_letters"]
        return [one["letter_id"] for one in told if one["topic"] == GOODS and not one["how"]]

    held = set(found())
    # The browser's driver has a loop of its own in this thread.
    with ThreadPoolExecutor(max_workers=1) as other:
        other.submit(asyncio.run, publish()).result()
    house.until(lambda: bool(set(found()) - held), limit_s=20, what="a dead letter")
    return max(set(found()) - held)


def test_a_dead_letter_is_discarded_by_a_person_and_says_so(
    house: Warehouse, browser: Browser
) -> None:
    """Nobody has to guess later whether anyone looked at it."""
    letter = bury_a_request(house)
    page = open_page(browser, house, "events")
    page.click("#dead a[href='#letters']")
    row = page.locator(f"article[data-key='letter-{letter}']")
    row.wait_for()
    assert GOODS in row.inner_text()
    page.click(f"#discard-{letter}")
    page.fill("#by", "wang")
    page.click("#yes")
    page.wait_for_selector("#reason[aria-invalid=true] + #said:has-text('Give a reason')")
    page.fill("#reason", "installer test")
    page.click("#yes")
    page.wait_for_selector("dialog", state="hidden")
    row.locator("text=discarded by wang: installer test").wait_for()
    assert row.locator("button").count() == 0
    keep(page, "letters")
    page.close()


def test_a_replay_tells_at_the_body_what_is_still_wrong(house: Warehouse, browser: Browser) -> None:
    """A person mends the message where it stands, and sees the gateway's judgement there."""
    letter = bury_a_request(house)
    page = open_page(browser, house, "letters")
    page.click(f"#replay-{letter}")
    assert page.input_value("#body") == "{}"
    page.fill("#by", "wang")
    page.fill("#reason", "mended by hand")
    page.fill("#body", '{"request_id": "r-1"}')
    page.click("#yes")
    page.wait_for_selector("#body[aria-invalid=true] + #said:has-text('still wrong')")
    keep(page, "replay")
    assert page.evaluate("document.activeElement.id") == "body"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    assert page.locator(f"#replay-{letter}").count() == 1
    page.close()


def test_both_chains_follow_the_ledger(house: Warehouse, browser: Browser) -> None:
    """The devices lead to their chains; nothing is to be decided while all is well."""
    page = open_page(browser, house, "devices")
    page.click("#edges a[href='#custody']")
    for edge in ("dock-1", "dock-2"):
        page.wait_for_selector(f"#chain-{edge} >> text=following", timeout=20_000)
    assert page.locator("#view button[data-act]").count() == 0
    keep(page, "custody")
    page.goto(page.url.split("#")[0] + "#custody/dock-2")
    page.wait_for_selector("#chain-dock-1", state="detached")
    page.close()


def test_readings_are_nearly_complete(house: Warehouse, browser: Browser) -> None:
    """A hall that runs well misses little, and what it misses is named."""
    page = open_page(browser, house, "climate")
    page.click("a[href='#gaps']")
    page.wait_for_selector("#list td[data-h=Complete]")
    house.until(
        lambda: all(
            one["completeness_percent"] > 90
            for one in house.call("gateway", "/api/completeness?minutes=480")["devices"]
        ),
        limit_s=120,
        what="90 % of the readings",
    )
    page.select_option("#filter-gapsSpan", "480")
    page.wait_for_selector("#list .empty", state="detached")
    shown = page.locator("#list td[data-h=Complete]").all_inner_texts()
    assert len(shown) >= 5
    assert all(float(one.strip("▲ ").split()[0]) > 90 for one in shown), shown
    keep(page, "gaps")
    page.close()


@pytest.mark.parametrize("view", ["custody", "letters", "gaps"])
def test_a_phone_shows_what_there_is_to_decide(
    house: Warehouse, browser: Browser, view: str
) -> None:
    """No sideways scrolling; the tab that the view belongs to is marked."""
    page = open_page(browser, house, view, size=PHONE)
    page.wait_for_timeout(1_500)
    keep(page, f"phone-{view}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#nav a[aria-current=true]").count() == 1
    page.close()
