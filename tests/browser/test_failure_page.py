"""The failure page in a real browser: it recovers by itself, repeats nothing unasked, runs nothing foreign."""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from afresh.channel.messages import ExceptionInfo, Failure, Frame
from afresh.pages.app import failure_application
from afresh.pages.facts import POLL_HEADER

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</script><script>window.foreign = 1</script><img src=x onerror='window.foreign = 1'>"


def broken(message: str) -> Failure:
    frame = Frame("/shop/views.py", 2, "index", True, 1, ("def index(request):", f"    raise Broken('{message}')"))
    text = f"Traceback (most recent call last):\nBroken: {message}"
    return Failure("error", f"Broken: {message}", text, (ExceptionInfo("Broken", message, (frame,)),))


@dataclass
class Site:
    """A server whose application can be swapped, and what it was asked: method, and whether the page's script asked."""

    url: str = ""
    application: Any = None
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        polled = "HTTP_" + POLL_HEADER.upper().replace("-", "_") in environ
        self.asked.append((environ["REQUEST_METHOD"], polled))
        return self.application(environ, start_response)  # type: ignore[no-any-return]

    def fail(self, message: str) -> None:
        self.application = failure_application(broken(message))

    def work(self, status: str = "200 OK", *fields: tuple[str, str]) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response(status, [("Content-Type", "text/html"), *fields])
            return [b"<h1>Welcome</h1>"]

        self.application = application


class Quiet(WSGIRequestHandler):
    """No access log."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Threading(ThreadingMixIn, WSGIServer):
    """One thread per connection: browsers open connections ahead of need."""

    daemon_threads = True


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with make_server("127.0.0.1", 0, site, server_class=Threading, handler_class=Quiet) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def heading(page: "Page", text: str) -> None:
    page.locator("h1", has_text=text).wait_for()


def test_the_page_becomes_the_projects_page_when_the_code_works_again(site: Site, page: "Page") -> None:
    site.fail("one")
    answer = page.goto(site.url)
    assert answer is not None
    assert answer.status == 500
    heading(page, "Broken")
    site.work()
    heading(page, "Welcome")
    assert [each for each, _ in groupby(site.asked)] == [("GET", False), ("HEAD", True), ("GET", False)]


def test_another_failure_replaces_the_one_shown(site: Site, page: "Page") -> None:
    site.fail("one")
    page.goto(site.url)
    site.fail("two")
    page.locator("p.message", has_text="two").wait_for()


def test_a_redirect_counts_as_recovered(site: Site, page: "Page") -> None:
    site.fail("one")
    page.goto(site.url)
    site.work("302 Found", ("Location", "http://elsewhere.invalid/"))
    with page.expect_event("framenavigated"):  # Chromium goes where the project sends it
        pass


def test_returning_to_the_tab_asks_at_once_and_a_hidden_one_never(site: Site, page: "Page") -> None:
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away ?? true });")
    page.clock.install()
    site.fail("one")
    page.goto(site.url)
    page.clock.run_for(60_000)
    assert ("HEAD", True) not in site.asked
    site.work()
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    heading(page, "Welcome")


def test_the_answer_to_a_post_is_repeated_only_when_asked(site: Site, page: "Page") -> None:
    page.route(
        "**/form",
        lambda route: route.fulfill(
            body=f'<form method="post" action="{site.url}"><button>Go</button></form>', content_type="text/html"
        ),
    )
    page.goto(site.url + "form")
    site.fail("one")
    page.get_by_role("button", name="Go").click()
    heading(page, "Broken")
    site.work()
    # Chromium asks the user before it sends a form again, and without a window there is nobody to ask: no click here.
    page.get_by_role("button", name="Send the request again").wait_for()
    heading(page, "Broken")
    assert [method for method, _ in site.asked].count("POST") == 1


def test_nothing_foreign_runs_and_nothing_is_fetched(site: Site, page: "Page") -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    site.fail(HOSTILE)
    page.goto(site.url)
    heading(page, "Broken")
    assert HOSTILE in page.inner_text("main")
    assert page.evaluate("window.foreign") is None
    assert set(requests) == {site.url}
    assert all(re.search("status of 500", complaint) for complaint in complaints)


def test_the_traceback_is_copied_as_text(site: Site, page: "Page") -> None:
    site.fail("one")
    page.goto(site.url)
    page.get_by_role("button", name="Copy as text").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == broken("one").text


@pytest.mark.parametrize("width", [320, 1400])
def test_the_page_never_scrolls_sideways(site: Site, page: "Page", width: int) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    site.fail("a-long-word-" * 40)
    page.goto(site.url)
    heading(page, "Broken")
    assert page.evaluate("document.documentElement.scrollWidth") == width
