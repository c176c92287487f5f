"""After each of a list of edits of the example, what is served equals a cold start of the same files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.real.answers import steady

from .run import Tally
from .scripted import Script, follow
from .subject import Subject

EXAMPLE = Path(__file__).parents[2] / "example"
PAGES = ("/", "/pantry/", "/recipes/new/", "/test-kitchen/", "/admin/login/")
PROBE = Script(
    "probe", "kitchen/settings.py", '"afresh.django",\n', '"afresh.django",\n    "exact_probe.apps.ProbeConfig",\n'
)

_MIDDLEWARE = '''\
"""Middleware of the kitchen."""


def hatted(get_response):
    height = 3

    def middleware(request):
        response = get_response(request)
        response["X-Hat"] = str(height)
        return response

    return middleware
'''

SCRIPTS = (
    Script(
        "view body", "recipes/views.py", 'request.GET.get("q", "").strip()', 'request.GET.get("q", "").strip()[:99]'
    ),
    Script("view decorator", "recipes/views.py", "@require_safe\ndef pantry", "def pantry"),
    Script("view constant", "recipes/views.py", "PAGE_SIZE = 6", "PAGE_SIZE = 5"),
    Script("lines moved", "recipes/views.py", 'HEADING = "What', '# The first heading.\n\nHEADING = "What'),
    Script("model method", "recipes/models.py", "return self.title\n", "return self.title.strip()\n"),
    Script("model property", "recipes/models.py", "if step.strip()]", "if step]"),
    Script("queryset method", "recipes/models.py", "for word in words.split():", "for word in words.split()[:9]:"),
    Script(
        "model field",
        "recipes/models.py",
        'models.CharField("your name", max_length=40)',
        'models.CharField("name", max_length=40)',
    ),
    Script("model options", "recipes/models.py", 'ordering = ["position", "name"]', 'ordering = ["name"]'),
    Script("validator body", "recipes/pictures.py", "file.read(12)", "file.read(16)"),
    Script("form field", "recipes/forms.py", 'attrs={"rows": 8}', 'attrs={"rows": 9}'),
    Script("form method", "recipes/forms.py", 'text.rstrip("0").rstrip(".")', 'text.rstrip("0").removesuffix(".")'),
    Script("form set", "recipes/forms.py", "form=IngredientForm, extra=3", "form=IngredientForm, extra=2"),
    Script(
        "urls",
        "recipes/urls.py",
        'path("pantry/", views.pantry, name="pantry"),',
        'path("pantry/", views.pantry, {}, "pantry"),',
    ),
    Script(
        "urls of the site",
        "kitchen/urls.py",
        'path("", include("recipes.urls")),',
        'path("", include("recipes.urls")),\n    path("more/", include("recipes.urls", namespace="more")),',
    ),
    Script("admin options", "recipes/admin.py", 'list_display = ["name", "position"]', 'list_display = ["name"]'),
    Script("admin registration", "recipes/admin.py", "@admin.register(Comment)\nclass", "class"),
    Script("template tag body", "recipes/templatetags/kitchen.py", "divmod(minutes, 60)", "divmod(minutes, 61)"),
    Script(
        "template tag",
        "recipes/templatetags/kitchen.py",
        "@register.filter\ndef duration",
        '@register.filter("lasting")\n@register.filter\ndef duration',
    ),
    Script("helper", "recipes/amounts.py", 'return ""', "return str()"),
    Script(
        "helper's table",
        "recipes/amounts.py",
        'Decimal("0.75"): "¾",',
        'Decimal("0.75"): "¾",\n    Decimal("0.20"): "⅕",',
    ),
    Script("settings", "kitchen/settings.py", 'LANGUAGE_CODE = "en-gb"', 'LANGUAGE_CODE = "de"'),
    Script(
        "middleware added",
        "kitchen/settings.py",
        '    "django.middleware.common.CommonMiddleware",',
        '    "kitchen.middleware.hatted",\n    "django.middleware.common.CommonMiddleware",',
    ),
    Script("middleware body", "kitchen/middleware.py", "str(height)", "str(height + 1)"),
    Script("middleware closure", "kitchen/middleware.py", "height = 3", "height = 4"),
    Script("app", "recipes/apps.py", 'name = "recipes"', 'name = "recipes"\n    verbose_name = "The recipe box"'),
    Script("template", "templates/base.html", "<body", "<body data-edited"),
)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A copy of the example with a filled database."""
    folder = tmp_path_factory.mktemp("example")
    root = folder / "example"
    left_out = shutil.ignore_patterns("__pycache__", "db.sqlite3", "media")
    shutil.copytree(EXAMPLE, root, ignore=left_out)
    (root / "kitchen" / "middleware.py").write_text(_MIDDLEWARE)
    settings = root / "kitchen" / "settings.py"
    settings.write_text(settings.read_text().replace(PROBE.old, PROBE.new))
    subject = Subject(root, folder / "scratch", through_manage=True, steady=steady)
    for command in ("migrate", "seed"):
        arguments = [subject.python, "manage.py", command, "--verbosity=0"]
        subprocess.run(arguments, cwd=root, env=subject.environment(), check=True, stdout=subprocess.DEVNULL)
    return subject


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif("AFRESH_EXACT_EDITS" not in os.environ, reason="takes long: scripts/test-exact")
def test_every_edit_of_the_example(kitchen: Subject, tally: Tally) -> None:
    follow(kitchen, PAGES, SCRIPTS, lambda file: kitchen.root / file, tally)
    missing = {"patch", "resume"} - tally.ways.keys()
    assert not missing, tally.table()
