"""Static files and media, side by side: what is found where, what is said of it, and whose word counts."""

import http.client
import re
from dataclasses import replace
from pathlib import Path

import pytest

import django
from afresh.testing.client import Answer
from afresh.testing.server import Server

from .differences import (
    LENGTH_OF_EMPTY_FILE,
    NO_LENGTH_OF_NOT_MODIFIED,
    PAGE_FOR_EXCEPTIONS,
    SERVER_FIELD,
    Observation,
)
from .normal import normal_answer
from .sides import CHECKED, SELF_TEST, Pair, Site, as_text

PLACES = """\
STATICFILES_DIRS = [("lib", BASE_DIR / "vendor"), BASE_DIR / "assets"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "app.finder.Made",
]
"""
FINDER = """\
from pathlib import Path

from django.contrib.staticfiles.finders import BaseFinder


class Made(BaseFinder):
    def check(self, **kwargs):
        return []

    def find(self, path, find_all=False, **kwargs):
        if path == "made/broken.css":
            raise ValueError("broken finder")
        found = Path(__file__).parent / "made" / path.removeprefix("made/")
        return str(found) if path.startswith("made/") and found.exists() else []

    def list(self, ignore_patterns):
        return []
"""
FILES = {
    "app/finder.py": FINDER,
    "app/made/own.css": "made",
    "vendor/lib.js": "lib",
    "vendor/deep/er/lib.js": "deep",
    "assets/app/style.css": "assets hide the app's",
    "assets/empty.css": "",
    "assets/page.html": "<p>",
    "assets/module.mjs": "export {}",
    "assets/style.css.gz": "not really",
    "assets/picture.svgz": "not really",
    "assets/noextension": "x",
    "assets/a b.css": "space",
    "assets/käse.css": "umlaut",
    "assets/a%20b.css": "percent",
    "assets/100%.css": "percent",
    "assets/semi;colon.css": "semicolon",
    "assets/back\\slash.css": "backslash",
    'assets/quote".css': "quote",
    "assets/...": "dots",
    "assets/.hidden": "hidden",
    "assets/folder/file": "file in a folder",
    "outside/secret": "outside",
}
PATHS = [
    "/static/app/style.css",
    "/static/app/code.js",
    "/static/lib/lib.js",
    "/static/lib/deep/er/lib.js",
    "/static/lib.js",
    "/static/made/own.css",
    "/static/made/broken.css",
    "/static/empty.css",
    "/static/page.html",
    "/static/module.mjs",
    "/static/style.css.gz",
    "/static/picture.svgz",
    "/static/noextension",
    "/static/a%20b.css",
    "/static/a%2520b.css",
    "/static/100%25.css",
    "/static/100%.css",
    "/static/k%C3%A4se.css",
    "/static/k%E4se.css",
    "/static/semi;colon.css",
    "/static/back%5Cslash.css",
    "/static/quote%22.css",
    "/static/...",
    "/static/.hidden",
    "/static/app/style.css?v=1",
    "/static/app//style.css",
    "/static//app/style.css",
    "/static/app/./style.css",
    "/static/app/../app/style.css",
    "/static/%61pp/style.css",
    "/static/app%2Fstyle.css",
    "/static/app/style.css/",
    "/static/folder",
    "/static/folder/",
    "/static/",
    "/static",
    "/static/absent.css",
    "/static/linked.css",
    "/static/linked/secret",
    "/static/broken.css",
    "/static/loop.css",
    "/static/../proj/settings.py",
    "/static/%2e%2e/proj/settings.py",
    "/static/..%2fproj/settings.py",
    "/static/app/../../proj/settings.py",
    "/static/lib/../../proj/settings.py",
    "/static//etc/passwd",
    "/static/%2fetc/passwd",
    "/static/..%00/a",
    "/static/a%00.css",
    "/static/a%0a.css",
    "/STATIC/app/style.css",
]


MORE_SAID = ("accept-ranges", "cache-control", "etag", "last-modified")


