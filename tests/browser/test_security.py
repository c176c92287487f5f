"""Attacks on the dashboard and the live reload from pages of other origins, with a browser that has the key.

Each page is where an attacker's script may run: in the application itself (stored XSS, a bad package), on another port
of this machine, at the dashboard's own name on another port, at a name that was made to lead here (DNS rebinding).
"""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afresh.testing.server import Server

from .site import Site, example_at, link_of, site_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ATTACK = """
async (target) => {
  const got = [];
  const note = (name, value) => got.push(`${name}: ${String(value).slice(0, 200)}`);
  const within = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 1500))]);
  const paths = ["/", "/open?file=/etc/passwd", "/static/dashboard.js", "/stream", "/requests/1"];
  for (const path of paths) {
    for (const options of [{}, { credentials: "include" }, { headers: { "X-Any": "1" }, credentials: "include" }]) {
      const read = fetch(target + path, options);
      await within(read.then(async (answer) => note(`read ${path}`, await answer.text()), () => {}));
    }
    await within(fetch(target + path, { mode: "no-cors", credentials: "include" }).then(async (answer) => {
      const text = await answer.text();
      if (text || answer.type !== "opaque") note(`opaque ${path}`, text);
    }, () => {}));
  }
  const bodies = ["", "{}", new URLSearchParams({ file: "application.py", next: "/", path: "/visited-by-the-tour" })];
  for (const name of ["/actions/reload", "/actions/open-editor", "/actions/migrate", "/learn/visit"]) {
    for (const body of bodies) {
      for (const mode of ["cors", "no-cors"]) {
        await within(fetch(`${target}${name}`, { method: "POST", mode, body, credentials: "include" }).then(
          async (answer) => { const text = await answer.text(); if (text) note(`did ${name}`, text); }, () => {}));
      }
    }
    for (const sandbox of [null, "allow-forms allow-scripts"]) {
      const frame = document.createElement("iframe");
      frame.name = `frame-${name}-${sandbox}`;
      if (sandbox) {
        frame.sandbox = sandbox;
        const form = `<form method=post action="${target}${name}"></form>`;
        frame.srcdoc = form + "<script>document.forms[0].submit()<" + "/script>";
      }
      document.body.append(frame);
      if (!sandbox) {
        const form = document.createElement("form");
        Object.assign(form, { method: "post", action: `${target}${name}`, target: frame.name });
        document.body.append(form);
        form.submit();
      }
      await within(new Promise((resolve) => frame.addEventListener("load", resolve, { once: true })));
      try {
        const text = frame.contentDocument?.body?.innerText;
        if (text && !sandbox) note("frame", text);
      } catch {}
    }
  }
  for (const path of ["/", "/static/dashboard.js"]) {
    const script = document.createElement("script");
    script.src = target + path;
    document.head.append(script);
    await within(new Promise((resolve) => {
      script.onload = () => { note("script", path); resolve(); };
      script.onerror = resolve;
    }));
  }
  for (const path of ["/stream", "/stream?topics=state"]) {
    for (const withCredentials of [false, true]) {
      const source = new EventSource(target + path, { withCredentials });
      source.addEventListener("state", ({ data }) => note("stream", data));
      await within(new Promise((resolve) => {
        source.onopen = () => { note("stream open", path); resolve(); };
        source.onerror = resolve;
      }));
      source.close();
    }
  }
  const socket = new WebSocket(target.replace("http", "ws") + "/stream");
  await within(new Promise((resolve) => {
    socket.onopen = () => { note("socket", "open"); resolve(); };
    socket.onerror = resolve;
  }));
  const image = new Image();
  image.src = target + "/static/dashboard.css";
  await within(new Promise((resolve) => {
    image.onload = () => { note("image", "loaded"); resolve(); };
    image.onerror = resolve;
  }));
  const opened = open(target + "/", "victim");
  await new Promise((resolve) => setTimeout(resolve, 500));
  // What has not come yet is an empty document of the attacker's own.
  try { if (opened.document.URL !== "about:blank") note("window", opened.document.body.innerText); } catch {}
  opened?.close();
  return got;
}
"""


