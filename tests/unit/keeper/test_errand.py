"""`migrate` as the project's own command line runs it."""

import pytest

from afresh.keeper.errand import migrate_command
from afresh.keeper.spec import BootSpec
from afresh.options.table import Options


def spec(*target: str, flags: tuple[str, ...] = ()) -> BootSpec:
    return BootSpec(
        python="/py",
        flags=flags,
        target=target,
        environ={},
        cwd="/shop",
        door="manage.py",
        address=None,
        options=Options(),
    )


MIGRATE = ("migrate", "--no-input", "--no-color")


@pytest.mark.parametrize(
    ("target", "command"),
    [
        (("manage.py", "runserver"), ("/py", "manage.py", *MIGRATE)),
        (("manage.py", "runserver", "0.0.0.0:80", "--nothreading"), ("/py", "manage.py", *MIGRATE)),
        (("manage.py", "runserver", "--settings=a.b"), ("/py", "manage.py", *MIGRATE, "--settings=a.b")),
        (("manage.py", "runserver", "--settings", "a.b", "80"), ("/py", "manage.py", *MIGRATE, "--settings", "a.b")),
        (("-m", "shop", "runserver"), ("/py", "-m", "shop", *MIGRATE)),
    ],
)
def test_the_same_program_with_another_command(target: tuple[str, ...], command: tuple[str, ...]) -> None:
    assert migrate_command(spec(*target)) == command


def test_flags_of_the_interpreter_stay() -> None:
    assert migrate_command(spec("manage.py", "runserver", flags=("-X", "dev"))) == (
        "/py",
        "-X",
        "dev",
        "manage.py",
        *MIGRATE,
    )


def test_what_is_no_runserver_has_no_migrate() -> None:
    assert migrate_command(spec("wsgi", "application:app")) is None