def told(answer: Answer, site: Site, server: Server) -> str:
    """The answer without the fields by which Afresh says more, or less of a file that was written just now."""
    headers = tuple(field for field in answer.headers if field[0].lower() not in MORE_SAID)
    text = normal_answer(replace(answer, headers=headers), site.root, server.port)
    if answer.status in (200, 304):
        return text
    # The technical page lists what differs between the sides: the settings, the environment.
    return re.sub(r"\n(Content-Length|Connection|Transfer-Encoding): .*", "", text.partition("\n\n")[0])


def link_old_file(site: Site) -> str:
    """Put a file into the app that nobody has touched for long, one of Django's own; returns its path."""
    old = Path(django.__file__).parent / "contrib/admin/static/admin/css/base.css"
    (site.root / "app/static/app/old.css").symlink_to(old)
    return "/static/app/old.css"


def test_every_spelling_finds_what_django_finds(pair: Pair) -> None:
    """Prefixes, name clashes, links, odd names, folders, encodings, ways out: status, type, name and content."""

    def scenario(site: Site) -> Observation:
        (site.root / "assets/linked.css").symlink_to("../outside/secret")
        (site.root / "assets/linked").symlink_to("../outside")
        (site.root / "assets/broken.css").symlink_to("absent")
        (site.root / "assets/loop.css").symlink_to("loop.css")
        with site.serve("0", told=(CHECKED,)) as server:
            return {
                f"answer {method} {path}": told(server.get(path, method=method), site, server)
                for path in PATHS
                for method in ("GET", "HEAD")
            }

    seen = pair.compare(scenario, SERVER_FIELD, PAGE_FOR_EXCEPTIONS, LENGTH_OF_EMPTY_FILE, files=FILES, settings=PLACES)
    assert seen["answer GET /static/app/style.css"].endswith("\n\nassets hide the app's")
    assert seen["answer GET /static/linked/secret"].endswith("\n\noutside")
    assert not any("for-tests-only" in text or "root:" in text for text in seen.values())


def test_what_is_said_of_a_file(pair: Pair) -> None:
    """By Afresh, and by nobody else: `ETag`, `Cache-Control` and ranges; what was written just now has no tag yet."""
    if SELF_TEST:
        pytest.skip("nothing of Django's to compare")
    site = pair.other_site()
    with site.serve("0", told=(CHECKED,)) as server:
        old = server.get(link_old_file(site))
        assert re.fullmatch(r'"[0-9a-f-]+"', old.header("ETag") or "")
        (site.root / "app/static/app/style.css").write_text("new")
        new = server.get("/static/app/style.css")
        assert (new.header("ETag"), new.header("Last-Modified")) == (None, None)
        for answer in (old, new):
            assert answer.header("Accept-Ranges") == "bytes"
            assert answer.header("Cache-Control") == "no-cache"


