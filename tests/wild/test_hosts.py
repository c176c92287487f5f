"""Which Host fields are answered: every form of it, beside Django's own answer where the application is asked."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.django.sides import DJANGO, Peer

from afresh.testing.client import free_port
from afresh.testing.edits import edit
from afresh.testing.server import Server

from .base import Project, build

FILES = {
    "site1/health.py": """\
from django.http import HttpResponse


class Health:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path == "/health/":
            return HttpResponse("well")
        return self.get_response(request)
""",
    "static/s.css": "body { color: teal }\n",
}
SETTINGS = """
MIDDLEWARE = ["site1.health.Health", *MIDDLEWARE]
STATICFILES_DIRS = [BASE_DIR / "static"]
"""

APPLICATIONS = ("/health/", "/")
FILES_AND_PAGES = ("/static/s.css", "/__afresh__/live.js")

# By what the field is like: what is sent (None: no field), and whether it is answered, for each kind of project.
LOCAL, LISTED, PROXIED = "no list", "a list", "behind a proxy"
ANSWERED, REFUSED = True, False
HOSTS: dict[str, tuple[str | None, dict[str, bool]]] = {
    "no field": (None, {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "loopback": ("127.0.0.1:8000", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "localhost": ("localhost", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "below localhost": ("shop.localhost:80", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "an address": ("10.1.2.3:8000", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "an IPv6 address": ("[2001:db8::7]:8000", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "any address": ("0.0.0.0:8000", {LOCAL: ANSWERED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "a name of the list": ("shop.example", {LOCAL: REFUSED, LISTED: ANSWERED, PROXIED: ANSWERED}),
    "a foreign name": ("evil.test:8000", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
    "a foreign name of digits": ("10.1.2.3.evil.test", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
    "a foreign name that Django cannot read": ("a_b.evil.test", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
    "no dot": ("web:8000", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: ANSWERED}),
    "an upstream of nginx": ("app_server", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: ANSWERED}),
    "a container's host": ("host.docker.internal:8000", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: ANSWERED}),
    "not a host": ("a b", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
    "empty": ("", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
    "below the dashboard": ("x.afresh.localhost", {LOCAL: REFUSED, LISTED: REFUSED, PROXIED: REFUSED}),
}
LISTS = {
    LOCAL: "ALLOWED_HOSTS = []\n",
    LISTED: 'ALLOWED_HOSTS = ["shop.example"]\n',
    PROXIED: 'ALLOWED_HOSTS = ["shop.example"]\nUSE_X_FORWARDED_HOST = True\n',
}
FORWARDED = {"X-Forwarded-Host": "shop.example"}


@contextmanager
def bound(project: Project, address: str) -> Iterator[Server]:
    port = free_port() if project.peer is DJANGO else 0
    with project.site.serve(f"{address}:{port}") as server:
        yield server
        assert server.stop() == 0


def status(server: Server, path: str, host: str | None, fields: Mapping[str, str] | None = None) -> int:
    """The status of the answer to a request of HTTP/1.0, which needs no Host."""
    lines = [f"GET {path} HTTP/1.0", *([] if host is None else [f"Host: {host}"])]
    lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
    answer = server.exchange(("\r\n".join(lines) + "\r\n\r\n").encode())
    found = re.match(rb"HTTP/1\.[01] (\d+) ", answer)
    assert found, answer
    return int(found[1])


def kind_of_project(root: Path, peer: Peer, base: Path, kind: str) -> Project:
    project = build(root, peer, base)
    project.write(FILES)
    project.settings(SETTINGS + LISTS[kind])
    return project


@pytest.mark.parametrize("address", ["0.0.0.0", pytest.param("127.0.0.1", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", LISTS)
def test_each_form_of_host(door: Peer, base: Path, tmp_path: Path, kind: str, address: str) -> None:
    """What cannot be an attack is the application's affair, and gets Django's own answer."""
    fields = FORWARDED if kind == PROXIED else {}
    answered = [host for host, kinds in HOSTS.values() if kinds[kind]]
    refused = [host for host, kinds in HOSTS.values() if not kinds[kind]]
    with bound(kind_of_project(tmp_path / "django", DJANGO, base, kind), address) as server:
        djangos = {(path, host): status(server, path, host, fields) for path in APPLICATIONS for host in answered}
    project = kind_of_project(tmp_path / "project", door, base, kind)
    with bound(project, address) as server:
        seen = {(path, host): status(server, path, host, fields) for path in APPLICATIONS for host in answered}
        assert seen == djangos
        # The script of the live reload is the keeper's for browsers alone, which all send a Host.
        others = {(path, host): status(server, path, host, fields) for path in FILES_AND_PAGES for host in answered}
        assert others.pop((FILES_AND_PAGES[1], None)) in (400, 404)
        assert others == dict.fromkeys(others, 200)
        ask = partial(status, server, fields=fields)
        assert {(path, host): ask(path, host) for path in APPLICATIONS + FILES_AND_PAGES for host in refused} == {
            (path, host): 400 for path in APPLICATIONS + FILES_AND_PAGES for host in refused
        }
        # The dashboard wants its secret as well.
        assert ask("/", "afresh.localhost") == 401
        edit(project.root / "site1/views.py", "TOP = 'c0'", "TOP = nothing")
        assert {host: ask("/", host) for host in answered} == dict.fromkeys(answered, 500)
        assert {host: ask("/", host) for host in refused} == dict.fromkeys(refused, 400)


def test_a_forwarded_name_lets_no_foreign_name_in(door: Peer, base: Path, tmp_path: Path) -> None:
    """A script can send any X-Forwarded-Host to its own origin, which may have been made to lead here."""
    with bound(kind_of_project(tmp_path / "project", door, base, PROXIED), "127.0.0.1") as server:
        forged = {"X-Forwarded-Host": "shop.example", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Server": "web"}
        assert status(server, "/", "shop.example:8000", forged) == 200
        assert [status(server, path, "evil.test:8000", forged) for path in APPLICATIONS] == [400, 400]


TENANTS = """
class Tenants(list):
    def __iter__(self):
        from pathlib import Path
        return iter((Path(BASE_DIR) / "tenants.txt").read_text().split())

    def __bool__(self):
        return True


