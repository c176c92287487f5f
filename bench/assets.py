"""`assets`: how long a real browser takes for a page with 200 small assets, its cache empty."""

import shutil
from typing import Any

from bench.client import Address
from bench.peers import AFRESH, RUNSERVER
from bench.run import Data, Plan, interleaved
from bench.sites import Site
from bench.static import NGINX, URL, add, serving_files
from bench.statistic import median, paired_ratio
from bench.table import Cell, Table

ROUNDS = 3
LOADS = 3
PEERS = (RUNSERVER.name, AFRESH.name)

# Style sheets, scripts and pictures, as a page built without a bundler has them.
KINDS = {
    "css": (80, '<link rel="stylesheet" href="{name}">', ".c{number} {{ color: #123456 }}\n"),
    "js": (80, '<script src="{name}" defer></script>', "window.loaded = (window.loaded || 0) + 1\n"),
    "svg": (40, '<img src="{name}" alt="">', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n'),
}
_SECONDS = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
_ARRIVED = "performance.getEntriesByType('resource').filter(entry => entry.responseStatus === 200).length"


def measure(plan: Plan) -> Data:
    """Seconds from the navigation to the load event; RuntimeError without Chromium."""
    if not shutil.which("chromium"):
        raise RuntimeError("Chromium is not installed (apt-get install chromium)")
    return interleaved(Plan(plan.projects, [*plan.peers, NGINX], plan.rounds, plan.failed), once)


def once(site: Site) -> dict[str, float | list[float]]:
    """Load the page a few times, each time in a fresh profile of the browser."""
    count = _write_page(site)
    from playwright.sync_api import sync_playwright

    with serving_files(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            _load(browser, address, count)
            return {"seconds": [_load(browser, address, count) for _ in range(LOADS)]}
        finally:
            browser.close()


def _write_page(site: Site) -> int:
    """Write the page and its assets; returns how many there are."""
    lines = ["<!doctype html><title>assets</title>"]
    for kind, (count, element, content) in KINDS.items():
        for number in range(count):
            name = f"{number}.{kind}"
            lines.append(element.format(name=name))
            add(site, f"bench/{name}", content.format(number=number).encode() * 20)
    add(site, "bench/page.html", "\n".join(lines).encode())
    return len(lines) - 1


def _load(browser: Any, address: Address, count: int) -> float:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"http://{address[0]}:{address[1]}{URL}bench/page.html", wait_until="load")
        page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        arrived = page.evaluate(_ARRIVED)
        if arrived != count:
            raise RuntimeError(f"{arrived} of {count} assets arrived")
        return float(page.evaluate(_SECONDS))
    finally:
        context.close()


def tables(data: Data) -> list[Table]:
    """One table for each project."""
    return [_table(project, peers) for project, peers in data.items()]


def _table(project: str, peers: Data) -> Table:
    reference = peers.get(RUNSERVER.name, {}).get("seconds", [])
    rows: list[list[Cell]] = []
    for name, found in peers.items():
        seconds = found.get("seconds", [])
        slowest = max(seconds, default=float("nan"))
        rows.append([name, median(seconds) * 1000, slowest * 1000, paired_ratio(seconds, reference)])
    count = sum(kind[0] for kind in KINDS.values())
    title = f"Assets: a page with {count} small assets in Chromium, from the navigation to the load event, {project}"
    return Table(title, ("", "ms", "slowest", "of runserver"), rows)
