"""Pages of one truck, order or pallet, and how they are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.tools import keep, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.warehouse import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("trucks", ("#weights", "#manifest", "#gate", "#story li")),
        ("orders", ("#papers", "#blocked", "#cartons", "#story li")),
        ("pallets", ("#about", "#cartons", "#story li")),
    ],
)
def test_one_exact_hit_opens_the_page_of_what_was_searched(
    house: Warehouse, browser: Browser, kind: str, shown: tuple[str, ...]
) -> None:
    """A person types an id in any case and stands before the thing itself."""
    outbound = [
        one
        for one in house.call("gateway", "/api/trucks")["trucks"]
        if one["purpose"] == "outbound"
    ]
    wanted = {
        "trucks": outbound[0]["truck_id"],
        "orders": house.call("gateway", "/api/orders")["orders"][0]["order_id"],
        "pallets": house.call("gateway", "/api/units")["units"][0]["sscc"],
    }[kind]
    page = open_page(browser, house, "overview")
    page.fill("#q", wanted.lower())
    page.press("#q", "Enter")
    page.wait_for_url(f"**/#{kind.removesuffix('s')}/{wanted}")
    for selector in shown:
        page.wait_for_selector(selector)
    assert wanted in page.inner_text("h1")
    assert page.evaluate("document.activeElement.id") == "heading"
    keep(page, kind)
    page.close()


def test_what_is_not_there_is_said(house: Warehouse, browser: Browser) -> None:
    """A mistyped address must not show an empty frame."""
    page = open_page(browser, house, "truck/NO-SUCH")
    page.wait_for_selector("text=NO-SUCH is not in the ledger")
    page.close()


def test_a_search_finds_goods_and_places_by_a_part_of_their_names(
    house: Warehouse, browser: Browser
) -> None:
    """Nobody remembers ids of goods and racks in full."""
    page = open_page(browser, house, "search/CHOCO")
    page.wait_for_selector("text=Dark chocolate")
    page.goto(page.url.split("#")[0] + "#search/a-01")
    page.wait_for_selector("a[href='#place/location%3Aa-01-1']")
    page.close()
