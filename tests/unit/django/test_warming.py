"""What is computed ahead of the first request: nothing of the project is run or read for it."""

import subprocess
import sys
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import LocalePrefixPattern, RegexPattern
from django.utils.functional import lazystr
from django.views.generic import View

from afresh.django.warming import below, is_plain


class Callable:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def view(self, request: HttpRequest) -> HttpResponse:
        return self(request)


class Answering(Callable):
    def __getattr__(self, name: str) -> object:
        raise AttributeError(name)


class Hashed(Callable):
    def __hash__(self) -> int:
        return 1


class OwnPattern(RegexPattern):  # type: ignore[misc]
    pass


class OwnResolver(URLResolver):  # type: ignore[misc]
    pass


class OwnList(list[Any]):
    pass


class Urls(ModuleType):
    urlpatterns = ()


VIEW = Callable().view
LAZY: Any = lazystr("^about/$")
CONFIGURATION = ModuleType("urls")
CONFIGURATION.__dict__["urlpatterns"] = [path("a/", VIEW), URLResolver(RegexPattern(r"^"), CONFIGURATION)]

CASES = [
    ("route", path("<int:a>/", VIEW, name="a"), True),
    ("regular expression", re_path("^a/$", VIEW), True),
    ("class of views", path("a/", View.as_view()), True),
    ("function with arguments", path("a/", partial(VIEW)), True),
    ("object", path("a/", Callable()), True),
    ("include", path("a/", include(([path("b/", VIEW)], "app"), namespace="n")), True),
    ("module that includes itself", path("a/", include(CONFIGURATION)), True),
    ("prefix of the language", URLResolver(LocalePrefixPattern(), [path("a/", VIEW)]), True),
    ("lazy regular expression", re_path(LAZY, VIEW), False),
    ("lazy route", path(LAZY, VIEW), False),
    ("lazy name", path("a/", VIEW, name=LAZY), False),
    ("lazy namespace", path("a/", include(([], "app"), namespace=LAZY)), False),
    ("lazy prefix", re_path(LAZY, include([path("b/", VIEW)])), False),
    ("lazy inside of an include", path("a/", include([path("b/", include([re_path(LAZY, VIEW)]))])), False),
    ("pattern of one's own", URLPattern(OwnPattern("^a/$"), VIEW), False),
    ("resolver of one's own", OwnResolver(RegexPattern("^a/"), []), False),
    ("list of one's own", URLResolver(RegexPattern("^a/"), OwnList()), False),
    ("module with attributes of its own", URLResolver(RegexPattern("^a/"), Urls("urls")), False),
    ("module that is not imported", URLResolver(RegexPattern("^a/"), "urls"), False),
    ("object that answers for its attributes", path("a/", Answering()), False),
    ("object with a hash of its own", path("a/", Hashed()), False),
    ("such an object with arguments", path("a/", partial(Answering())), False),
    ("something else", object(), False),
]


@pytest.mark.parametrize(("pattern", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_what_is_evaluated(pattern: Any, expected: bool) -> None:
    site = URLResolver(RegexPattern(r"^/"), [path("first/", VIEW), pattern])
    assert all(map(is_plain, below(site))) is expected
    assert "urlconf_module" not in vars(site)


WARMED = """
import django
from django.conf import settings
from django.urls import get_resolver, include, path, re_path
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy

from afresh.django.warming import warm

settings.configure(ROOT_URLCONF="__main__")
django.setup()
ran = []


def route_of():
    ran.append("route_of")
    return "^lazy/$"


inner = [path("inner/", print, name="inner")]
urlpatterns = [path("outer/", include((inner, "app"), namespace="n")), LAST]
site = get_resolver()
_ = site.url_patterns
warm()
print(site._populated, ran)
"""


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("path('plain/', print)", "True []"),
        ("re_path(lazy(route_of, str)(), print)", "False []"),
        ("re_path(gettext_lazy('^tea/$'), print)", "False []"),
    ],
)
def test_warming(last: str, expected: str) -> None:
    command = [sys.executable, "-c", WARMED.replace("LAST", last)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == (expected, "")