class Elsewhere(BaseHTTPRequestHandler):
    """An attacker's own server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root: Path = tmp_path_factory.mktemp("site")
    (root / "static").mkdir()
    (root / "static" / "hostile.html").write_text("<!doctype html><title>hostile</title><body>")
    with site_at(root, "--editor=/bin/false") as site:
        yield site


@pytest.fixture
def victim(site: Site, context: "BrowserContext") -> "BrowserContext":
    """A browser whose user has opened the dashboard."""
    page = context.new_page()
    page.goto(site.link)
    page.locator("h1", has_text="Now").wait_for()
    return context


PAGES = {
    "a script of the application": "http://127.0.0.1:{port}/static/hostile.html",
    "the application by another name": "http://shop.localhost:{port}/static/hostile.html",
    "another port": "http://127.0.0.1:{other}/",
    "the dashboard's name on another port": "http://afresh.localhost:{other}/",
}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_elsewhere_reads_or_changes_anything(
    site: Site, victim: "BrowserContext", elsewhere: int, name: str
) -> None:
    before = site.server.err.text().count("reload ")
    page = victim.new_page()
    page.goto(PAGES[name].format(port=site.server.port, other=elsewhere))
    assert page.evaluate(ATTACK, f"http://afresh.localhost:{site.server.port}") == []
    # The user's own page still works, and did not do what the others have asked for.
    own = victim.new_page()
    own.goto(f"http://afresh.localhost:{site.server.port}/")
    own.locator("h1", has_text="Now").wait_for()
    assert site.server.err.text().count("reload ") == before
    assert "visited-by-the-tour" not in site.server.err.text()
    assert "generation 1" in own.inner_text("main")


def test_a_page_elsewhere_cannot_follow_the_live_reload(site: Site, page: "Page", elsewhere: int) -> None:
    page.goto(f"http://127.0.0.1:{elsewhere}/")
    for path in ("live.js", "events"):
        read = page.evaluate(
            "(url) => fetch(url).then((answer) => answer.text(), () => 'kept')", f"{site.url}/__afresh__/{path}"
        )
        assert read == "kept"
    follow = """(url) => new Promise((resolve) => {
      const source = new EventSource(url);
      source.onmessage = ({ data }) => resolve(data);
      source.onerror = () => { source.close(); resolve("kept"); };
    })"""
    assert page.evaluate(follow, f"{site.url}/__afresh__/events") == "kept"
    assert site.streams() == 0


def test_the_application_learns_nothing_but_what_has_changed(site: Site, page: "Page") -> None:
    page.goto(f"{site.url}/static/hostile.html")
    told = page.evaluate(
        """() => new Promise((resolve) => {
          const source = new EventSource("/__afresh__/events");
          source.onmessage = ({ data }) => { source.close(); resolve(JSON.parse(data)); };
        })"""
    )
    assert set(told) == {"start", "turn", "number", "since", "changes"}
    key = site.link.partition("token=")[2]
    assert key not in str(told) + page.content()
    assert page.evaluate("document.cookie") == ""


def test_a_name_that_was_made_to_lead_here_reads_nothing(site: Site, browser: "Browser") -> None:
    """DNS rebinding: the browser takes the attacker's name for the origin of whatever answers."""
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"]
    misled = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=arguments)
    page = misled.new_page()
    for path in ("/", "/static/style.css", "/__afresh__/live.js", "/__afresh__/events", "/stream"):
        for host in ("evil.example", "afresh.localhost.evil.example"):
            answer = page.goto(f"http://{host}:{site.server.port}{path}")
            assert answer is not None
            assert answer.status == 400
            assert "one body" not in page.content()
    misled.close()


def test_names_below_the_dashboards_lead_nowhere(site: Site, page: "Page") -> None:
    answer = page.goto(f"http://any.afresh.localhost:{site.server.port}/")
    assert answer is not None
    assert answer.status == 400


def test_the_link_works_once_from_anywhere_and_its_key_leaves_the_address(site: Site, page: "Page") -> None:
    page.goto(site.link)
    assert page.url == f"http://afresh.localhost:{site.server.port}/"
    assert page.evaluate("document.cookie") == ""  # HttpOnly


