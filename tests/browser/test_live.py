"""Live reload in a real browser: when a page is loaded anew, when it is not, and what it keeps."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afresh.testing.client import free_port

from .conftest import DEADLINE
from .site import Site, site_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

COLOUR = "getComputedStyle(document.querySelector({!r})).color"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_at(tmp_path) as site:
        yield site


def visit(page: "Page", site: Site, path: str = "/") -> None:
    """Open a page and wait until it hears of changes."""
    page.goto(site.url + path)
    wait_connected(page)


def wait_connected(page: "Page") -> None:
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(({ name }) => name.includes('/__afresh__/live.js'))"
    )


def heading(page: "Page", text: str) -> None:
    page.locator("h1", has_text=text).wait_for()


def colour(page: "Page", selector: str, value: str) -> None:
    page.wait_for_function(f"{COLOUR.format(selector)} === {value!r}")


def loads(page: "Page") -> int:
    return int(page.evaluate("Number(sessionStorage.loaded)"))


def test_an_edit_of_code_loads_the_page_anew_from_the_new_server(site: Site, page: "Page") -> None:
    visit(page, site)
    page.evaluate("scrollTo(0, 700)")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    heading(page, "two body")
    assert loads(page) == 2
    page.wait_for_function("scrollY === 700")
    site.edit("application.py", '+ " body"', '+ " text"')
    heading(page, "two text")
    assert loads(page) == 3


def test_what_was_typed_stays(site: Site, page: "Page") -> None:
    visit(page, site)
    page.fill("#field", "typed")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    heading(page, "two")
    page.wait_for_function("document.querySelector('#field').value === 'typed'")  # put back once all is loaded


def test_styles_are_swapped_and_the_page_stays(site: Site, page: "Page") -> None:
    visit(page, site)
    colour(page, "h1", "rgb(1, 2, 3)")
    for number in (4, 5, 6):
        site.edit("static/style.css", f"rgb(1, 2, {number - 1})", f"rgb(1, 2, {number})")
        colour(page, "h1", f"rgb(1, 2, {number})")
    page.wait_for_function("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    assert loads(page) == 1


def test_an_imported_style_is_swapped_too(site: Site, page: "Page") -> None:
    visit(page, site)
    for number in (7, 8, 9):
        site.edit("static/imported.css", f"rgb(4, 5, {number - 1})", f"rgb(4, 5, {number})")
        colour(page, "p", f"rgb(4, 5, {number})")
    assert loads(page) == 1


def test_an_image_is_swapped(site: Site, page: "Page") -> None:
    visit(page, site)
    site.edit("static/logo.svg", 'width="10"', 'width="77"')
    page.wait_for_function("document.querySelector('img').naturalWidth === 77")
    assert loads(page) == 1


@pytest.mark.parametrize("file", ["static/app.js", "static/deep.js"])
def test_an_edit_of_a_script_that_the_page_uses_loads_it_anew(site: Site, page: "Page", file: str) -> None:
    visit(page, site)
    (site.root / file).write_text((site.root / file).read_text() + "\n")
    page.wait_for_function("sessionStorage.loaded === '2'")


def test_what_the_page_does_not_use_changes_nothing(site: Site, page: "Page") -> None:
    visit(page, site)
    for name in ("unused.js", "unused.css"):
        (site.root / "static" / name).write_text("/* changed */")
    site.edit("static/style.css", "rgb(1, 2, 3)", "rgb(9, 9, 9)")
    colour(page, "h1", "rgb(9, 9, 9)")  # told after the others
    assert loads(page) == 1


def test_broken_code_shows_its_page_and_the_fix_the_projects_again(site: Site, page: "Page") -> None:
    visit(page, site)
    site.edit("application.py", 'WORD = "one"', "WORD = missing")
    heading(page, "NameError")
    site.edit("application.py", "WORD = missing", 'WORD = "fixed"')
    heading(page, "fixed")


def test_all_tabs_share_one_connection_over_reloads(site: Site, context: "BrowserContext") -> None:
    pages = [context.new_page() for _ in range(8)]
    for page in pages:
        visit(page, site)
    for word in ("two", "three"):
        before = "one" if word == "two" else "two"
        site.edit("application.py", f'WORD = "{before}"', f'WORD = "{word}"')
        for page in pages:
            heading(page, word)
    site.wait_for_streams(1)


def test_without_shared_workers_one_tab_follows_for_all(site: Site, context: "BrowserContext") -> None:
    context.add_init_script("delete window.SharedWorker")
    first, second, third = (context.new_page() for _ in range(3))
    for page in (first, second, third):
        visit(page, site)
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    for page in (first, second, third):
        heading(page, "two")
    site.wait_for_streams(1)
    first.close()
    site.edit("application.py", 'WORD = "two"', 'WORD = "three"')
    for page in (second, third):
        heading(page, "three")


def test_a_tab_that_nobody_looks_at_waits_until_somebody_does(site: Site, page: "Page") -> None:
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => sessionStorage.away === 'yes' });")
    visit(page, site)
    page.evaluate("sessionStorage.away = 'yes'")
    page.evaluate("addEventListener('afresh:change', () => { window.told = 1; })")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    page.wait_for_function("window.told")
    assert loads(page) == 1
    page.evaluate("sessionStorage.away = 'no'; document.dispatchEvent(new Event('visibilitychange'))")
    heading(page, "two")
    assert loads(page) == 2


def test_going_back_shows_the_new_code(site: Site, page: "Page") -> None:
    visit(page, site)
    visit(page, site, "/other")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    heading(page, "two")
    page.go_back()
    heading(page, "two")


def test_a_page_that_was_kept_for_back_shows_the_new_code(site: Site, keeping_browser: "Browser") -> None:
    page = keeping_browser.new_page()
    page.set_default_timeout(DEADLINE)
    visit(page, site)
    page.evaluate("addEventListener('pageshow', ({ persisted }) => { sessionStorage.kept = persisted; })")
    visit(page, site, "/other")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    heading(page, "two")
    page.go_back(wait_until="commit")
    heading(page, "two")
    assert page.evaluate("sessionStorage.kept") == "true"
    page.close()


def test_a_page_from_the_browsers_cache_is_loaded_anew_once(site: Site, page: "Page") -> None:
    visit(page, site, "/cached")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    page.wait_for_function("sessionStorage.loaded === '2'")  # and the server says 304: the stamp is the old one
    site.edit("static/style.css", "rgb(1, 2, 3)", "rgb(9, 9, 9)")
    colour(page, "h1", "rgb(9, 9, 9)")
    assert loads(page) == 2


def test_the_answer_to_a_form_is_not_asked_for_again(site: Site, page: "Page") -> None:
    visit(page, site)
    page.get_by_role("button", name="Send").click()
    page.locator("p", has_text="POST").wait_for()
    with page.expect_console_message(lambda message: "answers a form" in message.text):
        site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    assert loads(page) == 2


def test_another_start_on_the_same_port_loads_the_page_anew(tmp_path: Path, page: "Page") -> None:
    port = free_port()
    with site_at(tmp_path, port=port) as site:
        visit(page, site)
        site.server.stop()
    (tmp_path / "application.py").write_text((tmp_path / "application.py").read_text().replace('"one"', '"again"'))
    with site_at(tmp_path, port=port):
        heading(page, "again")


def test_a_page_that_is_still_right_after_another_start_is_loaded_anew_once(tmp_path: Path, page: "Page") -> None:
    port = free_port()
    with site_at(tmp_path, port=port) as site:
        visit(page, site, "/cached")
        site.server.stop()
    with site_at(tmp_path, port=port) as site:
        page.wait_for_function("sessionStorage.loaded === '2'")  # the server says 304: the tag is of the start before
        site.edit("static/style.css", "rgb(1, 2, 3)", "rgb(9, 9, 9)")
        colour(page, "h1", "rgb(9, 9, 9)")
        assert loads(page) == 2


def test_who_stays_on_the_page_is_asked_again_with_a_later_change(site: Site, page: "Page") -> None:
    from playwright.sync_api import TimeoutError as TooLate

    visit(page, site)
    page.locator("#field").fill("unsaved")
    page.evaluate("addEventListener('beforeunload', (event) => { if (!window.may_go) event.preventDefault(); })")
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        site.edit("application.py", 'WORD = "one"', 'WORD = "1"')
    assert asked.value.type == "beforeunload"
    page.evaluate("window.may_go = true")
    # Changes within three seconds belong to the load that was given up.
    for number in range(1, 9):
        site.edit("application.py", f'WORD = "{number}"', f'WORD = "{number + 1}"')
        with suppress(TooLate):
            page.locator("h1", has_text=f"{number + 1} body").wait_for(timeout=1_000)
            return
    raise AssertionError("it is never loaded again")


class Foreign(BaseHTTPRequestHandler):
    """Another server on the port, for a while."""

    asked = threading.Event()

    def do_GET(self) -> None:
        self.send_error(404)
        if self.path.startswith("/__afresh__/events"):
            self.asked.set()

    def log_message(self, *_: object) -> None:
        pass


def test_after_another_server_had_the_port_it_goes_on(tmp_path: Path, page: "Page") -> None:
    port = free_port()
    with site_at(tmp_path, port=port) as site:
        visit(page, site)
        site.wait_for_streams(1)
        site.server.stop()
    with ThreadingHTTPServer(("127.0.0.1", port), Foreign) as foreign:
        serving = threading.Thread(target=foreign.serve_forever)
        serving.start()
        assert Foreign.asked.wait(DEADLINE / 1000)
        foreign.shutdown()
        serving.join()
    (tmp_path / "application.py").write_text((tmp_path / "application.py").read_text().replace('"one"', '"again"'))
    with site_at(tmp_path, port=port):
        heading(page, "again")


def test_a_nonce_is_enough(site: Site, page: "Page") -> None:
    policy = "default-src 'none'; style-src 'self'; script-src 'nonce-abc'; connect-src 'self'"
    visit(page, site, f"/?nonce=abc&field=Content-Security-Policy: {policy.replace(';', '%3B')}")
    site.edit("application.py", 'WORD = "one"', 'WORD = "two"')
    heading(page, "two")


def test_where_it_may_not_run_the_dashboard_says_so(site: Site, page: "Page", context: "BrowserContext") -> None:
    page.goto(site.url + "/strict?field=Content-Security-Policy: default-src 'none'")
    assert "afresh" not in page.content()
    dashboard = context.new_page()
    dashboard.goto(site.link)
    told = dashboard.evaluate(
        """new Promise((resolve) => {
          const source = new EventSource("/stream?topics=live");
          source.addEventListener("live", ({ data }) => { source.close(); resolve(JSON.parse(data)); });
        })"""
    )
    assert told["path"] == "/strict"
    assert "Content-Security-Policy" in told["reason"]


def test_a_page_can_stay_out(site: Site, page: "Page") -> None:
    site.edit("application.py", "<title>", "<meta name=afresh content=no-live><title>")
    page.goto(site.url)
    before = site.streams()
    page.wait_for_function("document.readyState === 'complete'")
    assert before == site.streams() == 0


def test_no_live_leaves_every_byte_alone(tmp_path: Path, page: "Page") -> None:
    with site_at(tmp_path, "--no-live") as site:
        page.goto(site.url)
        assert "afresh" not in page.content()


def test_a_page_that_changes_what_it_is_made_from_stops_by_itself(site: Site, page: "Page") -> None:
    site.edit(
        "application.py",
        "    query =",
        "    if path == '/loop': open(HERE + '/static/app.js', 'a').write(' ')\n    query =",
    )
    with page.expect_console_message(lambda message: "seems to change" in message.text):
        page.goto(site.url + "/loop")


def test_no_error_is_written_to_the_console(site: Site, page: "Page") -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    visit(page, site)
    site.edit("static/style.css", "rgb(1, 2, 3)", "rgb(9, 9, 9)")
    colour(page, "h1", "rgb(9, 9, 9)")
    assert complaints == []
