"""Types by name: the web's own, whatever the system's registry says, and the project's before all."""

import mimetypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from afresh.static import media_types
from afresh.static.media_types import media_type


@pytest.fixture(autouse=True)
def registry_of_this_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry without anything of the system's; what a test adds is forgotten after it."""
    monkeypatch.setattr(mimetypes, "knownfiles", [])
    mimetypes.init()
    media_types._registry.cache_clear()
    yield
    monkeypatch.undo()
    mimetypes.init()
    media_types._registry.cache_clear()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.css", ("text/css", "")),
        ("a.CSS", ("text/css", "")),
        ("a.js", ("text/javascript", "")),
        ("a.mjs", ("text/javascript", "")),
        ("a.js.map", ("application/json", "")),
        ("a.woff2", ("font/woff2", "")),
        ("a.wasm", ("application/wasm", "")),
        ("a.webmanifest", ("application/manifest+json", "")),
        ("a.css.gz", ("text/css", "gzip")),
        ("a.js.br", ("text/javascript", "br")),
        ("a.svgz", ("image/svg+xml", "gzip")),
        ("a.woff2.gz", ("font/woff2", "gzip")),
        ("a.tgz", ("application/x-tar", "gzip")),
        ("a.gz", ("application/octet-stream", "gzip")),
        ("a.unheard-of", ("application/octet-stream", "")),
        ("a", ("application/octet-stream", "")),
        (".css", ("application/octet-stream", "")),
        ("a.css.", ("application/octet-stream", "")),
    ],
)
def test_types(name: str, expected: tuple[str, str]) -> None:
    assert media_type(f"/x.y/{name}") == expected


def test_the_systems_registry_does_not_count_for_the_web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "mime.types"
    file.write_text("text/plain js\nchemical/x-pdb pdb\n")
    monkeypatch.setattr(mimetypes, "knownfiles", [str(file)])
    mimetypes.init()
    assert mimetypes.guess_type("a.js")[0] == "text/plain"
    assert media_type("/a.js") == ("text/javascript", "")
    assert media_type("/a.pdb") == ("chemical/x-pdb", "")


def test_the_project_has_the_last_word() -> None:
    mimetypes.add_type("text/x-script", ".js")
    mimetypes.add_type("text/x-own", ".own")
    assert media_type("/a.js") == ("text/x-script", "")
    assert media_type("/a.js.gz") == ("text/x-script", "gzip")
    assert media_type("/a.own") == ("text/x-own", "")


def test_a_type_that_browsers_depend_on_needs_no_registry() -> None:
    code = """
import mimetypes
from afresh.static.media_types import WEB_TYPES, media_type
before = {end: media_type("a" + end) for end in WEB_TYPES}
assert not mimetypes.inited
mimetypes.init()
assert {end: media_type("a" + end) for end in WEB_TYPES} == before
mimetypes.add_type("text/own", ".css")
assert media_type("a.css") == ("text/own", "")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