def test_methods(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {
                method: f"{answer.status} {answer.text}"
                for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH")
                for answer in [server.get("/static/app/style.css", method=method, body=b"")]
            }

    pair.compare(scenario)


@pytest.mark.parametrize(
    ("settings", "served"),
    [
        ('STATIC_URL = "static/"\n', True),
        ('STATIC_URL = "/static/"\n', True),
        ('STATIC_URL = "http://127.0.0.1/static/"\n', False),
        ('STATIC_URL = "//cdn.example/static/"\n', False),
        ('STATIC_URL = "/st%C3%A4tic/"\n', False),
        ('FORCE_SCRIPT_NAME = "/script"\nSTATIC_URL = "/static/"\n', None),
        ('FORCE_SCRIPT_NAME = "/script"\nSTATIC_URL = "static/"\n', None),
        ('STORAGES = {"default": {"BACKEND": '
         '"django.core.files.storage.InMemoryStorage"}, "staticfiles": {"BACKEND": '
         '"django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}\nSTATIC_ROOT = BASE_DIR / "root"\n', True),
    ],
)  # fmt: skip
def test_where_static_url_leads(pair: Pair, settings: str, served: bool | None) -> None:
    paths = [
        "/static/app/style.css",
        "/app/style.css",
        "/script/static/app/style.css",
        "/",
        "/st%C3%A4tic/app/style.css",
    ]

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {path: f"{answer.status}" for path in paths for answer in [server.get(path)]}

    seen = pair.compare(scenario, settings=settings)
    if served is not None:
        assert seen["/static/app/style.css"] == ("200" if served else "404")


PATCHED = """
from django.contrib.staticfiles import {module}

original = {module}.{name}


def changed(*args, **kwargs):
    {body}


{module}.{name} = changed
"""


RESPONSE = "from django.http import HttpResponse; return HttpResponse('patched')"


@pytest.mark.parametrize(
    ("module", "name", "body"),
    [
        ("finders", "find", "return __file__"),
        ("handlers", "serve", RESPONSE),
        ("finders", "FileSystemFinder.find", "return __file__"),
        ("finders", "AppDirectoriesFinder.find_in_app", "return __file__"),
        (
            "handlers",
            "StaticFilesHandler.get_response",
            RESPONSE,
        ),
        ("handlers", "StaticFilesHandler._should_handle", "return False"),
    ],
)
def test_a_patch_keeps_its_meaning(pair: Pair, module: str, name: str, body: str) -> None:
    patched = PATCHED.format(module=module, name=name, body=body)

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            answer = server.get("/static/app/style.css")
            return {"answer": f"{answer.status} {answer.body[:300]!r}".replace(str(site.root), "ROOT")}

    seen = pair.compare(scenario, files={"app/__init__.py": patched})
    assert "teal" not in seen["answer"]


def test_types_are_the_projects_and_the_webs(pair: Pair) -> None:
    own = 'import mimetypes\nmimetypes.add_type("text/x-own", ".css")\nmimetypes.add_type("text/x-new", ".new")\n'
    paths = ["/static/app/style.css", "/static/app/code.js", "/static/app/a.new"]

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {path: str(server.get(path).header("Content-Type")) for path in paths}

    seen = pair.compare(scenario, files={"app/static/app/a.new": ""}, settings=own)
    assert seen == dict(zip(paths, ["text/x-own", "text/javascript", "text/x-new"], strict=True))


def test_a_client_that_has_the_file_gets_304(pair: Pair) -> None:
    """By the date as with Django; by the tag as well."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            path = link_old_file(site)
            first = server.get(path)
            date = {"If-Modified-Since": first.header("Last-Modified") or ""}
            past = {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}
            if not SELF_TEST and site.peer.name.startswith("afresh"):
                tagged = server.get(path, headers={"If-None-Match": first.header("ETag") or ""})
                assert (tagged.status, tagged.body) == (304, b"")
                part = server.get(path, headers={"Range": "bytes=0-3", "If-Range": first.header("ETag") or ""})
                assert (part.status, part.body) == (206, first.body[:4])
            before = server.err.here()
            asked = {"same": date, "older": past}
            seen = {name: told(server.get(path, headers=fields), site, server) for name, fields in asked.items()}
            for status in (304, 200):
                server.err.wait_for(rf'"GET {path} HTTP/1.1" {status} \d+', after=before)
            return {f"answer {name}": text.partition("\n\n")[0] for name, text in seen.items()}

    seen = pair.compare(scenario, SERVER_FIELD, NO_LENGTH_OF_NOT_MODIFIED)
    assert seen["answer same"].startswith("304 Not Modified\n")
    assert seen["answer older"].startswith("200 OK\n")


def test_every_change_is_seen_by_the_next_request(pair: Pair) -> None:
    """Made, changed, hidden by a place that comes first, shown again, deleted: without a reload, without a wait."""
    files = {"assets/keep": ""}

    def scenario(site: Site) -> Observation:
        seen: list[str] = []

        def look() -> None:
            answer = server.get("/static/app/new.css")
            seen.append(answer.text if answer.status == 200 else str(answer.status))

        with site.serve("0", told=(CHECKED,)) as server:
            of_app, of_assets = site.root / "app/static/app/new.css", site.root / "assets/app/new.css"
            look()
            of_app.write_text("app")
            look()
            of_app.write_text("APP")
            look()
            of_assets.parent.mkdir()
            look()
            of_assets.write_text("assets")
            look()
            of_assets.unlink()
            look()
            of_app.rename(site.root / "app/static/app/moved.css")
            look()
            return {"seen": " ".join(seen)}

    seen = pair.compare(scenario, files=files, settings='STATICFILES_DIRS = [BASE_DIR / "assets"]\n')
    assert seen["seen"] == "404 app APP APP assets APP 404"


def test_a_folder_of_static_files_that_is_made_later(pair: Pair) -> None:
    """Django looks for folders of apps once; here the next request finds what is in a new one."""
    if SELF_TEST:
        pytest.skip("nothing of Django's to compare")
    site = pair.other_site(files={"other/__init__.py": ""}, settings='INSTALLED_APPS += ["other"]\n')
    with site.serve("0", told=(CHECKED,)) as server:
        assert server.get("/static/other/a.css").status == 404
        (site.root / "other/static/other").mkdir(parents=True)
        (site.root / "other/static/other/a.css").write_text("later")
        assert server.get("/static/other/a.css").text == "later"


MEDIA_URLS = """\
from django.conf import settings
from django.conf.urls.static import static

urlpatterns = static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
"""


def test_media_is_the_projects_view(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {
                f"answer {method} {path}": told(server.get(path, method=method), site, server)
                for path in ("/media/picture.png", "/media/absent.png", "/media/", "/media/../manage.py")
                for method in ("GET", "HEAD")
            }

    files = {"proj/urls.py": MEDIA_URLS, "media/picture.png": "x" * 100_000}
    settings = 'MEDIA_URL = "media/"\nMEDIA_ROOT = BASE_DIR / "media"\n'
    seen = pair.compare(scenario, SERVER_FIELD, files=files, settings=settings)
    assert seen["answer GET /media/picture.png"].startswith("200 OK")


@pytest.mark.slow
def test_a_file_of_two_gibibytes_in_flat_memory(pair: Pair) -> None:
    """Sparse on disk; the end of it by a range, the whole by a client that throws it away."""
    if SELF_TEST:
        pytest.skip("nothing of Django's to compare")
    site = pair.other_site()
    size = 2 << 30
    with open(site.root / "app/static/app/big.bin", "wb") as file:
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"end")
    with site.serve("0", "--noreload", told=(CHECKED,)) as server:
        part = server.get("/static/app/big.bin", headers={"Range": "bytes=-3"})
        assert (part.status, part.body) == (206, b"end")
        assert part.header("Content-Range") == f"bytes {size - 3}-{size - 1}/{size}"
        before = peak_memory(server)
        assert download(server, "/static/app/big.bin") == size
        assert peak_memory(server) - before < 8 << 20


def download(server: Server, path: str) -> int:
    """Bytes of a body, thrown away as they come."""
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    buffer = bytearray(1 << 20)
    count = 0
    while read := response.readinto(buffer):
        count += read
    connection.close()
    return count


def peak_memory(server: Server) -> int:
    """The most memory in bytes that the server ever had (VmHWM, proc(5))."""
    status = Path(f"/proc/{server.running.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_every_line_of_the_log(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            before = server.err.here()
            for path in ("/static/app/style.css", "/static/app/code.js?v=1", "/static/%C3%BC%0a.css"):
                server.get(path)
            server.get("/static/app/style.css", method="HEAD")
            for line in ("GET .*/style", "GET .*/code", "GET .* 404", "HEAD "):  # each thread writes in its own time
                server.err.wait_for(f'"{line}.*\n', after=before)
            lines = re.findall(r'"(?:GET|HEAD) .*', server.err.text()[before:])
            return {"log": as_text(sorted(lines))}

    pair.compare(scenario)
