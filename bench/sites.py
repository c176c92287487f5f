"""The projects that are served while measuring: the example of this repository, a real one from PyPI, made-up ones.

Each peer gets a copy with a few modules added: settings that put the peer's apps first, a plain view whose body says
its version, and the WSGI and ASGI modules that servers other than runserver ask for. In modules of the project itself
stand the spots that `reload` edits.
"""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.real import environment
from tests.real.installation import Copy, install
from tests.real.projects import PRETALX

from afresh.testing.edits import write_and_rename
from bench import generated, spots
from bench.peers import Peer
from bench.spots import HELPERS, Places, Spot

_HERE = Path(__file__).parent
_PEERS = _HERE / "requirements.txt"

PATH = "/bench/"
"""The plain view: no database, no template, a dozen bytes."""

VIEWS = "bench_views.py"

PAGES = "bench_pages.py"
"""The pages of `load` and `concurrency`."""


@dataclass(frozen=True)
class Site:
    """A copy of a project, ready to be served by one peer. `templates`: the files with marks, as they were written."""

    peer: Peer
    python: str
    manage: tuple[str, ...]
    directory: str
    variables: dict[str, str]
    spots: tuple[Spot, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """The version of each spot that was saved last; 1 where none is."""

    def command(self, port: int) -> list[str]:
        """The command that serves it on a port of 127.0.0.1."""
        return [self.python, *self.peer.arguments(self.manage, port)]

    @property
    def views(self) -> Path:
        """The module with the plain view."""
        return Path(self.directory) / VIEWS

    def version(self, spot: Spot) -> int:
        """The version of a spot that was saved last."""
        return self.versions.get(spot.name, 1)

    def save(self, spot: Spot) -> int:
        """Save the next version of a spot as careful editors do; its number."""
        version = self.versions[spot.name] = self.version(spot) + 1
        text = spots.rendered(self.templates[spot.file], self.versions)
        write_and_rename(Path(self.directory) / spot.file, text)
        return version


@dataclass(frozen=True)
class Project:
    """A project to measure with; `site(peer)` is a copy for the length of a block."""

    name: str
    site: Callable[[Peer], AbstractContextManager[Site]]


@dataclass(frozen=True)
class Exchange:
    """A change to a file of a project: the one place that says `old`, or its end where that is empty."""

    file: str
    old: str
    new: str


def views(version: int) -> str:
    """The text of the module with the plain view."""
    return textwrap.dedent(f"""\
        from django.http import HttpResponse


        def page(request):
            return HttpResponse("version {version}")
    """)


_PAGES = """\
import time

from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

LARGE = bytes(range(256)) * 4096
TEXT = "<!doctype html><ul>{% for one in applied %}<li>{{ one.app }}: {{ one.name }}{% endfor %}</ul>"
_compiled = []


def items(request):
    found = [{"id": n, "name": f"item {n}", "price": n / 4, "tags": ["a", "b"]} for n in range(100)]
    return JsonResponse({"items": found})


def page(request):
    if not _compiled:
        _compiled.append(engines["django"].from_string(TEXT))
    applied = MigrationRecorder.Migration.objects.order_by("pk")[:20]
    return HttpResponse(_compiled[0].render({"applied": applied}, request))


def large(request):
    return HttpResponse(LARGE, content_type="application/octet-stream")


@csrf_exempt
def upload(request):
    return HttpResponse(str(len(request.body)))


def sleep(request):
    time.sleep(1)
    return HttpResponse("slept")


def compute(request):
    end = time.monotonic() + float(request.GET["seconds"])
    while time.monotonic() < end:
        sum(range(1000))
    return HttpResponse("computed")


urlpatterns = [path(f"{view.__name__}/", view) for view in (items, page, large, upload, sleep, compute)]
"""


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
            f"INSTALLED_APPS = [*{peer.apps!r}, *others]\n{peer.settings}"
        ),
        "bench_urls.py": (
            f"from django.urls import include, path\nfrom {urls} import *\nimport bench_helpers, bench_views\n\n"
            f"urlpatterns = [\n"
            f"    path('bench/', bench_views.page), path('bench/helpers/', bench_helpers.page),\n"
            f"    path('bench/pages/', include('bench_pages')), *urlpatterns\n]\n"
        ),
        "bench_wsgi.py": (
            "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n"
        ),
        "bench_asgi.py": (
            "from django.core.asgi import get_asgi_application\n\napplication = get_asgi_application()\n"
        ),
        "bench_clock.py": spots.CLOCK,
        "bench_helpers.py": spots.helpers(),
        **{spots.helper_file(number): spots.helper(number) for number in HELPERS},
        VIEWS: views(1),
        PAGES: _PAGES,
    }


