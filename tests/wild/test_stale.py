"""What was answered once and stayed: several kinds of file in one save, and what settings read before Afresh was."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from .base import Project, Save, deleted, edited, renamed_over, written

SPACINGS = (0.0, 0.001, 0.005, 0.02, 0.05)


def both_kinds(old: int, new: int, style: Callable[[str, str], Save]) -> list[Save]:
    """A function's body, a statement of the module, and a template."""
    views = "site1/views.py"
    return [
        edited(views, f"'b{old}'", f"'b{new}'"),
        edited(views, f"'c{old}'", f"'c{new}'"),
        style("templates/p.html", "{{ a }}|t" + str(new)),
    ]


def test_code_and_a_template_in_one_save(project: Project) -> None:
    """In every order, at once and apart: `git checkout`, "save all", find and replace."""
    rounds: Iterator[int] = itertools.count(1)
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for style, spacing in itertools.product((written, renamed_over), SPACINGS):
            for order in ((0, 2), (2, 0), (0, 1, 2), (2, 1, 0), (1, 2)):
                new = next(rounds)
                saves = both_kinds(new - 1, new, style)
                served.save(*(saves[number] for number in order), spacing=spacing)
                body, statement = (new if number in order else new - 1 for number in (0, 1))
                assert served.get() == f"b{body}c{statement}|t{new}", (order, spacing)
                served.save(*(saves[number] for number in range(3) if number not in order))
                assert served.get() == f"b{new}c{new}|t{new}"


def test_deletions_and_renames_beside_code(project: Project) -> None:
    """A template that goes uncovers another one; one that is renamed over it covers it again."""
    project.write({"app1/__init__.py": "", "app1/templates/p.html": "{{ a }}|beneath"})
    project.apps("app1")
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for number in range(1, 9):
            body = edited("site1/views.py", f"'b{number - 1}'", f"'b{number}'")
            is_gone = number % 2 == 1
            template = deleted("templates/p.html") if is_gone else renamed_over("templates/p.html", "{{ a }}|t0")
            saves = (body, template) if number % 4 < 2 else (template, body)
            served.save(*saves, spacing=SPACINGS[number % len(SPACINGS)])
            assert served.get() == f"b{number}c0|{'beneath' if is_gone else 't0'}"


ENVIRONMENT = """
import os

for folder in (BASE_DIR.parent, BASE_DIR):
    if (folder / ".env").is_file():
        for line in (folder / ".env").read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)
SECRET = os.environ.get("SECRET", "none")
WORD = (BASE_DIR / "word").read_text() if (BASE_DIR / "word").exists() else "none"
NAMES = open(os.path.join(os.path.dirname(__file__), "names.yaml")).read()
(BASE_DIR / "built.json").write_text("built")
try:
    from site1.local_settings import *
except ImportError:
    LOCAL = "none"
"""
SHOWN = """\
import os, pathlib

from django.conf import settings
from django.http import HttpResponse

ROOT = pathlib.Path(__file__).parent.parent


def page(request):
    a = "b0"
    return HttpResponse(" ".join([a, settings.SECRET, settings.WORD, settings.NAMES, settings.LOCAL]))


def write(request):
    (ROOT / "state.json").write_text("written")
    (ROOT / "built.json").write_text("built again")
    return HttpResponse(str(os.getpid()))
"""
SHOWN_URLS = (
    "from django.urls import path\n\nfrom site1 import views\n\n"
    "urlpatterns = [path('', views.page), path('write/', views.write)]\n"
)


FIRST_EDITS = {
    "a value": (written(".env", "SECRET=s1"), "b0 s1 none n0 none"),
    "by rename": (renamed_over(".env", "SECRET=s1"), "b0 s1 none n0 none"),
    "gone": (deleted(".env"), "b0 none none n0 none"),
    "without a suffix": (written("word", "w1"), "b0 s0 w1 n0 none"),
    "beside the settings": (written("site1/names.yaml", "n1"), "b0 s0 none n1 none"),
    "a module that was missing": (written("site1/local_settings.py", "LOCAL = 'l1'"), "b0 s0 none n0 l1"),
}


def with_environment(project: Project) -> None:
    project.settings(ENVIRONMENT)
    project.write(
        {
            "site1/views.py": SHOWN,
            "site1/urls.py": SHOWN_URLS,
            ".env": "SECRET=s0",
            "word": "none",
            "site1/names.yaml": "n0",
            "state.json": "",
            "built.json": "",
        }
    )


@pytest.mark.parametrize(("save", "expected"), FIRST_EDITS.values(), ids=FIRST_EDITS.keys())
def test_what_settings_have_read_before(project: Project, save: Save, expected: str) -> None:
    """`manage.py` loads the settings before the first app, and so before Afresh."""
    with_environment(project)
    with project.serve() as served:
        assert served.get() == "b0 s0 none n0 none"
        served.save(save)
        assert served.get() == expected


def test_a_hot_patch_does_not_end_it(project: Project) -> None:
    with_environment(project)
    with project.serve() as served:
        served.save(edited("site1/views.py", "b0", "b1"))
        assert served.get() == "b1 s0 none n0 none"
        served.save(written(".env", "SECRET=s1"))
        assert served.get() == "b1 s1 none n0 none"


def test_what_a_start_or_a_request_writes_beside_them_is_no_edit(project: Project) -> None:
    with_environment(project)
    with project.serve() as served:
        pid = served.get("/write/")
        served.save(written("README.md", "read me"), written("notes.log", "x"), written("fresh.txt", "x"))
        assert served.get("/write/") == pid
        assert "\nreload " not in served.told()


def test_an_environment_above_the_project(project: Project) -> None:
    """Where the repository holds more than the project; a search upwards comes by it."""
    with_environment(project)
    (project.root.parent / ".git").mkdir()
    (project.root / ".env").unlink()
    with project.serve() as served:
        assert served.get() == "b0 none none n0 none"
        written(".env", "SECRET=s1")(project.root.parent)
        assert served.get() == "b0 s1 none n0 none"


def test_code_in_a_folder_of_templates(project: Project) -> None:
    """django/django pull request 15388: the reloader took any file there for a template and did nothing about code."""
    edited("site1/settings.py", "BASE_DIR / 'templates'", "BASE_DIR / 'templates', BASE_DIR")(project.root)
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for number in range(1, 4):
            served.save(*both_kinds(number - 1, number, written))
            assert served.get() == f"b{number}c{number}|t{number}"
