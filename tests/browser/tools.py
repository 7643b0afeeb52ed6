"""What the tests of the page share: where it is, how it is opened, what is kept of it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from entrepot.http import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

    from tests.integration.warehouse import Warehouse

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


def refused(house: Warehouse) -> list[dict[str, Any]]:
    """Return the trucks that the gate refuses now."""
    trucks = house.call("gateway", "/api/trucks")["trucks"]
    return [one for one in trucks if any(reason["rule"] == "released" for reason in one["refusal"])]


def base_of(house: Warehouse) -> str:
    """Return the page's address."""
    host, port = address_of(house.data_dir, "gateway")
    return f"http://{host}:{port}"


def keep(page: Page, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS says."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def open_page(
    browser: Browser,
    house: Warehouse,
    view: str,
    *,
    size: ViewportSize = DESK,
    locale: str = "en-US",
) -> Page:
    """Open a view in a window of its own."""
    page = browser.new_page(viewport=size, locale=locale)
    page.goto(f"{base_of(house)}/#{view}")
    page.wait_for_selector("#view > *")
    return page


@contextlib.contextmanager
def still_hall(house: Warehouse) -> Iterator[Callable[[], None]]:
    """Stop the simulated hall: its devices fall silent and nobody acts; yield what wakes it."""
    pid = house.pids()["hall"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield lambda: os.kill(pid, signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)
