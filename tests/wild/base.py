"""The base project: what `startproject` makes and one page, written by a test, served by either door or by Django.

What needs no Django is served by `tests.process.served.served`, by the `afresh` command alone.
"""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.django.sides import AFRESH, AFRESH_COMMAND, DJANGO, Peer, Site
from tests.process.served import Served

from afresh.testing.client import free_port
from afresh.testing.deadline import PATIENCE
from afresh.testing.edits import edit, write

DOORS = (AFRESH, AFRESH_COMMAND)
"""`manage.py runserver` with `afresh.django` as the first app, and the `afresh` command beside an unchanged project."""

PAGE = {
    "templates/p.html": "{{ a }}|t0",
    "site1/views.py": (
        "from django.shortcuts import render\n\nTOP = 'c0'\n\n\n"
        "def page(request):\n    a = 'b0'\n    return render(request, 'p.html', {'a': a + TOP})\n"
    ),
    "site1/urls.py": (
        "from django.urls import path\n\nfrom site1 import views\n\nurlpatterns = [path('', views.page)]\n"
    ),
}
_APPS = "INSTALLED_APPS = ["

Content = str | bytes
Save = Callable[[Path], object]
"""One change of the files below a folder."""


def edited(file: str, old: str, new: str) -> Save:
    """Replace the one occurrence of `old`, by truncating and writing."""
    return lambda root: edit(root / file, old, new)


def written(file: str, content: Content) -> Save:
    """Write the whole file, by truncating and writing; its folder is made where it is missing."""
    return lambda root: _write(root / file, content)


def renamed_over(file: str, content: Content) -> Save:
    """Write the whole file as careful editors do: beside it, then renamed over it."""

    def save(root: Path) -> None:
        beside = root / (file + ".new")
        _write(beside, content)
        beside.replace(root / file)

    return save


def renamed(file: str, to: str) -> Save:
    return lambda root: (root / file).rename(root / to)


def deleted(file: str) -> Save:
    return lambda root: (root / file).unlink()


def _write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        write(path, content)
    else:
        path.write_bytes(content)


class Tried(Served):
    """The project while it is served."""

    def save(self, *saves: Save, spacing: float = 0.0) -> None:
        """Save several changes one after the other, so many seconds apart, as a "save all" does."""
        save_all(self.root, *saves, spacing=spacing)

    @contextmanager
    def news(self) -> Iterator[Iterator[dict[str, Any]]]:
        """What the live reload's stream tells, from now on; its `turn` grows with each reload, failed ones too."""
        host, port = self.server.address
        with urlopen(Request(f"http://{host}:{port}/__afresh__/events"), timeout=PATIENCE) as stream:
            yield (json.loads(line[6:]) for line in stream if line.startswith(b"data: "))

    def told(self) -> str:
        """All that it wrote so far to both streams."""
        return self.server.out.text() + self.server.err.text()


def save_all(root: Path, *saves: Save, spacing: float = 0.0) -> None:
    """Make the changes one after the other; `spacing` seconds pass between them, which is the input and no wait."""
    for number, save in enumerate(saves):
        if number and spacing:
            threading.Event().wait(spacing)
        save(root)


@dataclass(frozen=True)
class Project:
    """The project on disk and the way it is served."""

    root: Path
    peer: Peer
    env: Mapping[str, str] = field(default_factory=dict)
    python: tuple[str, ...] = (sys.executable,)

    @property
    def site(self) -> Site:
        """The commands and the environment, as in the tests beside Django."""
        return Site(self.root, self.peer, self.env, self.python)

    def write(self, files: Mapping[str, Content]) -> None:
        """Add files, or put them in place of others."""
        for name, content in files.items():
            _write(self.root / name, content)

    def append(self, file: str, text: str) -> None:
        _write(self.root / file, (self.root / file).read_text(encoding="utf-8") + text)

    def settings(self, text: str, *, before: str = "") -> None:
        """Append to the settings; `before` is put in front of all else in them."""
        settings = self.root / "site1/settings.py"
        _write(settings, f"{before}{settings.read_text(encoding='utf-8')}\n{text}")

    def apps(self, *names: str) -> None:
        """Install apps before those of `startproject`, but after `afresh.django`."""
        listed = "".join(f"\n    {name!r}," for name in names)
        first = self._first()
        edit(self.root / "site1/settings.py", _APPS + first, _APPS + first + listed)

    def _first(self) -> str:
        return f"\n    {self.peer.first_app!r}," if self.peer.first_app else ""

    def beside(self, peer: Peer = DJANGO) -> "Project":
        """A copy of the files as they are now, served in another way: Django's own runserver, to compare with."""
        other = replace(self, root=self.root.parent / f"beside-{peer.name}" / self.root.name, peer=peer)
        shutil.rmtree(other.root, ignore_errors=True)
        shutil.copytree(self.root, other.root, symlinks=True)
        edit(other.root / "site1/settings.py", _APPS + self._first(), _APPS + other._first())
        return other

    @contextmanager
    def serve(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        terminal: bool = False,
        status: int | None = 0,
        **more: Any,
    ) -> Iterator[Tried]:
        """Serve it on a port of its own with these arguments, until the end of the block.

        At the end of the block it is stopped by Ctrl+C unless it has ended; it must end with `status` (None: any) and
        leave no process behind. `more` is for `Site.serve`: `command`, `told`, `announcement`.
        """
        # Django's runserver does not tell which port it was given.
        port = str(free_port()) if self.peer is DJANGO else "0"
        with self.site.serve(*arguments, port, env=env, terminal=terminal, **more) as server:
            yield Tried(self.root, server)
            ended = server.stop()
            assert status is None or ended == status, f"ended with {ended}\n{server.running.told()}"


def build(root: Path, peer: Peer, source: Path) -> Project:
    """A fresh copy of the base project for this way of serving it."""
    shutil.copytree(source, root)
    project = Project(root, peer)
    if peer.first_app:
        edit(root / "site1/settings.py", _APPS, _APPS + project._first())
    return project


def make_base(folder: Path) -> Path:
    """Make the base project, as it is for Django, in an empty folder; returns the folder."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "site1", str(folder)], check=True)
    edit(folder / "site1/settings.py", "'DIRS': []", "'DIRS': [BASE_DIR / 'templates']")
    Project(folder, DJANGO).write(PAGE)
    return folder
