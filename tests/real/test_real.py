"""Projects from PyPI under Afresh answer as under runserver, and every edit of them shows in the next answer."""

import os

import pytest

from afresh.testing.edits import edit
from afresh.testing.server import Server

from .answers import Asked, differences, steady
from .edits import shows, watching
from .installation import Copy, Door, Installation
from .projects import Change, Project
from .visit import Browser, log_in, serving, visit, visited

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif("AFRESH_TEST_REAL" not in os.environ, reason="installs projects from PyPI: scripts/test-real"),
]


def assert_same(expected: list[Asked], actual: list[Asked]) -> None:
    assert [steady(one.path) for one in actual] == [steady(one.path) for one in expected]
    found = [line for pair in zip(expected, actual, strict=True) for line in differences(*pair)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("door", [Door.COMMAND, Door.APP], ids=lambda door: door.value)
def test_it_answers_as_under_runserver(
    installation: Installation, unedited: Copy, djangos: list[Asked], port: int, door: Door
) -> None:
    installation.fill(unedited)
    assert_same(djangos, visited(unedited, door, port))


def test_every_edit_shows_in_the_next_answer_and_nothing_fails(installation: Installation, port: int) -> None:
    with installation.copy() as copy:
        with serving(copy, Door.COMMAND, port) as server:
            browser = Browser(server.address)
            log_in(browser, copy.project.login)
            for change in copy.project.changes:
                make(change, copy, browser)
            reloaded = visit_with_changes(server, copy.project)
            assert server.stop() == 0
        # Where the reloads led to is where a cold start of the edited code, by Django, leads to.
        with serving(copy, Door.DJANGO, port) as server:
            assert_same(visit_with_changes(server, copy.project), reloaded)


def visit_with_changes(server: Server, project: Project) -> list[Asked]:
    """The edited pages, then a visit; in this order, since label-studio remembers what its version page was asked."""
    browser = Browser(server.address)
    log_in(browser, project.login)
    return [browser.ask(change.path) for change in project.changes] + visit(Browser(server.address), project)


def make(change: Change, copy: Copy, browser: Browser) -> None:
    """Make one change while a client asks without a pause."""
    assert not shows(change, browser.ask(change.path).answer)
    with watching(browser, change.path) as watched:
        watched.wait_for_an_answer()
        edit(copy.code / copy.filled(change.file), change.old, change.new)
        next_answer = browser.ask(change.path).answer
    assert next_answer.status == 200, f"{change.kind}: {next_answer.status}\n{next_answer.text[:2000]}"
    assert shows(change, next_answer), f"{change.kind}: the answer after the edit is from before it"
    assert not watched.failures
