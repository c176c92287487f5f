"""The comparison can fail: what two projects differ in, their fingerprints differ in, by the path of that thing."""

import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from .generated import generate
from .run import save
from .subject import Ready, Subject, differences

VIEWS = """\
import functools
from django.http import HttpResponse

REGISTRY = {}


def register(function):
    REGISTRY[function.__name__] = function
    return function


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def make(number):
    def inner(more=1):
        return number + more

    return inner


def index(request):
    size = 300
    return HttpResponse(str(size))


class Shape:
    sides = 4

    @property
    def area(self):
        return self.sides


three = make(3)
shape = Shape()
HELD = [shape, shape]
NAMES = {"one", "two", "three"}


def waiting():
    yield 1


LAZY = waiting()
"""

FILES = {
    "manage.py": """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
""",
    "settings.py": """\
SECRET_KEY = "for-tests-only"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["exact_probe.apps.ProbeConfig", "app"]
MIDDLEWARE = []
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
""",
    "urls.py": "from django.urls import path\nfrom app import views\n\nurlpatterns = [path('', views.index)]\n",
    "app/__init__.py": "",
    "app/models.py": """\
from django.core import checks
from django.db import models
from django.db.models.signals import post_save


class Thing(models.Model):
    title = models.CharField(max_length=10)


def saved(sender, **kwargs):
    pass


post_save.connect(saved, sender=Thing)
""",
    "app/views.py": VIEWS,
}


def cold(folder: Path, files: Mapping[str, str]) -> Ready:
    subject = Subject(folder / "project", folder / "scratch")
    save(subject.root, {}, {name: text.encode() for name, text in files.items()}, random.Random(0))
    outcome = subject.start_cold(["/"]).wait()
    assert isinstance(outcome, Ready), outcome
    return outcome


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    return cold(tmp_path_factory.mktemp("original"), FILES)


# The first place is kept for a docstring up to 3.13.
FIRST = 1 if sys.version_info < (3, 14) else 0
CASES = {
    "constant": ("app/views.py", "size = 300", "size = 301", f"app.views.index.__code__.co_consts[{FIRST}]"),
    "decorator": (
        "app/views.py",
        "def index(request)",
        "@traced\ndef index(request)",
        "app.views.index.__dict__.<names>",
    ),
    "line": ("app/views.py", "\nclass Shape", "\n\nclass Shape", "app.views.Shape.area.fget.__code__.co_firstlineno"),
    "comment": (
        "app/views.py",
        "    size = 300\n",
        "    # so big\n    size = 300\n",
        "app.views.index.__code__.co_lines",
    ),
    "registry": ("app/views.py", "def waiting", "@register\ndef waiting", "app.views.REGISTRY"),
    "closure": ("app/views.py", "make(3)", "make(4)", "app.views.three.__closure__[number].cell_contents"),
    "default": ("app/views.py", "more=1", "more=2", "app.views.three.__defaults__"),
    "class attribute": ("app/views.py", "sides = 4", "sides = 5", "app.views.Shape.sides"),
    "instance": ("app/views.py", "shape = Shape()", "shape = Shape()\nshape.name = 'x'", "app.views.shape.<names>"),
    "sharing": ("app/views.py", "[shape, shape]", "[shape, Shape()]", "app.views.HELD[1]"),
    "set": ("app/views.py", '"three"}', '"four"}', "app.views.NAMES"),
    "generator": ("app/views.py", "LAZY = waiting()", "LAZY = waiting()\nnext(LAZY)", "app.views.LAZY"),
    "order of names": (
        "app/views.py",
        "def index",
        "size = make = make\ndel size\n\n\ndef index",
        "app.views.index.__code__.co_firstlineno",
    ),
    "stale class": (
        "app/views.py",
        "LAZY = ",
        "REGISTRY[Shape] = Shape\n\n\nclass Shape:\n    sides = 4\n\n\nLAZY = ",
        "app.views.REGISTRY",
    ),
    "model field": ("app/models.py", "max_length=10", "max_length=11", "app.models.Thing.title.field.max_length"),
    "signal": (
        "app/models.py",
        "sender=Thing",
        "sender=None",
        "django:signals[django.db.models.base:post_save][0]",
    ),
    "library's registry": (
        "app/models.py",
        "post_save.connect",
        "checks.register(saved)\npost_save.connect",
        "app.models.saved.__dict__.<names>",
    ),
    "patched library": (
        "app/models.py",
        "post_save.connect",
        "models.Q.mine = saved\npost_save.connect",
        "django.db.models.query_utils:Q.mine",
    ),
    "settings": ("settings.py", "DEBUG = True", "DEBUG = True\nUSE_I18N = False", "django:settings.USE_I18N"),
    "URL": ("urls.py", "path('', views.index)", "path('', views.index, name='x')", "urls.urlpatterns[0].name"),
    "environment": ("settings.py", "DEBUG", "import os\nos.environ['MINE'] = '1'\nDEBUG", "os.environ[MINE]"),
    "view of a URL": ("urls.py", "views.index", "views.waiting", "urls.urlpatterns[0].callback"),
    "module": ("urls.py", "from app import views", "from app import views\nimport app.models", "urls.<names>"),
}


@pytest.mark.parametrize(("file", "old", "new", "path"), CASES.values(), ids=CASES)
def test_a_difference_is_told_by_its_path(
    tmp_path: Path, original: Ready, file: str, old: str, new: str, path: str
) -> None:
    assert FILES[file].count(old) == 1
    changed = cold(tmp_path, {**FILES, file: FILES[file].replace(old, new)})
    assert original.things.get(path) != changed.things.get(path), "\n".join(differences(original, changed))


def test_two_cold_starts_are_equal(tmp_path: Path) -> None:
    """Each with a seed of hashes of its own, and other addresses."""
    subject = Subject(tmp_path / "project", tmp_path / "scratch")
    project = generate(random.Random(7), blocks=4)
    save(subject.root, {}, project.tree(), random.Random(0))
    first, second = [start.wait() for start in [subject.start_cold(project.pages()) for _ in range(2)]]
    assert isinstance(first, Ready)
    assert len(first.things) > 1000
    assert differences(first, second) == []


def test_a_server_that_misses_an_edit_is_found(tmp_path: Path) -> None:
    """As if the last save had not been seen: served before it, started cold after it."""
    subject = Subject(tmp_path / "project", tmp_path / "scratch")
    project = generate(random.Random(7), blocks=1)
    settings = project.modules["site_of_tests/settings.py"]
    edited = project.with_module("site_of_tests/settings.py", replace(settings, comments=3))
    save(subject.root, {}, project.tree(), random.Random(0))
    with subject.served() as server:
        served = subject.ask(server, project.pages())
    assert differences(subject.start_cold(project.pages()).wait(), served) == []
    save(subject.root, project.tree(), edited.tree(), random.Random(0))
    found = differences(subject.start_cold(project.pages()).wait(), served)
    assert any(line.startswith("site_of_tests.settings.") and "co_firstlineno" in line for line in found), found