ALLOWED_HOSTS = Tenants()
"""
IN_DATABASE = """
DATABASES["default"]["NAME"] = str(BASE_DIR / "tenants.sqlite3")


class Tenants(list):
    def __iter__(self):
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("select name from tenant")
            return iter([name for name, in cursor.fetchall()])

    def __bool__(self):
        return True


ALLOWED_HOSTS = Tenants()
"""
CHANGING = """
def change(request):
    from django.conf import settings
    settings.ALLOWED_HOSTS.extend(request.GET.getlist("add"))
    for name in request.GET.getlist("drop"):
        settings.ALLOWED_HOSTS.remove(name)
    return render(request, "p.html", {"a": "changed"})
"""


def hosts_seen(server: Server, *hosts: str) -> list[int]:
    return [status(server, "/", host) for host in hosts]


def test_a_list_that_a_view_changes(project: Project) -> None:
    project.append("site1/views.py", CHANGING)
    project.append("site1/urls.py", "urlpatterns += [path('change/', views.change)]\n")
    project.settings('ALLOWED_HOSTS = ["first.test", "localhost"]\n')
    seen = []
    for each in (project, project.beside()):
        with bound(each, "127.0.0.1") as server:
            before = hosts_seen(server, "first.test", "second.test", "localhost")
            assert status(server, "/change/?add=second.test&drop=first.test", "localhost") == 200
            seen.append([before, hosts_seen(server, "first.test", "second.test", "localhost")])
    assert seen[0] == seen[1] == [[200, 400, 200], [400, 200, 200]]


@pytest.mark.parametrize("settings", [TENANTS, IN_DATABASE], ids=["file", "database"])
def test_a_list_that_asks_elsewhere(project: Project, settings: str) -> None:
    """Names that come and go without a reload, and one that cannot be read is no way in."""
    project.settings(settings)
    change = in_file if settings is TENANTS else in_database
    change(project.root, ["first.test"])
    seen = []
    for each in (project, project.beside()):
        with bound(each, "127.0.0.1") as server:
            before = hosts_seen(server, "first.test", "second.test")
            change(each.root, ["second.test"])
            seen.append([before, hosts_seen(server, "first.test", "second.test")])
            if each is project:
                change(each.root, None)
                assert hosts_seen(server, "second.test") == [400]
                server.err.wait_for(r"FileNotFoundError|OperationalError")
                change(each.root, ["second.test"])
                assert hosts_seen(server, "second.test") == [200]
    assert seen[0] == seen[1] == [[200, 400], [400, 200]]


def in_file(root: Path, names: list[str] | None) -> None:
    file = root / "tenants.txt"
    if names is None:
        file.unlink()
    else:
        file.write_text("\n".join(names))


def in_database(root: Path, names: list[str] | None) -> None:
    import sqlite3

    connection = sqlite3.connect(root / "tenants.sqlite3")
    try:
        connection.execute("drop table if exists tenant")
        if names is not None:
            connection.execute("create table tenant (name text)")
            connection.executemany("insert into tenant values (?)", [(name,) for name in names])
        connection.commit()
    finally:
        connection.close()