HOSTILE = "<img src=x onerror=foreign=1>"
TARGET = "/<img/src=x/onerror=foreign=1>"
# What a view shows and others may have written: a setting, a pattern, a check, a module, a file, an exception's title.
HOSTILE_FILES = {
    "kitchen/settings.py": f"\nEVIL = {HOSTILE!r}\n",
    "kitchen/urls.py": f"""
from importlib import import_module
from django.core import checks
from django.urls import re_path
from django.views.generic import RedirectView
urlpatterns.append(re_path({"^" + HOSTILE!r}, RedirectView.as_view(url="/"), name={HOSTILE!r}))
checks.register(lambda app_configs, **kwargs: [checks.Warning({HOSTILE!r}, hint={HOSTILE!r}, id={HOSTILE!r})])
import_module({"recipes." + HOSTILE!r})
""",
    f"recipes/{HOSTILE}.py": "sum(range(5_000_000))\n",  # enough work to be among the slowest modules, which are shown
    "recipes/static/recipes/hostile.html": "<!doctype html><title>hostile</title><body>",
}
# The views, each with a part of its heading.
SHOWN = {
    "/": "Now",
    "/requests": "Requests",
    "/requests/NUMBER": "GET",
    "/reloads": "Reloads",
    "/reloads/3": "Generation 3",
    "/startup": "Start-up",
    "/routes": "Routes",
    f"/routes?path={TARGET}": "Routes",
    "/settings": "Settings",
    "/checks": "Checks",
    "/learn?request=NUMBER": "Learn",
    "/learn/snapshot?request=NUMBER": "GET",
    f"/open?file={HOSTILE}&line={HOSTILE}": "onerror",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "site"


@pytest.fixture(scope="module")
def shop(root: Path) -> Iterator[Server]:
    with example_at(root, HOSTILE_FILES) as server:
        yield server


@pytest.mark.parametrize("name", ["a script of the application", "another port"])
def test_no_page_elsewhere_migrates_or_visits(
    shop: Server, context: "BrowserContext", elsewhere: int, name: str
) -> None:
    """CVE-2020-8185: the button that runs migrations, where it can run them."""
    page = context.new_page()
    page.goto(link_of(shop))
    page.locator("h1", has_text="Now").wait_for()
    own = page.url
    page.goto(PAGES[name].replace("hostile", "recipes/hostile").format(port=shop.port, other=elsewhere))
    assert page.evaluate(ATTACK, own.rstrip("/")) == []
    page.goto(f"{own}checks")
    page.get_by_role("button", name="Run migrate").wait_for()
    assert page.locator("#output").is_hidden()  # nobody has run it
    assert "visited-by-the-tour" not in shop.err.text()


def test_what_is_shown_is_text_whatever_it_holds(shop: Server, root: Path, page: "Page") -> None:
    """CVE-2017-12794: markup in what an error page and the dashboard show."""
    raised = f"\nraise RuntimeError({HOSTILE!r})\n"
    file = root / "recipes" / f"{HOSTILE}.py"
    asked = f"GET {TARGET} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    text = file.read_text()
    assert shop.exchange(asked).startswith(b"HTTP/1.1 404 ")

    def assert_is_text(place: str) -> None:
        assert page.locator("main img").count() == 0, place
        assert page.locator("main").inner_html().count("&lt;img") > 0, place
        assert page.evaluate("window.foreign") is None, place

    page.goto(link_of(shop))
    assert shop.exchange(asked).startswith(b"HTTP/1.1 404 ")
    page.locator("#steps td", has_text=TARGET).nth(2).wait_for()  # what the script has added
    file.write_text(text + raised)
    assert shop.get("/").status == 500
    page.locator(".stage .error", has_text=HOSTILE).wait_for()
    assert_is_text("Now, with an error")
    page.goto(f"http://127.0.0.1:{shop.port}/")
    page.locator("main", has_text=HOSTILE).wait_for()
    assert_is_text("the failure page")
    page.goto("about:blank")  # it would load itself anew in between
    file.write_text(text + "\nMENDED = 1\n")
    assert shop.get("/").status == 200
    origin = link_of(shop).partition("/?")[0]
    page.goto(origin + "/requests")
    number = str(page.get_by_role("link", name=TARGET).first.get_attribute("href")).rpartition("/")[2]
    for shown, heading in SHOWN.items():
        path = shown.replace("NUMBER", number)
        page.goto(origin + path)
        page.locator("h1", has_text=heading).first.wait_for()
        if path == "/checks":  # which run after the answer
            page.locator("#checks", has_text=HOSTILE).wait_for()
        assert_is_text(path)
    file.write_text(text)
