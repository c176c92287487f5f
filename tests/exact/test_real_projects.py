"""After each edit of projects from PyPI, what is served equals a cold start of the same files (see `tests/real`)."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.real.answers import steady
from tests.real.environment import site_packages
from tests.real.installation import Copy, Door, NoInterpreter, install
from tests.real.projects import PROJECTS, Project

from .run import Tally
from .scripted import Script, follow
from .subject import Subject

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("AFRESH_TEST_REAL" not in os.environ, reason="installs projects from PyPI: scripts/test-real"),
]


MORE: dict[str, tuple[Script, ...]] = {
    "pretalx": (
        Script("urls", "urls.py", 'path("redirect/<code>",', 'path("shortened/<code>",'),
        Script("template tag", "common/templatetags/times.py", 'return _("twice")', 'return _("two times")'),
        Script("middleware body", "common/middleware/domains.py", "len(parts) >= 3", "len(parts) > 2"),
        Script("middleware constant", "common/middleware/domains.py", '("robots.txt", "redirect",', '("robots.txt",'),
        Script("form body", "cfp/forms.py", "new_fields = {}", "new_fields: dict[str, object] = {}"),
        Script("form", "cfp/forms.py", "class RequestRequire:", "class RequestRequire:\n    edited = True\n"),
    ),
    "label-studio": (
        Script("admin", "users/admin.py", "self.ordering = ('email',)", "self.ordering = ('username',)"),
        Script("admin form", "users/admin.py", "('email', 'password1', 'password2')", "('email', 'password1')"),
    ),
}
"""What shows in no answer. Beside the edits that `tests.real` makes, of each kind at least one."""


@pytest.fixture(params=PROJECTS, ids=lambda project: project.name)
def copy(request: pytest.FixtureRequest) -> Iterator[Copy]:
    """A copy of each project, with the observing app among its own."""
    try:
        installation = install(request.param)
    except NoInterpreter as error:
        pytest.skip(str(error))
    with installation.copy() as made:
        yield replace(made, project=_observed(made.project))


def _observed(project: Project) -> Project:
    files = {
        name: text.replace('"afresh.django"', '"afresh.django", "exact_probe.apps.ProbeConfig"')
        for name, text in project.door_files.items()
    }
    assert files != project.door_files
    return replace(project, door_files=files)


def test_every_edit_of_a_real_project(copy: Copy, tmp_path: Path, tally: Tally) -> None:
    project = copy.project
    subject = Subject(
        root=Path(copy.working_directory),
        scratch=tmp_path,
        command=(*project.runserver, "--skip-checks", "127.0.0.1:0"),
        roots=(copy.code, copy.home),
        variables={"PYTHONPATH": "", **copy.open_door(Door.APP)},
        python=copy.python,
        packages=site_packages(copy.environment),
        steady=steady,
    )
    pages = [project.login.path, *dict.fromkeys(change.path for change in project.changes)]
    scripts = [Script(change.kind, copy.filled(change.file), change.old, change.new) for change in project.changes]
    scripts += MORE.get(project.name, ())
    follow(subject, pages, scripts, lambda file: copy.code / file, tally)
