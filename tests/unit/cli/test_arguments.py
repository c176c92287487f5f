import pytest

from afresh.cli.arguments import Command, RunApplication, RunProject, ShowHelp, ShowVersion, parse
from afresh.errors import UsageError


def project(target: str, **flags: tuple[str, ...]) -> RunProject:
    return RunProject(tuple(target.split()), flags)


# What `afresh` does beside manage.py.
BESIDE_MANAGE: list[tuple[str, Command]] = [
    ("", project("manage.py runserver")),
    ("8000", project("manage.py runserver 8000")),
    ("runserver 8000", project("manage.py runserver 8000")),
    ("localhost:8000 --nothreading -v 2", project("manage.py runserver localhost:8000 --nothreading -v 2")),
    ("--wait 5 --noreload 8000", project("manage.py runserver --noreload 8000", wait=("5",))),
    ("8000 -- --wait 5", project("manage.py runserver 8000 --wait 5")),
    ("--cert a.pem 8443", project("manage.py runserver --cert a.pem 8443")),
    ("web/manage.py 8000", project("web/manage.py runserver 8000")),
    ("web/manage.py runserver 8000", project("web/manage.py runserver 8000")),
    ("-m shop", project("-m shop runserver")),
    ("-m shop runserver 8000 --poll", project("-m shop runserver 8000", poll=("1",))),
    ("shop.wsgi:application", RunApplication("shop.wsgi:application")),
    ("--help", ShowHelp()),
    ("8000 -h", ShowHelp()),
    ("--version", ShowVersion()),
]

# The same without a manage.py.
ELSEWHERE: list[tuple[str, Command]] = [
    ("app:app", RunApplication("app:app")),
    ("shop.wsgi:api.v1 9000", RunApplication("shop.wsgi:api.v1", "9000")),
    ("9000 shop:make --factory", RunApplication("shop:make()", "9000")),
    ("shop:make() --factory", RunApplication("shop:make()")),
    ("-6 shop:make()", RunApplication("shop:make()", ipv6=True)),
    ("app:app --wait=5 [::1]:9000", RunApplication("app:app", "[::1]:9000", flags={"wait": ("5",)})),
    ("-m shop 8000", project("-m shop runserver 8000")),
    ("web/manage.py", project("web/manage.py runserver")),
    ("--help", ShowHelp()),
    ("--version", ShowVersion()),
]


@pytest.mark.parametrize(("argv", "command"), BESIDE_MANAGE)
def test_beside_manage_py(argv: str, command: Command) -> None:
    assert parse(argv.split(), has_manage=True) == command


@pytest.mark.parametrize(("argv", "command"), ELSEWHERE)
def test_without_manage_py(argv: str, command: Command) -> None:
    assert parse(argv.split(), has_manage=False) == command


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        ("", "manage.py"),
        ("8000", "8000"),
        ("localhost:8000", "localhost:8000"),
        ("shop.wsgi", "shop.wsgi"),
        ("app:app --nothreading", "--nothreading"),
        ("app:app 8000 9000", "9000"),
        ("-m", "-m"),
        ("--wait", "--wait"),
    ],
)
def test_what_cannot_be_run_is_said_with_what_to_do(argv: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv.split(), has_manage=False)
    assert named in str(caught.value)
    assert "afresh" in caught.value.hint or "--wait" in caught.value.hint
