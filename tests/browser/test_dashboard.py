"""The dashboard in a real browser: it follows what happens, by itself, at any width, and asks nobody else."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import playwright.sync_api as playwright
import pytest

from afresh.testing.server import Server

from .site import example_at, link_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

DEADLINE = 50_000  # milliseconds
STRICT = """
from django.http import HttpResponse
from django.urls import path
PAGE = "<!doctype html><title>strict</title><body>strict"
POLICY = {"Content-Security-Policy": "default-src 'none'"}
urlpatterns.append(path("strict/", lambda request: HttpResponse(PAGE, headers=POLICY)))
"""
VIEWS = ("/", "/requests", "/reloads", "/startup", "/routes?path=/pantry/", "/settings", "/checks", "/learn")


@dataclass
class Site:
    """The example, served; `problems`: what the browser complained of, and whom else it asked."""

    server: Server
    link: str
    problems: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.link.partition("/?")[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with example_at(tmp_path_factory.mktemp("example") / "site", {"kitchen/urls.py": STRICT}) as server:
        yield Site(server, link_of(server))


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    playwright.expect.set_options(timeout=DEADLINE)  # some of what is waited for is a whole start
    chromium = shutil.which("chromium")
    assert chromium, "chromium is needed: scripts/install installs it"
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture
def page(browser: playwright.Browser, site: Site) -> "Iterator[Page]":
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(DEADLINE)
        site.problems.clear()
        page.on("console", lambda message: site.problems.append(message.text))
        page.on("pageerror", lambda error: site.problems.append(str(error)))
        page.on("request", lambda request: _note_others(site, request.url))
        page.goto(site.link)
        yield page
        assert site.problems == []


def _note_others(site: Site, url: str) -> None:
    if not url.startswith((site.origin, "data:")):
        site.problems.append(f"asked {url}")


def test_the_picture_the_table_and_the_tracker_follow_a_request(site: Site, page: "Page") -> None:
    slow = threading.Thread(target=site.server.get, args=("/test-kitchen/slow/",))
    playwright.expect(page.locator('.stage[data-stage="wait"]')).to_have_class(re.compile("is-active"))
    slow.start()
    playwright.expect(page.locator('.stage[data-stage="process"]')).to_have_class(re.compile("is-active"))
    tracker = page.locator("#tracker tbody tr").first
    playwright.expect(tracker).to_contain_text("GET /test-kitchen/slow/")
    playwright.expect(page.locator('.stage[data-stage="wait"]')).to_have_class(re.compile("is-active"))
    playwright.expect(tracker).to_contain_text("Yes")
    rows = page.locator("#steps tbody tr")
    playwright.expect(rows.last).to_contain_text("Wait for next request")
    playwright.expect(rows.nth(-3)).to_contain_text("recipes.test_kitchen.slow")
    slow.join()


def test_every_stage_that_was_passed_shows_its_time(site: Site, page: "Page") -> None:
    site.server.get("/pantry/")
    for stage in ("run", "settings", "routing", "listen", "wait", "receive", "process", "send"):
        took = page.locator(f'.stage[data-stage="{stage}"] .took')
        playwright.expect(took).to_have_text(re.compile(r"^[\d.]+ m?s$"))
    # It is over before it could be drawn.
    playwright.expect(page.locator('.stage[data-stage="receive"]')).to_have_class(re.compile("is-passed"))
    page.reload()
    assert "not measured" not in page.locator(".flow").inner_text()


def test_the_whole_table_is_seen_on_a_screen_of_usual_width(site: Site, page: "Page") -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    site.server.get("/pantry/?a=" + "word-" * 30)
    playwright.expect(page.locator("#steps tbody tr").last).to_contain_text("Wait for next request")
    frame = page.get_by_role("group", name="Execution table")
    assert frame.evaluate("(element) => element.scrollWidth - element.clientWidth") == 0
    playwright.expect(page.locator("#steps thead th").last).to_be_in_viewport(ratio=1)


def test_a_row_leads_to_its_request(site: Site, page: "Page") -> None:
    site.server.get("/pantry/")
    page.get_by_role("link", name="recipes.views.pantry").last.click()
    playwright.expect(page.get_by_role("heading", name="GET /pantry/")).to_be_visible()
    assert page.locator("#told tbody tr, #steps tbody tr").count() == 3


def test_a_page_without_live_reload_appears_in_an_open_list_with_the_reason(site: Site, page: "Page") -> None:
    page.goto(f"{site.origin}/requests")
    playwright.expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    playwright.expect(page.get_by_role("heading", name="Pages without live reload")).to_have_count(0)
    assert site.server.get("/strict/", headers={"Accept": "text/html"}).status == 200
    rows = page.get_by_role("group", name="Pages without live reload").locator("tbody tr")
    playwright.expect(rows).to_have_count(1)
    playwright.expect(rows.first).to_contain_text("/strict/")
    playwright.expect(rows.first).to_contain_text(
        "its Content-Security-Policy allows no script of this origin and has no nonce"
    )


def test_a_reload_appears_in_an_open_list(site: Site, page: "Page") -> None:
    page.goto(f"{site.origin}/reloads")
    before = page.locator(".card").count()
    page.get_by_role("button", name="Load everything anew").click()
    playwright.expect(page.locator(".card")).to_have_count(before + 1)
    playwright.expect(page.locator(".card").first).to_contain_text("started anew")
    playwright.expect(page.locator(".card").first).to_contain_text("loading everything")


def test_the_views_are_reached_by_the_keyboard_alone(page: "Page") -> None:
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Routes", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", name="Routes", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("pantry")
    playwright.expect(page.locator("#patterns tbody tr:visible")).to_have_count(1)


def test_a_path_is_tried_out(site: Site, page: "Page") -> None:
    page.goto(f"{site.origin}/routes")
    page.get_by_label("What does a path lead to?").fill("/recipes/new/")
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".verdict")).to_contain_text("recipes.views.recipe_edit(request)")


def test_migrate_streams_its_output(site: Site, page: "Page") -> None:
    page.goto(f"{site.origin}/checks")
    page.get_by_role("button", name="Run migrate").click()
    output = page.locator("#output")
    playwright.expect(output).to_contain_text("No migrations to apply.")
    playwright.expect(output).to_contain_text("Done.")
    playwright.expect(page.get_by_role("button", name="Run migrate")).to_be_enabled()


def test_the_tour_goes_step_by_step_and_its_quiz_is_judged(site: Site, page: "Page") -> None:
    page.goto(f"{site.origin}/learn")
    page.get_by_label("Send it a request for").fill("/pantry/")
    page.get_by_role("button", name="Send").click()
    playwright.expect(page.get_by_role("heading", name="GET /pantry/, step by step")).to_be_visible()
    playwright.expect(page.get_by_role("button", name="Next step")).to_be_visible()  # the script has begun
    page.keyboard.press("ArrowRight")
    playwright.expect(page.locator("#at")).to_contain_text("Run command")
    playwright.expect(page.locator("#tracker")).to_contain_text("Not running")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    playwright.expect(page.locator("#at")).to_contain_text("Receive request")
    playwright.expect(page.locator("#tracker")).to_contain_text("GET /pantry/")
    playwright.expect(page.locator('.stage[data-stage="receive"]')).to_have_attribute("aria-current", "step")
    page.get_by_label("Wait for next request").check()
    page.get_by_role("button", name="Check the answers").click()
    playwright.expect(page.locator(".verdict").first).to_contain_text("Right")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1400])
def test_no_view_scrolls_sideways(site: Site, page: "Page", width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 700})
    for view in VIEWS:
        page.goto(site.origin + view)
        playwright.expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
