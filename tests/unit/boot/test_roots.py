"""What is project code."""

import os
import sys
from pathlib import Path

import pytest

from afresh.boot.roots import OWN, STDLIB, ProjectRoots, is_below, is_interpreters


@pytest.mark.parametrize(
    ("path", "is_project"),
    [
        ("/home/me/project/app/views.py", True),
        ("/home/me/elsewhere/editable/module.py", True),
        ("/home/me/project/venv/src/editable/module.py", True),
        ("/home/me/project/venv/lib/python3.12/site-packages/django/urls.py", False),
        ("/usr/lib/python3/dist-packages/yaml/__init__.py", False),
        ("/home/me/.local/lib/python3.12/site-packages/x.py", False),
        ("/home/me/project/__pypackages__/3.12/lib/x.py", False),
        (f"{STDLIB}/json/decoder.py", False),
        (f"{OWN}/boot/imports.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("<string>", False),
        ("", False),
    ],
)
def test_project_code_is_what_was_not_installed(path: str, is_project: bool) -> None:
    roots = ProjectRoots()
    assert roots.contains(path) is is_project
    assert roots.contains(path) is is_project


def test_installed_package_can_be_the_project() -> None:
    roots = ProjectRoots("/venv/lib/python3.12/site-packages/pretalx")
    assert roots.contains("/venv/lib/python3.12/site-packages/pretalx/common/views.py")
    assert not roots.contains("/venv/lib/python3.12/site-packages/pretalx_plugin/views.py")
    assert not roots.contains("/venv/lib/python3.12/site-packages/django/urls.py")
    roots.add("/venv/lib/python3.12/site-packages/single.py")
    assert roots.contains("/venv/lib/python3.12/site-packages/single.py")
    assert not roots.contains("/venv/lib/python3.12/site-packages/other.py")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site-packages with a package that is a project, first on sys.path."""
    place = tmp_path / "site-packages"
    (place / "shop" / "core").mkdir(parents=True)
    for name in ("shop/__init__.py", "shop/manage.py", "shop/core/manage.py", "single.py", "manage.py"):
        (place / name).write_text("")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.syspath_prepend(str(place))
    return place


@pytest.mark.parametrize(
    ("target", "inside"),
    [
        (("-m", "shop", "runserver"), ["shop/views.py"]),
        (("-m", "shop.core.cli"), ["shop/views.py"]),
        (("wsgi", "shop.wsgi:application"), ["shop/views.py"]),
        (("-m", "single"), ["single.py"]),
        (("{}/shop/manage.py", "runserver"), ["shop/views.py"]),
        (("{}/shop/core/manage.py", "runserver"), ["shop/views.py"]),
        (("{}/manage.py",), []),
        (("-m", "django", "runserver"), []),
        (("-m", "absent"), []),
        (("-m", "json.tool"), []),
        (("-c", "import shop"), []),
        (("manage.py",), []),
    ],
)
def test_entry_point_inside_an_installed_package(installed: Path, target: tuple[str, ...], inside: list[str]) -> None:
    roots = ProjectRoots.of_target(tuple(word.format(installed) for word in target))
    names = ["shop/views.py", "single.py", "django/urls.py", "other.py"]
    assert [name for name in names if roots.contains(f"{installed}/{name}")] == inside
    assert roots.contains(f"{os.getcwd()}/app/views.py")


def test_module_of_the_working_directory_goes_before_an_installed_one(installed: Path) -> None:
    Path("shop").mkdir()
    roots = ProjectRoots.of_target(("-m", "shop"))
    assert not roots.contains(f"{installed}/shop/views.py")


@pytest.mark.parametrize(
    ("text", "is_project"),
    [
        ("#!/python\nimport sys\nfrom shop.server import main\nsys.exit(main())\n", True),
        ("#!/python\nfrom django.core.management import execute_from_command_line\n", False),
        ("#!/bin/sh\nexec something\n", False),
    ],
)
def test_start_script_names_the_package(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, is_project: bool
) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "start"
    script.write_text(text)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    roots = ProjectRoots.of_target((str(script), "runserver"))
    assert roots.contains(f"{installed}/shop/views.py") is is_project


def test_what_came_with_python() -> None:
    assert is_interpreters(f"{STDLIB}/json/__init__.py")
    assert is_interpreters(f"{sys.prefix}/bin/python")
    assert not is_interpreters(f"{STDLIB}/site-packages/django/__init__.py")
    assert not is_interpreters(f"{sys.prefix}/settings.ini")


def test_below_is_by_whole_names() -> None:
    assert is_below("/a/b", "/a/b")
    assert is_below("/a/b/c", "/a/b")
    assert is_below("/a", "/")
    assert not is_below("/a/bc", "/a/b")
