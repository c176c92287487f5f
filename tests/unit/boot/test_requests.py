"""What threads of a server open: which of it is told, once, and before it is opened."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from afresh.boot.journal import JournalWriter
from afresh.boot.requests import Requests
from afresh.boot.roots import ProjectRoots
from afresh.reload.journal import Entry, Read, Wrote
from afresh.source.reading import signature_of


def on_a_thread(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


class Desk:
    """A journal in the mode "serving", and what is told."""

    def __init__(self, drops: Callable[[str, FrameType | None], bool] = lambda *_: False) -> None:
        self.sent: list[Entry] = []
        self.told: list[Read] = []
        self.journal = JournalWriter(self.sent.extend)
        self.journal.serve(lambda _: None)
        self.requests = Requests(self.journal, ProjectRoots(), self.told.append, drops)

    def open(self, path: object, mode: str | None = "r", flags: int = 0) -> None:
        """As the audit hook hears of it, on a thread that answers."""

        on_a_thread(lambda: self.hook(path, mode, flags))

    def hook(self, path: object, mode: str | None = "r", flags: int = 0) -> None:
        self.requests.opened((path, mode, flags))

    def change(self, event: str, *arguments: object) -> None:
        self.requests.handlers[event](arguments)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "words.json"
    path.write_text("{}")
    return str(path)


def test_a_file_is_told_once(desk: Desk, file: str) -> None:
    desk.open(file)
    desk.open(file, "rb")
    desk.open(os.fsencode(file))
    desk.open(file, None, os.O_RDONLY | os.O_CLOEXEC)
    assert desk.told == [Read(file, signature_of(file))]


def test_a_file_that_is_missing_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.open(str(tmp_path / "missing"))
    assert desk.told == [Read(str(tmp_path / "missing"), None)]


@pytest.mark.parametrize("mode", ["w", "a", "x", "r+", "wb", "rb+"])
def test_what_the_server_writes_is_its_own(desk: Desk, file: str, mode: str) -> None:
    desk.open(file)
    desk.open(file, mode)
    assert desk.sent == [Wrote(file)]
    other = Desk()
    other.open(file, mode)
    other.open(file)
    assert (other.told, other.sent) == ([], [])


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("os.rename", ("x.new", None, -1, -1)),
        ("os.remove", (None, -1)),
        ("os.truncate", (None, 0)),
        ("os.link", ("x", None, -1, -1)),
    ],
)
def test_what_the_server_renames_or_removes(desk: Desk, file: str, event: str, arguments: tuple[object, ...]) -> None:
    desk.open(file)
    desk.change(event, *(file if argument is None else argument for argument in arguments))
    assert Wrote(file) in desk.sent


def test_what_the_start_has_read_is_not_made_the_servers_own(desk: Desk, file: str) -> None:
    """The next start would read what the server has written."""
    other = Desk()
    other.journal = JournalWriter(other.sent.extend)
    other.journal.add(Read(file, signature_of(file)))
    other.journal.flush()
    other.journal.serve(lambda _: None)
    other.requests = Requests(other.journal, ProjectRoots(), other.told.append, lambda *_: False)
    other.sent.clear()
    other.open(file, "w")
    assert other.sent == []


def test_what_nobody_depends_on(desk: Desk, tmp_path: Path, file: str) -> None:
    installed = tmp_path / "site-packages/zone.tab"
    installed.parent.mkdir()
    installed.write_text("x")
    desk.journal.files.add(file)
    for path in ("/proc/self/stat", os.__file__, str(installed), str(tmp_path), file, 3):
        desk.open(path)
    assert desk.told == []


def test_an_installed_package_that_is_the_project(desk: Desk, tmp_path: Path) -> None:
    """`afresh package:app`, `python -m package`."""
    template = tmp_path / "site-packages/shop/templates/page.html"
    template.parent.mkdir(parents=True)
    template.write_text("x")
    desk.requests = Requests(
        desk.journal, ProjectRoots(str(tmp_path / "site-packages/shop")), desk.told.append, lambda *_: False
    )
    desk.open(str(template))
    assert [one.file for one in desk.told] == [str(template)]


def test_what_the_framework_drops_by_itself(file: str) -> None:
    seen: list[str] = []
    desk = Desk(lambda path, _: not seen.append(path))  # type: ignore[func-returns-value]
    desk.open(file)
    assert (desk.told, seen) == ([], [file])


@pytest.mark.parametrize(("name", "keeps"), [("send_file", False), ("other", True)])
def test_a_module_that_keeps_nothing(desk: Desk, file: str, name: str, keeps: bool) -> None:
    names: dict[str, Callable[[], None]] = {"desk": desk, "file": file}  # type: ignore[dict-item]
    text = f"def {name}():\n    desk.hook(file)\n"
    exec(compile(text, "/x/site-packages/werkzeug/utils.py", "exec"), names)
    on_a_thread(names[name])
    assert bool(desk.told) is keeps


def test_code_of_the_project_that_such_a_module_calls(desk: Desk, file: str) -> None:
    names: dict[str, Callable[[], None]] = {"desk": desk, "file": file}  # type: ignore[dict-item]
    exec(compile("def view():\n    desk.hook(file)\n", "/p/views.py", "exec"), names)
    exec(compile("def send_file():\n    view()\n", "/x/site-packages/werkzeug/utils.py", "exec"), names)
    on_a_thread(names["send_file"])
    assert [entry.file for entry in desk.told] == [file]


def test_the_thread_that_hears_answers_does_not_wait_for_one(desk: Desk, file: str) -> None:
    desk.requests.opened((file, "r", 0))
    assert desk.told == []
    assert threading.get_ident() == threading.main_thread().ident
