"""The page over time: live updates disturb nobody, and a lost link is said."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.browser.tools import keep, open_page, still_hall

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.integration.warehouse import Warehouse

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+")
"""Four words in a row: a sentence, no id and no name."""


def test_focus_selection_and_open_details_outlive_updates(
    house: Warehouse, browser: Browser
) -> None:
    """A picture comes twice a second: whoever reads or tabs must not be thrown out."""
    page = open_page(browser, house, "devices")
    page.click("#list tr:nth-child(3) summary")
    page.focus("#list tr:nth-child(5) summary")
    name = page.inner_text("#list tr:nth-child(5) summary")
    page.evaluate(
        "(path) => getSelection().selectAllChildren(document.querySelector(path))",
        "#list tr:nth-child(4) td:nth-child(3)",
    )
    chosen = page.evaluate("String(getSelection())")
    at = page.inner_text("#clock")
    page.wait_for_timeout(3_000)
    assert page.inner_text("#clock") != at
    assert page.evaluate("document.activeElement.textContent") == name
    assert page.evaluate("String(getSelection())") == chosen != ""
    assert page.locator("#list tr:nth-child(3) details").get_attribute("open") is not None
    page.close()


def test_a_typed_filter_stays_while_pictures_come(house: Warehouse, browser: Browser) -> None:
    """The list narrows, the words stay, the caret too."""
    page = open_page(browser, house, "stock")
    page.click("#filter-stockText")
    page.keyboard.type("choc", delay=300)
    page.wait_for_timeout(1_500)
    page.keyboard.type("olate", delay=50)
    assert page.input_value("#filter-stockText") == "chocolate"
    page.wait_for_timeout(1_000)
    shown = page.locator("#stock > table td[data-h=Goods]").all_inner_texts()
    assert shown
    assert all("chocolate" in one for one in shown)
    page.close()


def test_a_dialog_says_what_is_missing_and_gives_the_focus_back(
    house: Warehouse, browser: Browser
) -> None:
    """An empty name is told in the dialog; Escape leads back to the button."""
    with still_hall(house):
        page = open_page(browser, house, "alarms")
        button = page.locator("button[id^='ack-device-lost']").first
        button.wait_for(timeout=60_000)
        name = button.get_attribute("id")
        button.click()
        page.fill("#by", "")
        page.click("#yes")
        page.wait_for_selector("#said:has-text('Say who you are')")
        page.wait_for_timeout(1_500)
        assert "Say who you are" in page.inner_text("#said")
        keep(page, "dialog")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="hidden")
        assert page.evaluate("document.activeElement.id") == name
        page.close()


def test_a_dialog_whose_alarm_cleared_says_so(house: Warehouse, browser: Browser) -> None:
    """Nobody confirms what is over."""
    with still_hall(house) as wake:
        page = open_page(browser, house, "alarms")
        button = page.locator("button[id^='ack-device-lost']").first
        button.wait_for(timeout=60_000)
        button.click()
        page.fill("#by", "wang")
        wake()
        page.wait_for_selector("#yes:disabled", timeout=60_000)
        page.wait_for_selector(
            "#said:has-text('cleared at'), #said:has-text('has acknowledged this alarm already')"
        )
        keep(page, "dialog-over")
        page.close()


def test_a_lost_link_is_said_and_found_again(house: Warehouse, browser: Browser) -> None:
    """A wall that shows old data as if it were new is worse than a dark one."""
    page = open_page(browser, house, "devices")
    pid = house.pids()["gateway"]
    os.kill(pid, signal.SIGSTOP)
    try:
        page.wait_for_selector("#banner:visible", timeout=15_000)
        assert "Call IT; the gate stays shut" in page.inner_text("#banner")
        assert page.evaluate("document.body.classList.contains('lost')")
        before = page.inner_text("#edges td:nth-child(3)")
        page.wait_for_timeout(2_500)
        assert page.inner_text("#edges td:nth-child(3)") != before  # Ages go on growing.
        page.fill("#q", "x")
        page.press("#q", "Enter")
        page.wait_for_selector("text=nothing can be searched now")
        keep(page, "lost")
    finally:
        os.kill(pid, signal.SIGCONT)
    page.wait_for_selector("#banner", state="hidden", timeout=15_000)
    assert not page.evaluate("document.body.classList.contains('lost')")
    page.close()


@pytest.mark.parametrize(
    "view", ["alarms", "overview", "dispatch", "stock", "events", "custody", "letters", "gaps"]
)
def test_the_chinese_page_has_no_english_sentence(
    house: Warehouse, browser: Browser, view: str
) -> None:
    """The gateway writes English; the page says it in its reader's language."""
    page = open_page(browser, house, view, locale="zh-CN")
    page.wait_for_timeout(1_500)
    keep(page, f"zh-{view}")
    text = page.evaluate(
        """(() => {
          const held = document.querySelector("#view").cloneNode(true);
          for (const one of held.querySelectorAll("[lang=en], .evidence")) one.remove();
          return held.innerText;
        })()"""
    )
    found = [line for line in text.splitlines() if ENGLISH.search(line)]
    assert found == []
    page.close()
