"""The disk: what is opened, what is left to the application, and that nothing old is ever said of a file."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afresh.static.files import FileResponse, StaticFiles
from afresh.static.places import Folder

Respond = Callable[..., FileResponse | None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def respond(root: Path) -> Iterator[Respond]:
    """Ask for a path; every file that is opened is closed in the end."""
    files = StaticFiles("/static/", (Folder(str(root)),))
    opened: list[int] = []

    def ask(path: str, method: str = "GET", **fields: str) -> FileResponse | None:
        response = files.respond(method, path, {f"HTTP_{name}": value for name, value in fields.items()})
        if response is not None:
            opened.append(response.descriptor)
        return response

    before = set(os.listdir("/proc/self/fd"))
    yield ask
    for descriptor in opened:
        os.close(descriptor)
    assert set(os.listdir("/proc/self/fd")) == before, "a file stays open"


def write(path: Path, text: str, *, age: float = 60.0) -> None:
    """Write it with a modification time so long ago. The time of change cannot be set: it is the present."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)


def test_a_file_and_its_descriptor(root: Path, respond: Respond) -> None:
    write(root / "app/style.css", "body {}")
    response = respond("/static/app/style.css")
    assert response is not None
    assert response.plan.status == "200 OK"
    assert os.read(response.descriptor, 100) == b"body {}"
    assert not os.get_inheritable(response.descriptor)


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "get"])
def test_other_methods_are_the_applications(root: Path, respond: Respond, method: str) -> None:
    write(root / "a.css", "")
    assert respond("/static/a.css", method) is None


@pytest.mark.parametrize("name", ["IF_MATCH", "IF_UNMODIFIED_SINCE"])
def test_preconditions_of_writers_are_the_applications(root: Path, respond: Respond, name: str) -> None:
    write(root / "a.css", "")
    assert respond("/static/a.css", **{name: "*"}) is None


def test_what_is_no_readable_regular_file_is_the_applications(root: Path, respond: Respond) -> None:
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    (root / "broken").symlink_to("absent")
    (root / "loop").symlink_to("loop")
    for name in ("folder", "pipe", "broken", "loop", "absent", "folder/absent", "x" * 300, "x/" * 3000 + "x"):
        assert respond(f"/static/{name}") is None


def test_a_file_without_permission_is_the_applications(
    root: Path, respond: Respond, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pretended, because root may read everything."""

    def forbid(path: str, flags: int) -> int:
        raise PermissionError(path)

    write(root / "a.css", "")
    monkeypatch.setattr("afresh.static.files.os.open", forbid)
    assert respond("/static/a.css") is None


def test_a_link_out_of_the_root_is_followed_as_django_does(tmp_path: Path, root: Path, respond: Respond) -> None:
    write(tmp_path / "elsewhere.css", "linked")
    (root / "a.css").symlink_to("../elsewhere.css")
    response = respond("/static/a.css")
    assert response is not None
    assert response.plan.length == 6


@pytest.mark.parametrize(
    "path", ["/static/../secret", "/static/a/../../secret", "/static//etc/passwd", "/static/%2e%2e"]
)
def test_nothing_outside_the_root(tmp_path: Path, respond: Respond, path: str) -> None:
    write(tmp_path / "secret", "")
    assert respond(path) is None


def test_a_finder_that_fails_is_the_applications() -> None:
    def fails(relative: str) -> object:
        raise ValueError(relative)

    assert StaticFiles("/static/", (fails,)).respond("GET", "/static/a.css", {}) is None


def test_what_cannot_be_said_of_a_file_is_the_applications_and_leaves_nothing_open(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = os.fsdecode(b"\xff.css")
    (root / name).touch()
    files = StaticFiles("/static/", (lambda relative: str(root / name),))
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert files.respond("GET", "/static/a.css", {}) is None
    assert set(os.listdir("/proc/self/fd")) == before


def test_every_change_is_seen_at_once(root: Path, respond: Respond) -> None:
    def length() -> int | None:
        response = respond("/static/a.css")
        return None if response is None else response.plan.length

    file = root / "a.css"
    assert length() is None
    file.write_text("1")
    assert length() == 1
    file.write_text("22")
    assert length() == 2
    os.replace(_written(root / "new", "333"), file)
    assert length() == 3
    file.unlink()
    assert length() is None
    file.write_text("4444")
    assert length() == 4


def test_what_comes_in_front_of_a_known_file_is_seen_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 10
    monkeypatch.setattr("afresh.static.files.time.time", lambda: later)
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        root.mkdir()
    files = StaticFiles("/static/", (Folder(str(first)), Folder(str(second))))

    def length() -> int | None:
        response = files.respond("GET", "/static/a.css", {})
        if response is None:
            return None
        os.close(response.descriptor)
        return response.plan.length

    _written(second / "a.css", "1")
    assert [length(), length()] == [1, 1]
    _written(first / "a.css", "22")
    assert [length(), length()] == [2, 2]
    (first / "a.css").unlink()
    assert length() == 1
    (second / "a.css").unlink()
    assert length() is None


def test_a_change_that_leaves_the_times_as_they_were_is_seen(root: Path, respond: Respond) -> None:
    """Two saves within one tick of the file system's clock, the same length: no tag may say that nothing changed."""
    file = root / "a.css"
    file.write_text("1")
    first = respond("/static/a.css")
    assert first is not None
    assert "ETag" not in first.plan.lines
    assert "Last-Modified" not in first.plan.lines


def test_tags_once_the_file_is_at_rest(root: Path, respond: Respond, monkeypatch: pytest.MonkeyPatch) -> None:
    file = root / "a.css"
    file.write_text("1")
    later = time.time() + 10
    monkeypatch.setattr("afresh.static.files.time.time", lambda: later)
    response = respond("/static/a.css")
    assert response is not None
    tag = next(line for line in response.plan.lines.splitlines() if line.startswith("ETag: ")).removeprefix("ETag: ")
    again = respond("/static/a.css", IF_NONE_MATCH=tag)
    assert again is not None
    assert again.plan.status == "304 Not Modified"
    file.write_text("2")
    changed = respond("/static/a.css", IF_NONE_MATCH=tag)
    assert changed is not None
    assert changed.plan.status == "200 OK"


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
