"""The places that are edited while measuring: texts with marks, and answers that tell which version they come from.

Must live here: what is the same for every project. A mark is the name of a spot in angle quotes: it stands for the
number of the version, so that `"view body «view body»"` in a file is told as `view body 7` by an answer of version 7.
Pure.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from bench.client import Reply

PAGE = "/bench/spots/"
"""Tells every spot but the template tag: no database, no template."""

TAG_PAGE = "/bench/tag/"
HELPERS_PAGE = "/bench/helpers/"

_MARK = re.compile("«([^»]+)»")


class Kind(enum.Enum):
    """What an edit of a spot changes."""

    BODY = "body"
    """Nothing but the inside of a function."""

    STRUCTURE = "structure"
    """A statement of the module itself."""

    HELPER = "helper"
    """A function's inside in a module of the bench's own, where a measure wants more files."""


@dataclass(frozen=True)
class Spot:
    """One place. `file` is relative to the site's directory; `path` is the page that shows it."""

    name: str
    kind: Kind
    file: str
    path: str = PAGE

    def version_in(self, reply: Reply) -> int | None:
        """The version that a successful answer tells, in its head or its body; None where it tells none."""
        found = re.search(rf"\b{re.escape(self.name)} (\d+)".encode(), reply.head + b"\n" + reply.body)
        return int(found[1]) if found and reply.status == 200 else None


@dataclass(frozen=True)
class Places:
    """Where a project has its spots: files relative to the site's directory, and dotted names."""

    views: str
    models: str
    forms: str
    middleware: str
    tags: str
    urls: str
    settings: str
    early_model: str

    def spots(self) -> tuple[Spot, ...]:
        """All spots, those with a function's inside first."""
        bodies = (
            Spot("view body", Kind.BODY, self.views),
            Spot("model method", Kind.BODY, self.models),
            Spot("form method", Kind.BODY, self.forms),
            Spot("middleware", Kind.BODY, self.middleware),
            Spot("template tag", Kind.BODY, self.tags, TAG_PAGE),
        )
        structure = (
            Spot("view constant", Kind.STRUCTURE, self.views),
            Spot("view decorator", Kind.STRUCTURE, self.views),
            Spot("urls", Kind.STRUCTURE, self.urls),
            Spot("settings", Kind.STRUCTURE, self.settings),
            Spot("early model", Kind.STRUCTURE, self.early_model),
        )
        helpers = (Spot(f"helper {number}", Kind.HELPER, helper_file(number), HELPERS_PAGE) for number in HELPERS)
        return (*bodies, *structure, *helpers)


HELPERS = range(1, 4)
"""Numbers of the bench's own modules that are edited as well where a measure wants ten files."""


def helper_file(number: int) -> str:
    """The module of a helper."""
    return f"bench_helper_{number}.py"


_ANYWHERE = Places(*[""] * len(fields(Places))).spots()

NAMES = tuple(spot.name for spot in _ANYWHERE)
"""The names of all spots, which are the same in every project."""

BODIES = frozenset(spot.name for spot in _ANYWHERE if spot.kind is Kind.BODY)
"""The names of those where an edit changes nothing but the inside of a function."""


def rendered(template: str, versions: Mapping[str, int]) -> str:
    """The text of a file: each mark replaced by the version of its spot, which is 1 where none is given."""
    return _MARK.sub(lambda mark: str(versions.get(mark[1], 1)), template)


def exchanged(text: str, old: str, new: str) -> str:
    """`text` with the one place that says `old` saying `new`, or with `new` at the end where `old` is empty.

    ValueError where it is not one place.
    """
    if not old:
        return text + new
    if text.count(old) != 1:
        raise ValueError(f"{old!r} occurs {text.count(old)} times")
    return text.replace(old, new)


CLOCK = '''\
"""When the edited places were executed."""

import time

times = {}


def note(name):
    times[name] = time.perf_counter()


def told(text):
    def decorate(view):
        def teller(request, **kwargs):
            response = view(request, **kwargs)
            response.write(text)
            return response

        return teller

    return decorate
'''
"""`bench_clock`, which every project gets: `note` stands where something is edited."""


def views(*, model: str, form: str, library: str, early_model: str) -> str:
    """What a view module ends with. Classes are named as an import does it: "from recipes.models import Recipe"."""
    return f'''

import bench_clock
{form} as BenchForm
{model} as BenchModel
{early_model} as BenchEarlyModel
from django.conf import settings as bench_settings
from django.http import HttpResponse as BenchResponse
from django.template import Context as BenchContext
from django.template import Template as BenchTemplate

bench_clock.note("view constant")
ADDED_«view constant» = BENCH_CONSTANT = "view constant «view constant»"

bench_clock.note("view decorator")


@bench_clock.told("view decorator «view decorator»")
def bench(request, *, urls):
    """Every spot but the template tag."""
    told = ["view body «view body»", BENCH_CONSTANT, urls, bench_settings.BENCH_SETTING]
    told += [BenchModel.bench_method(None), BenchForm.bench_method(None), BenchEarlyModel.bench_title, ""]
    return BenchResponse("\\n".join(told))


def bench_tag(request):
    return BenchResponse(BenchTemplate("{{% load {library} %}}{{% bench_tag %}}").render(BenchContext()))
'''


def with_method(header: str, name: str) -> str:
    """The first lines of a class, given its header, with a method that is edited."""
    return f'{header}    def bench_method(self):\n        return "{name} «{name}»"\n\n'


def with_title(header: str) -> str:
    """The first lines of a model's class, given its header, with an attribute that is edited."""
    note = 'import bench_clock\n\nbench_clock.note("early model")\n\n\n'
    return f'{note}{header}    bench_title = "early model «early model»"\n\n'


MIDDLEWARE = '''

class BenchMiddleware:
    """Tells its version in a header field."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["X-Bench"] = "middleware «middleware»"
        return response
'''

TAG = """

@register.simple_tag
def bench_tag():
    return "template tag «template tag»"
"""


def urls(views_module: str) -> str:
    """What a URLconf ends with."""
    return f"""

import bench_clock
import {views_module} as bench_spots
from django.urls import path as bench_path

bench_clock.note("urls")
urlpatterns = [
    bench_path("bench/spots/", bench_spots.bench, {{"urls": "urls «urls»"}}),
    bench_path("bench/tag/", bench_spots.bench_tag),
    *urlpatterns,
]
"""


def settings(middleware: str) -> str:
    """What a settings module ends with."""
    return f'''

import bench_clock

MIDDLEWARE = ["{middleware}", *MIDDLEWARE]

bench_clock.note("settings")
BENCH_SETTING = "settings «settings»"
'''


def helper(number: int) -> str:
    """The module of a helper."""
    return f'def helped():\n    return "helper {number} «helper {number}»"\n'


def helpers() -> str:
    """The module with the page of all helpers."""
    names = [helper_file(number).removesuffix(".py") for number in HELPERS]
    told = ", ".join(f"{name}.helped()" for name in names)
    return f"""\
import {", ".join(names)}
from django.http import HttpResponse


def page(request):
    return HttpResponse("\\n".join([{told}]))
"""
