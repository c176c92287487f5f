"""Django projects of any size, made up: the same number gives the same text. Pure.

Apps of twenty modules each: models, forms, views, URLs, and steps that hold functions and classes and import each
other, mostly within their app. What is edited lies in the first app, so that nearly all of the project follows it.
"""

from bench import spots
from bench.spots import Places

MODULES_PER_APP = 20
STEPS_PER_APP = MODULES_PER_APP - 5

PLACES = Places(
    views="app_000/views.py",
    models="app_000/models.py",
    forms="app_000/forms.py",
    middleware="site_000/middleware.py",
    tags="app_000/templatetags/tags_000.py",
    urls="site_000/urls.py",
    settings="site_000/settings.py",
    early_model="app_000/models.py",
)

SETTINGS, URLS = "site_000.settings", "site_000.urls"


def files(modules: int) -> dict[str, str]:
    """The texts of a project of about so many modules, by name; those that are edited have marks."""
    apps = max(1, modules // MODULES_PER_APP)
    project = {
        "manage.py": _MANAGE,
        "site_000/__init__.py": '"""The project."""\n',
        "site_000/settings.py": _settings(apps) + spots.settings("site_000.middleware.BenchMiddleware"),
        "site_000/urls.py": _urls(apps) + spots.urls("app_000.views"),
        "site_000/middleware.py": '"""Middleware."""\n' + spots.MIDDLEWARE,
        "app_000/templatetags/__init__.py": "",
        "app_000/templatetags/tags_000.py": "from django import template\n\nregister = template.Library()\n"
        + spots.TAG,
    }
    for app in range(apps):
        project |= {f"app_{app:03}/{name}": text for name, text in _app(app).items()}
    return project


_MANAGE = '''\
"""Django's command line."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_000.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
'''


def _settings(apps: int) -> str:
    return f'''\
"""Settings of a made-up project, for measuring only."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for-measuring-only"
DEBUG = True
ALLOWED_HOSTS: list[str] = []
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *(f"app_{{number:03}}" for number in range({apps})),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "site_000.urls"
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
'''


def _urls(apps: int) -> str:
    return f'''\
"""URLs of the whole project."""

from django.urls import include, path

urlpatterns = [path(f"{{number:03}}/", include(f"app_{{number:03}}.urls")) for number in range({apps})]
'''


def _app(app: int) -> dict[str, str]:
    edited = app == 0
    return {
        "__init__.py": f'"""App {app}."""\n',
        "models.py": _models(app, edited=edited),
        "forms.py": _forms(app, edited=edited),
        "views.py": _views(app) + (_edited_views() if edited else ""),
        "urls.py": _app_urls(app),
        **{f"step_{step:02}.py": _step(app, step) for step in range(STEPS_PER_APP)},
    }


def _models(app: int, *, edited: bool) -> str:
    elsewhere = f'    owner = models.ForeignKey("app_{app - 1:03}.Order{app - 1:03}", models.CASCADE)\n' if app else ""
    order, line = f"class Order{app:03}(models.Model):\n", f"class Line{app:03}(models.Model):\n"
    return f'''\
"""What app {app} keeps."""

from django.db import models

from app_{app:03}.step_{STEPS_PER_APP - 1:02} import Part{STEPS_PER_APP - 1:02}


{spots.with_title(order) if edited else order}
    number = models.CharField(max_length=20, unique=True)
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    placed = models.DateTimeField(auto_now_add=True)
{elsewhere}
    class Meta:
        ordering = ["-placed"]

    def __str__(self):
        return self.number

    def parts(self):
        return [Part{STEPS_PER_APP - 1:02}(line.name, line.count) for line in self.lines.all()]


{spots.with_method(line, "model method") if edited else line}
    order = models.ForeignKey(Order{app:03}, models.CASCADE, related_name="lines")
    name = models.CharField(max_length=80)
    count = models.PositiveIntegerField(default=1)

    def __str__(self):
        return f"{{self.count}} x {{self.name}}"
'''


def _forms(app: int, *, edited: bool) -> str:
    order = f"class OrderForm{app:03}(forms.ModelForm):\n"
    return f'''\
"""Forms of app {app}."""

from django import forms

from app_{app:03}.models import Line{app:03}, Order{app:03}


class LineForm{app:03}(forms.ModelForm):
    """One line."""

    class Meta:
        model = Line{app:03}
        fields = ["name", "count"]


{spots.with_method(order, "form method") if edited else order}
    class Meta:
        model = Order{app:03}
        fields = ["number", "amount"]

    def clean_number(self):
        return self.cleaned_data["number"].strip().upper()
'''


def _views(app: int) -> str:
    return f'''\
"""Pages of app {app}."""

from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from app_{app:03}.forms import OrderForm{app:03}
from app_{app:03}.models import Line{app:03}, Order{app:03}
from app_{app:03}.step_05 import total_05


def orders(request):
    """All orders."""
    return JsonResponse({{"orders": [str(order) for order in Order{app:03}.objects.all()]}})


def order(request, number):
    """One order and what it comes to."""
    found = get_object_or_404(Order{app:03}, number=number)
    lines = Line{app:03}.objects.filter(order=found)
    return JsonResponse({{"order": str(found), "lines": list(map(str, lines)), "total": total_05(found.parts())}})


def place(request):
    """Place an order."""
    form = OrderForm{app:03}(request.POST or None)
    return JsonResponse({{"placed": form.is_valid() and str(form.save())}})
'''


def _edited_views() -> str:
    return spots.views(
        model="from app_000.models import Line000",
        form="from app_000.forms import OrderForm000",
        library="tags_000",
        early_model="from app_000.models import Order000",
    )


def _app_urls(app: int) -> str:
    return f'''\
"""URLs of app {app}."""

from django.urls import path

from app_{app:03} import views

urlpatterns = [
    path("", views.orders),
    path("place/", views.place),
    path("<slug:number>/", views.order),
]
'''


def _step(app: int, step: int) -> str:
    """A module with functions, classes and imports; every fourth has a dataclass, which costs more to execute."""
    imports, names = _imports(app, step)
    marker = "@dataclass(frozen=True)\n" if step % 4 == 0 else ""
    head = "from dataclasses import dataclass\n" if step % 4 == 0 else ""
    constructor = (
        "    name: str\n    count: int = 1\n"
        if step % 4 == 0
        else "    def __init__(self, name, count=1):\n        self.name = name\n        self.count = count\n"
    )
    functions = "".join(_function(app, step, number, names) for number in range(3 + (app + step) % 4))
    return f'''\
"""Step {step} of app {app}."""

{head}from decimal import Decimal
{imports}
RATE = Decimal("{1 + (7 * app + step) % 19}.{(app + 3 * step) % 90 + 10}")
NAMES = {{"part": {step}, "app": {app}, "rate": RATE}}


{marker}class Part{step:02}:
    """A part of an order."""

{constructor}
    def price(self):
        return RATE * self.count

    def __lt__(self, other):
        return self.price() < other.price()


def total_{step:02}(parts):
    """What the parts come to."""
    return float(sum((part.price() for part in parts), Decimal()))
{functions}'''


def _imports(app: int, step: int) -> tuple[str, list[str]]:
    """The import lines, and the names they bring: earlier steps of the app, and one step of an earlier app."""
    near = sorted({step - 1, step // 2} - {step, -1})
    lines = [f"from app_{app:03}.step_{other:02} import Part{other:02}, total_{other:02}" for other in near]
    names = [f"total_{other:02}" for other in near]
    if app and step % 5 == 0:
        far = (app * 7 + step) % app
        lines.append(f"from app_{far:03}.step_{step:02} import total_{step:02} as far_total")
        names.append("far_total")
    return "".join(["\n", *(line + "\n" for line in lines)]) if lines else "", names


def _function(app: int, step: int, number: int, names: list[str]) -> str:
    other = names[number % len(names)] if names else "len"
    return f'''

def choose_{number}(parts, limit={(app + step + number) % 50 + 1}):
    """The parts that are worth less than the limit, in order."""
    found = [part for part in sorted(parts) if part.price() < limit * RATE]
    if not found:
        return {{"number": {number}, "others": {other}(parts), "names": dict(NAMES)}}
    return {{"number": {number}, "first": found[0], "rest": [part.name for part in found[1:]]}}
'''
