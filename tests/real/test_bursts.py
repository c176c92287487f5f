"""Forty edits of each of five more projects, several kinds of file in one go, under load, beside their usual server."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from afresh.testing.client import free_port
from afresh.testing.running import started

from .answers import Asked
from .bursts import Bursts
from .installation import Copy, Door, NoInterpreter, install
from .more_projects import PROJECTS
from .services import running
from .test_real import assert_same
from .visit import Browser, log_in, serving, visit

EDITS = 40

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("AFRESH_TEST_REAL" not in os.environ, reason="installs projects from PyPI: scripts/test-real"),
]


@pytest.fixture(params=PROJECTS, ids=lambda project: project.name)
def copy(request: pytest.FixtureRequest) -> Iterator[Copy]:
    """A copy of each project, its services running."""
    try:
        installation = install(request.param)
    except NoInterpreter as error:
        pytest.skip(str(error))
    with ExitStack() as stack:
        copy = stack.enter_context(installation.copy())
        stack.enter_context(running(copy.project.services, copy.ports, copy.home))
        if copy.project.worker:
            command = (copy.python, *copy.project.worker)
            worker = stack.enter_context(started(command, cwd=copy.working_directory, env=copy.variables()))
            worker.err.wait_for(r" ready\.$", within=60)
        yield copy


def test_no_answer_is_stale_or_fails_and_all_are_those_of_the_usual_server(copy: Copy) -> None:
    port = free_port()
    with serving(copy, Door.COMMAND, port) as server:
        browser = Browser(server.address)
        log_in(browser, copy.project.login)
        bursts = Bursts(copy, browser, seed=17)
        for spot in copy.project.spots:
            bursts.look(spot)
        with bursts.clients(2):
            for _ in range(EDITS):
                bursts.edit()
                assert not bursts.problems, "\n".join([*bursts.problems, server.running.told()[-5000:]])
        reloaded = _visited(copy, port)
        assert server.stop() == 0
    print(f"{copy.project.name}: {bursts.edits} edits, {bursts.answers} answers")
    with serving(copy, Door.DJANGO, port):
        assert_same(_visited(copy, port), reloaded)


def _visited(copy: Copy, port: int) -> list[Asked]:
    """The edited pages, then a visit."""
    browser = Browser(("127.0.0.1", port))
    log_in(browser, copy.project.login)
    edited = [browser.ask(spot.path) for spot in copy.project.spots]
    return edited + visit(Browser(browser.address), copy.project)
