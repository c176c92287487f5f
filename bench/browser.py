"""`browser`: from a save to the pixels in Chromium, of a function in a view and of a stylesheet.

The view's page is all markup in one column, and has a script of its own in the next. Django's runserver has
django-browser-reload, the package for this that is used most.
"""

import random
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afresh.testing.edits import write_and_rename
from bench.peers import AFRESH, RUNSERVER
from bench.run import Data, Plan, answering, interleaved
from bench.sites import VIEWS, Site
from bench.statistic import median, percentile
from bench.table import Cell, Table

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS = 3
EDITS = 30
PEERS = (RUNSERVER.name, AFRESH.name)
PROJECTS = ("example",)

PAUSE = 0.8, 1.6
"""Seconds between the pixels and the next save, at random: runserver looks once a second."""

PATIENCE = 30_000
"""Milliseconds."""

_STYLE = "recipes/static/bench.css"
_VIEWS = """\
from django.http import HttpResponse


def page(request):
    return HttpResponse('''<!doctype html><html><head><title>bench</title>
<link rel="stylesheet" href="/static/bench.css">{script}</head><body><h1>version {version}</h1></body></html>''')
"""
_SCRIPT = "<script>window.own = 1</script>"
_RELOADS = {
    "bench_settings.py": "\nMIDDLEWARE = [*MIDDLEWARE, 'django_browser_reload.middleware.BrowserReloadMiddleware']\n",
    "bench_urls.py": (
        "\nfrom django.urls import include\n"
        "urlpatterns = [path('__reload__/', include('django_browser_reload.urls')), *urlpatterns]\n"
    ),
}
_RELOADS_APP = "\nINSTALLED_APPS = [*INSTALLED_APPS, 'django_browser_reload']\n"


def measure(plan: Plan) -> Data:
    """Milliseconds from each save to the pixels."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        edits = max(1, plan.edits // plan.rounds)
        try:
            return interleaved(plan, partial(once, browser=browser, edits=edits))
        finally:
            browser.close()


def once(site: Site, browser: Any, edits: int) -> dict[str, list[float]]:
    """Start it, open the page, save some versions of the view and of the stylesheet."""
    from playwright.sync_api import TimeoutError as NotPainted

    _prepare(site)
    with answering(site) as (_, (host, port)):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://{host}:{port}/bench/")
        _shown(page, 1)
        time.sleep(2.5)  # both have looked at the folder by then
        found = {"view body": [_code(site, page, 2 + number) for number in range(edits)]}
        scripted = [_code(site, page, 2 + edits + number, _SCRIPT) for number in range(edits + 1)]
        found["view body, with a script"] = scripted[1:]  # the first one found a page without
        found["reload alone"] = [_reload(page, 2 + 2 * edits) for _ in range(edits)]
        try:
            found["stylesheet"] = [_style(site, page, 2 + number) for number in range(edits)]
        except NotPainted:
            found["stylesheet"] = []  # the browser takes it from its cache: there is no end to that
        page.close()
    return found


def _prepare(site: Site) -> None:
    directory = Path(site.directory)
    (directory / VIEWS).write_text(_VIEWS.format(version=1, script=""))
    (directory / _STYLE).write_text("h1 { color: rgb(0, 0, 1); }\n")
    if site.peer is RUNSERVER:
        for name, text in {**_RELOADS, "bench_settings.py": _RELOADS_APP + _RELOADS["bench_settings.py"]}.items():
            path = directory / name
            before = path.read_text()
            path.write_text(before if text in before else before + text)


def _shown(page: "Page", version: int) -> float:
    """When the browser first painted this version of the page, in milliseconds of the wall clock."""
    page.wait_for_function(
        "(text) => document.querySelector('h1')?.textContent === text"
        " && performance.getEntriesByName('first-contentful-paint').length",
        arg=f"version {version}",
    )
    painted = "performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime"
    return float(page.evaluate(painted))


def _code(site: Site, page: "Page", version: int, script: str = "") -> float:
    time.sleep(random.uniform(*PAUSE))
    _watch(page, "document.querySelector('h1')?.textContent", f"version {version}")
    began = time.time()
    write_and_rename(Path(site.directory) / VIEWS, _VIEWS.format(version=version, script=script))
    return _painted(page, "document.querySelector('h1')?.textContent", f"version {version}") - 1000 * began


def _reload(page: "Page", version: int) -> float:
    """What the browser takes for it when the page asks and nothing has changed: no edit can be painted sooner."""
    time.sleep(random.uniform(*PAUSE))
    began = 1000 * time.time()
    page.evaluate("document.querySelector('h1').textContent = ''; setTimeout(() => location.reload(), 0)")
    return _shown(page, version) - began


def _style(site: Site, page: "Page", version: int) -> float:
    time.sleep(random.uniform(*PAUSE))
    colour = "document.querySelector('h1') && getComputedStyle(document.querySelector('h1')).color"
    _watch(page, colour, f"rgb(0, 0, {version})")
    began = time.time()
    write_and_rename(Path(site.directory) / _STYLE, f"h1 {{ color: rgb(0, 0, {version}); }}\n")
    return _painted(page, colour, f"rgb(0, 0, {version})") - 1000 * began


def _watch(page: "Page", expression: str, value: str) -> None:
    """Note in the page when it shows `value`: in the frame after the one that computed it, it is on the screen."""
    page.evaluate(
        f"""(value) => {{
          window.painted = 0;
          const look = () => {{
            if ({expression} !== value) return requestAnimationFrame(look);
            requestAnimationFrame(() => {{ window.painted = performance.timeOrigin + performance.now(); }});
          }};
          look();
        }}""",
        value,
    )


def _painted(page: "Page", expression: str, value: str) -> float:
    """When it was on the screen: as noted, or with the first paint of a page that was loaded anew."""
    found = page.wait_for_function(
        f"""(value) => window.painted || (window.painted === undefined && {expression} === value
          && performance.getEntriesByName("first-contentful-paint").length
          && performance.timeOrigin + performance.getEntriesByName("first-contentful-paint")[0].startTime)""",
        arg=value,
    )
    return float(found.json_value())


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, found: Data) -> Table:
    columns = (
        *("", "view body, median", "p95", "with a script, median", "p95", "reload alone, median"),
        *("stylesheet, median", "p95"),
    )
    rows: list[list[Cell]] = []
    for name, values in found.items():
        shown = f"{name} + django-browser-reload" if name == RUNSERVER.name else name
        kinds = ("view body", "view body, with a script", "reload alone", "stylesheet")
        code, scripted, alone, style = (values.get(kind, []) for kind in kinds)
        cells: list[Cell] = [*_both(code), *_both(scripted), median(alone) if alone else "", *_both(style)]
        rows.append([shown, *cells])
    return Table(f"Browser: from a save to the pixels in Chromium, ms, {project}", columns, rows)


def _both(values: list[float]) -> list[Cell]:
    return [median(values), percentile(values, 95)] if values else ["", ""]
