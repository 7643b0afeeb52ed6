"""A browser and a running warehouse, started once for all tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator  # noqa: TC003 - pytest reads annotations
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.tools import ARGUMENTS, refused
from tests.integration.warehouse import Warehouse
from tests.services.fixtures import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the page on one worker: they share its house."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Run a warehouse until a truck has been refused at the gate."""
    with Warehouse(tmp_path_factory.mktemp("browser") / "data", "--speed", "20") as started:
        started.until_live()
        started.until(lambda: bool(refused(started)), limit_s=150, what="a refused truck")
        yield started
