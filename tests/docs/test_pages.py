"""Links lead somewhere, commands exist, code is code."""

import ast
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from afresh.cli.arguments import parse
from afresh.options.resolve import resolve

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SCRIPT = re.compile(r"\bscripts/[a-z-]+")


def each_page(pages: list[Path] = PAGES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for found, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if found == language:
                yield page, text


def commands() -> list[str]:
    return sorted({line for _, text in blocks("sh") for line in text.splitlines()})


@each_page()
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in _LINK.findall(text) if "://" not in link and not _leads_somewhere(page, link)]
    assert broken == []


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.is_file() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page()
def test_scripts_that_are_named_exist(page: Path) -> None:
    named = {ROOT / script for script in _SCRIPT.findall(page.read_text(encoding="utf-8"))}
    assert sorted(script for script in named if not os.access(script, os.X_OK)) == []


@pytest.mark.parametrize("command", commands())
def test_commands_that_are_shown_exist(command: str) -> None:
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in words if re.match(r"AFRESH_\w+=", word))
    words = [word for word in words if "=" not in word]
    program = words[0].removeprefix(".venv/bin/")
    if program == "afresh":
        parse(words[1:], has_manage=True)
    else:
        known = {"python", "pip", "django-admin", ".venv-newest/bin/python"}
        assert program in known or os.access(ROOT / program, os.X_OK)
    resolve({}, settings, {})


def test_the_readme_shows_commands() -> None:
    assert {"pip install afresh", "afresh", "python manage.py runserver", "scripts/serve"} <= set(commands())


@pytest.mark.parametrize(("page", "text"), [pytest.param(*block, id=block[0].name) for block in blocks("python")])
def test_python_that_is_shown_can_be_parsed(page: Path, text: str) -> None:
    ast.parse(text, str(page))


@pytest.mark.parametrize(("page", "text"), [pytest.param(*block, id=block[0].name) for block in blocks("toml")])
def test_settings_that_are_shown_are_accepted(page: Path, text: str) -> None:
    resolve({}, {}, tomllib.loads(text)["tool"]["afresh"])


@each_page([page for page in PAGES if page.parent != ROOT and page.name != "README.md"])
def test_each_page_can_be_reached_from_its_folder_or_the_start(page: Path) -> None:
    index = page.parent / "README.md"
    start = ROOT / "docs" / "README.md"
    linked = {
        (source.parent / link.partition("#")[0]).resolve()
        for source in (index, start)
        if source.is_file()
        for link in _LINK.findall(source.read_text(encoding="utf-8"))
    }
    assert page in linked


def test_the_readme_has_one_place_for_the_measured_table() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("<!-- bench:begin -->") == text.count("<!-- bench:end -->") == 1
    assert text.index("<!-- bench:begin -->") < text.index("<!-- bench:end -->")
