"""Fixtures: the base project, once for each door."""

from pathlib import Path

import pytest
from tests.django.sides import Peer

from .base import DOORS, Project, build, make_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base project as it is for Django; not to be changed."""
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(params=DOORS, ids=lambda door: door.name)
def door(request: pytest.FixtureRequest) -> Peer:
    """Each door in turn."""
    found: Peer = request.param
    return found


@pytest.fixture
def project(door: Peer, base: Path, tmp_path: Path) -> Project:
    """A fresh copy of the base project, to be written to and served."""
    return build(tmp_path / "project", door, base)
