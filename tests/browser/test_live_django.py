"""Live reload of a Django project: templates, and the pages of requests that failed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afresh.testing.edits import edit
from afresh.testing.server import Server, started_server

from .site import MANAGE

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILES = {
    "manage.py": MANAGE,
    "settings.py": """\
        DEBUG = True
        SECRET_KEY = "x"
        ROOT_URLCONF = "urls"
        INSTALLED_APPS = ["afresh.django"]
        MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
        TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["templates"]}]
        """,
    "urls.py": """\
        from django.http import HttpResponse, StreamingHttpResponse
        from django.shortcuts import render
        from django.urls import path

        def page(request):
            return render(request, "page.html")

        def fail(request):
            raise RuntimeError("failed")

        def plain(request):
            return HttpResponse("Hello, world.")

        def stream(request):
            return StreamingHttpResponse([b"<!doctype html><html><head></head>", b"<h1>stream</h1>"])

        urlpatterns = [path("", page), path("fail/", fail), path("plain/", plain), path("stream/", stream)]
        """,
    "templates/base.html": (
        "<!doctype html><html><head><title>t</title></head><body>{% block b %}{% endblock %}</body></html>"
    ),
    "templates/page.html": '{% extends "base.html" %}{% block b %}<h1>one</h1>{% endblock %}',
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text.replace("\n        ", "\n").lstrip())
    return root


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    command = (sys.executable, "manage.py", "runserver", "0")
    with started_server(command, cwd=root, env={**os.environ, "PYTHONUNBUFFERED": ""}) as server:
        yield server


def url(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_a_template_loads_the_page_anew_without_a_new_server(server: Server, root: Path, page: "Page") -> None:
    page.goto(url(server))
    page.wait_for_function("performance.getEntriesByType('resource').some(({ name }) => name.includes('live.js'))")
    edit(root / "templates" / "page.html", "one", "two")
    page.locator("h1", has_text="two").wait_for()
    edit(root / "templates" / "base.html", "<body>", "<body><h1>above</h1>")
    page.locator("h1", has_text="above").wait_for()
    assert "reload 2" not in server.err.text()


def test_a_page_of_a_few_words_follows_too(server: Server, root: Path, page: "Page") -> None:
    page.goto(url(server, "/plain/"))
    assert page.inner_text("body") == "Hello, world."
    edit(root / "urls.py", '"Hello, world."', '"Hello again."')
    page.get_by_text("Hello again.").wait_for()


def test_a_stream_keeps_its_bytes(server: Server, page: "Page") -> None:
    page.goto(url(server, "/stream/"))
    assert "afresh" not in page.content()


def test_djangos_page_stays_and_leads_to_the_requests_row(server: Server, root: Path, page: "Page") -> None:
    page.goto(url(server, "/fail/"))
    assert "RuntimeError" in page.inner_text("h1")
    link = page.get_by_role("link", name="This request in Afresh")
    assert (link.get_attribute("href") or "").startswith(f"http://afresh.localhost:{server.port}/requests")
    edit(root / "urls.py", 'raise RuntimeError("failed")', 'return HttpResponse("<h1>mended</h1>")')
    page.locator("h1", has_text="mended").wait_for()


def test_clients_that_do_not_ask_for_pages_get_djangos_bytes(server: Server) -> None:
    for accept in ("*/*", "application/json", "text/plain"):
        assert b"__afresh__" not in server.get("/", headers={"Accept": accept}).body
    assert b"__afresh__" not in server.get("/", headers={"Accept": "text/html", "Sec-Fetch-Dest": "empty"}).body
    page = server.get("/", headers={"Accept": "text/html"})
    assert b"/__afresh__/live.js" in page.body
    assert page.header("Content-Length") == str(len(page.body))
