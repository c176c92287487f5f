"""A browser for the tests of this folder."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import playwright.sync_api as playwright
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DEADLINE = 50_000  # milliseconds


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def keeping_browser(browser: "Browser") -> Iterator["Browser"]:
    """One that keeps pages for "back" as users' browsers do; playwright turns that off."""
    kept = browser.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield kept
    kept.close()


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    context = browser.new_context()
    context.set_default_timeout(DEADLINE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    return context.new_page()
