"""The projects that are served while measuring: the example of this repository, and a real one from PyPI.

Each peer gets a copy with a few modules added: settings that put the peer's apps first, a plain view whose body says
its version, and the WSGI and ASGI modules that servers other than runserver ask for.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.real import environment
from tests.real.installation import Copy, install
from tests.real.projects import PRETALX

from bench.peers import Peer

_HERE = Path(__file__).parent
_PEERS = _HERE / "requirements.txt"

PATH = "/bench/"
"""The plain view: no database, no template, a dozen bytes."""

VIEWS = "bench_views.py"


@dataclass(frozen=True)
class Site:
    """A copy of a project, ready to be served by one peer."""

    peer: Peer
    python: str
    manage: tuple[str, ...]
    directory: str
    variables: dict[str, str]

    def command(self, port: int) -> list[str]:
        """The command that serves it on a port of 127.0.0.1."""
        return [self.python, *self.peer.arguments(self.manage, port)]

    @property
    def views(self) -> Path:
        """The module with the plain view."""
        return Path(self.directory) / VIEWS


@dataclass(frozen=True)
class Project:
    """A project to measure with; `site(peer)` is a copy for the length of a block."""

    name: str
    site: Callable[[Peer], AbstractContextManager[Site]]


def views(version: int) -> str:
    """The text of the module with the plain view."""
    return textwrap.dedent(f"""\
        from django.http import HttpResponse


        def page(request):
            return HttpResponse("version {version}")
    """)


def version_of(body: bytes) -> int | None:
    """The version that the plain view's answer tells, None where it is another answer."""
    words = body.split()
    return int(words[1]) if len(words) == 2 and words[0] == b"version" and words[1].isdigit() else None


def _added(peer: Peer, settings: str, urls: str) -> dict[str, str]:
    return {
        "bench_settings.py": (
            f"from {settings} import *\n\n"
            f"ROOT_URLCONF = 'bench_urls'\n"
            f"others = [app for app in INSTALLED_APPS if app not in {('afresh.django', *peer.apps)!r}]\n"
            f"INSTALLED_APPS = [*{peer.apps!r}, *others]\n"
        ),
        "bench_urls.py": (
            f"from django.urls import path\nfrom {urls} import *\nimport bench_views\n\n"
            f"urlpatterns = [path('bench/', bench_views.page), *urlpatterns]\n"
        ),
        "bench_wsgi.py": (
            "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n"
        ),
        "bench_asgi.py": (
            "from django.core.asgi import get_asgi_application\n\napplication = get_asgi_application()\n"
        ),
        VIEWS: views(1),
    }


def _add(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).write_text(text)


@contextmanager
def example() -> Iterator[Project]:
    """The example project, with its database migrated and seeded."""
    python = _environment_for_example()
    with TemporaryDirectory(prefix="bench-example-") as temporary:
        seeded = Path(temporary) / "seeded"
        ignored = shutil.ignore_patterns("__pycache__", "db.sqlite3*", "media", ".*")
        shutil.copytree(environment.CHECKOUT / "example", seeded, ignore=ignored)
        variables = environment.environment_variables(Path(temporary), {})
        for words in (("migrate", "--verbosity=0"), ("seed",)):
            environment.run([python, "manage.py", *words], env=variables, cwd=str(seeded))

        @contextmanager
        def site(peer: Peer) -> Iterator[Site]:
            with TemporaryDirectory(dir=temporary) as root:
                directory = Path(root) / "example"
                shutil.copytree(seeded, directory)
                _add(directory, _added(peer, "kitchen.settings", "kitchen.urls"))
                own = environment.environment_variables(Path(root), {"DJANGO_SETTINGS_MODULE": "bench_settings"})
                yield Site(peer, python, ("manage.py",), str(directory), own)

        yield Project("example", site)


def _environment_for_example() -> str:
    """The interpreter of an environment with the example's Django, the peers and this checkout's Afresh."""
    requirements = (_HERE / "requirements-example.txt", _PEERS)
    python = getattr(sys, "_base_executable", sys.executable)
    ingredients = [python, [file.read_text() for file in requirements], environment.requirements_of_afresh()]
    with environment.cached("bench", json.dumps(ingredients)) as (directory, missing):
        if missing:
            environment.make_environment(directory / "environment", python, requirements)
        environment.place_afresh(directory / "environment")
        return str(directory / "environment" / "bin" / "python")


@contextmanager
def pretalx() -> Iterator[Project]:
    """pretalx, about 550 modules of its own, with a test event in its database."""
    installation = install(PRETALX, also=(_PEERS,))
    with installation.copy() as installed:

        @contextmanager
        def site(peer: Peer) -> Iterator[Site]:
            with TemporaryDirectory(prefix="bench-pretalx-") as root:
                copy = Copy(PRETALX, installed.environment, Path(root) / "pretalx")
                installation.fill(copy)
                _add(copy.home, _added(peer, "pretalx.settings", "pretalx.urls"))
                # pretalx takes its debug mode from the word "runserver"; the other servers are told.
                variables = copy.variables({"DJANGO_SETTINGS_MODULE": "bench_settings", "PRETALX_DEBUG": "true"})
                yield Site(peer, copy.python, ("-m", "pretalx"), str(copy.home), variables)

        yield Project("pretalx", site)


PROJECTS: dict[str, Callable[[], AbstractContextManager[Project]]] = {"example": example, "pretalx": pretalx}