def _write(directory: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Write the files, marks filled in; those that have marks."""
    for name, text in files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(spots.rendered(text, {}))
    return {name: text for name, text in files.items() if spots.rendered(text, {}) != text}


def _exchanged(directory: Path, exchanges: Sequence[Exchange]) -> dict[str, str]:
    """The texts of the files that are changed, with marks."""
    texts: dict[str, str] = {}
    for one in exchanges:
        path = directory / one.file
        before = texts.get(one.file) or (path.read_text() if path.exists() else "")
        texts[one.file] = spots.exchanged(before, one.old, one.new)
    return texts


_EXAMPLE = Places(
    views="recipes/views.py",
    models="recipes/models.py",
    forms="recipes/forms.py",
    middleware="kitchen/middleware.py",
    tags="recipes/templatetags/kitchen.py",
    urls="kitchen/urls.py",
    settings="kitchen/settings.py",
    early_model="recipes/models.py",
)
_CATEGORY, _RECIPE = "class Category(models.Model):\n", "class Recipe(models.Model):\n"
_RECIPE_FORM = "class RecipeForm(forms.ModelForm):\n"
_EXAMPLE_EXCHANGES = (
    Exchange(_EXAMPLE.models, _RECIPE, spots.with_method(_RECIPE, "model method")),
    Exchange(_EXAMPLE.models, _CATEGORY, spots.with_title(_CATEGORY)),
    Exchange(_EXAMPLE.forms, _RECIPE_FORM, spots.with_method(_RECIPE_FORM, "form method")),
    Exchange(_EXAMPLE.middleware, "", spots.MIDDLEWARE),
    Exchange(_EXAMPLE.tags, "", spots.TAG),
    Exchange(_EXAMPLE.urls, "", spots.urls("recipes.views")),
    Exchange(_EXAMPLE.settings, "", spots.settings("kitchen.middleware.BenchMiddleware")),
    Exchange(
        _EXAMPLE.views,
        "",
        spots.views(
            model="from recipes.models import Recipe",
            form="from recipes.forms import RecipeForm",
            library="kitchen",
            early_model="from recipes.models import Category",
        ),
    ),
)

_PRETALX = Places(
    views="pretalx/orga/views/review.py",
    models="pretalx/submission/models/review.py",
    forms="pretalx/orga/forms/review.py",
    middleware="pretalx/common/middleware/event.py",
    tags="pretalx/common/templatetags/times.py",
    urls="pretalx/urls.py",
    settings="pretalx/settings.py",
    early_model="pretalx/event/models/organiser.py",
)
_REVIEW, _ORGANISER = "class Review(PretalxModel):\n", "class Organiser(PretalxModel):\n"
_DIRECTION_FORM = "class DirectionForm(forms.Form):\n"
_PRETALX_EXCHANGES = (
    Exchange(_PRETALX.models, _REVIEW, spots.with_method(_REVIEW, "model method")),
    Exchange(_PRETALX.early_model, _ORGANISER, spots.with_title(_ORGANISER)),
    Exchange(_PRETALX.forms, _DIRECTION_FORM, spots.with_method(_DIRECTION_FORM, "form method")),
    Exchange(_PRETALX.middleware, "", spots.MIDDLEWARE),
    Exchange(_PRETALX.tags, "", spots.TAG),
    Exchange(_PRETALX.urls, "", spots.urls("pretalx.orga.views.review")),
    Exchange(_PRETALX.settings, "", spots.settings("pretalx.common.middleware.event.BenchMiddleware")),
    Exchange(
        _PRETALX.views,
        "",
        spots.views(
            model="from pretalx.submission.models.review import Review",
            form="from pretalx.orga.forms.review import DirectionForm",
            library="times",
            early_model="from pretalx.event.models.organiser import Organiser",
        ),
    ),
)


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
        files = _exchanged(seeded, _EXAMPLE_EXCHANGES)
        yield _copied("example", python, seeded, _EXAMPLE, files, ("kitchen.settings", "kitchen.urls"))


@contextmanager
def made_up(modules: int) -> Iterator[Project]:
    """A made-up project of about so many modules."""
    python = _environment_for_example()
    with TemporaryDirectory(prefix="bench-made-up-") as temporary:
        seeded = Path(temporary) / "seeded"
        files = _write(seeded, generated.files(modules))
        # What every peer would do at its first start, done once for all copies.
        subprocess.run([python, "-m", "compileall", "-q", "-j", "0", str(seeded)], check=True)
        names = (generated.SETTINGS, generated.URLS)
        yield _copied(f"{modules} modules", python, seeded, generated.PLACES, files, names)


def _copied(
    name: str, python: str, seeded: Path, places: Places, files: Mapping[str, str], names: tuple[str, str]
) -> Project:
    """The project of which every peer gets a copy of `seeded`, with `files` in it; `names` of settings and URLconf."""

    @contextmanager
    def site(peer: Peer) -> Iterator[Site]:
        with TemporaryDirectory(dir=seeded.parent) as root:
            directory = Path(root) / "project"
            shutil.copytree(seeded, directory)
            templates = _write(directory, {**files, **_added(peer, *names)})
            own = environment.environment_variables(Path(root), {"DJANGO_SETTINGS_MODULE": "bench_settings"})
            yield Site(peer, python, ("manage.py",), str(directory), own, places.spots(), templates)

    return Project(name, site)


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
                # In the working directory: some peers look nowhere else for edits.
                shutil.copytree(installed.code, copy.home / "pretalx")
                added = _added(peer, "pretalx.settings", "pretalx.urls")
                templates = _write(copy.home, {**_exchanged(copy.home, _PRETALX_EXCHANGES), **added})
                # pretalx takes its debug mode from the word "runserver"; the other servers are told.
                variables = copy.variables({"DJANGO_SETTINGS_MODULE": "bench_settings", "PRETALX_DEBUG": "true"})
                manage = ("-m", "pretalx")
                yield Site(peer, copy.python, manage, str(copy.home), variables, _PRETALX.spots(), templates)

        yield Project("pretalx", site)


SIZES = (100, 1000, 5000)

PROJECTS: dict[str, Callable[[], AbstractContextManager[Project]]] = {
    "example": example,
    "pretalx": pretalx,
    **{f"made-up-{size}": partial(made_up, size) for size in SIZES},
}
