"""Which files are taken to hold code that runs only in Django's parent process."""

import argparse
from pathlib import Path

import pytest

import afresh.django.entry
from afresh.keeper.twin import mentions_run_main


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('if os.environ.get("RUN_MAIN") != "true": start_npm()', True),
        ("from django.utils.autoreload import DJANGO_AUTORELOAD_ENV", True),
        ('os.environ.get("WERKZEUG_RUN_MAIN")', False),
        ("RUN_MAINTENANCE = True", False),
        ("", False),
    ],
)
def test_by_content(text: str, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "command.py"
    file.write_text(text)
    assert mentions_run_main(str(file)) is expected


def test_installed_packages_count(tmp_path: Path) -> None:
    file = tmp_path / "site-packages" / "webpack" / "apps.py"
    file.parent.mkdir(parents=True)
    file.write_text("RUN_MAIN")
    assert mentions_run_main(str(file))


def test_django_and_afresh_and_python_do_not(tmp_path: Path) -> None:
    file = tmp_path / "django" / "utils" / "autoreload.py"
    file.parent.mkdir(parents=True)
    file.write_text('DJANGO_AUTORELOAD_ENV = "RUN_MAIN"')
    assert not mentions_run_main(str(file))
    assert not mentions_run_main(str(afresh.django.entry.__file__))
    assert not mentions_run_main(argparse.__file__)


def test_a_file_that_cannot_be_read_does_not(tmp_path: Path) -> None:
    assert not mentions_run_main(str(tmp_path / "gone.py"))
