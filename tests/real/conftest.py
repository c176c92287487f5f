"""Fixtures: a project installed once, a copy of it, and what Django's own runserver answers to a visit, asked once."""

from collections.abc import Iterator

import pytest

from afresh.testing.client import free_port

from .answers import Asked
from .installation import Copy, Door, Installation, NoInterpreter, install
from .projects import PROJECTS
from .visit import visited


@pytest.fixture(scope="module", params=PROJECTS, ids=lambda project: project.name)
def installation(request: pytest.FixtureRequest) -> Installation:
    """Each project in turn."""
    try:
        return install(request.param)
    except NoInterpreter as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def port(installation: Installation) -> int:
    """One port for all servers of a project, since pages may name it."""
    return free_port()


@pytest.fixture(scope="module")
def unedited(installation: Installation) -> Iterator[Copy]:
    """One copy for all ways to serve the unedited project, since pages may name where the code lies."""
    with installation.copy() as copy:
        yield copy


@pytest.fixture(scope="module")
def djangos(installation: Installation, unedited: Copy, port: int) -> list[Asked]:
    """What Django's own runserver answers."""
    installation.fill(unedited)
    return visited(unedited, Door.DJANGO, port)
