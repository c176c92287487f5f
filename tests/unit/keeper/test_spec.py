import subprocess
import sys

import pytest

from afresh.keeper.spec import BootSpec, address_of, interpreter_command, project_folder
from afresh.options.table import Options

SPEC = BootSpec(
    python="/usr/bin/python3",
    flags=("-X", "dev"),
    target=("manage.py", "runserver", "8000"),
    environ={"LANG": "C.UTF-8", "ODD": "\udcff"},
    cwd="/srv/\udce4",
    door="manage.py",
    address=("127.0.0.1", 8000, False),
    options=Options(wait=2.5, allow_host=("shop.example",)),
)


@pytest.mark.parametrize("spec", [SPEC, SPEC._replace(address=None, flags=())])
def test_a_spec_survives_json(spec: BootSpec) -> None:
    assert BootSpec.from_json(spec.to_json()) == spec
    assert spec.to_json().isascii()


# The words after the interpreter, the flags, and what is run. `python -c` takes the code as it stands.
COMMANDS = [
    ("manage.py runserver", "", "manage.py runserver"),
    ("-B manage.py -X", "-B", "manage.py -X"),
    ("-X dev -W error -O manage.py", "-X dev -W error -O", "manage.py"),
    ("-Xdev -Werror manage.py", "-Xdev -Werror", "manage.py"),
    ("-OBW ignore manage.py", "-OBW ignore", "manage.py"),
    ("-OBWignore manage.py", "-OBWignore", "manage.py"),
    ("-m shop runserver -6", "", "-m shop runserver -6"),
    ("-mshop runserver", "", "-m shop runserver"),
    ("-um shop", "-u", "-m shop"),
    ("-uEmshop -v", "-uE", "-m shop -v"),
    ("-cpass -m x", "", "-c pass -m x"),
    ("-Bc pass -c", "-B", "-c pass -c"),
    ("-B -c pass -c", "-B", "-c pass -c"),
    ("--check-hash-based-pycs always manage.py", "--check-hash-based-pycs always", "manage.py"),
    ("-B-check-hash-based-pycs always manage.py", "-B-check-hash-based-pycs always", "manage.py"),
    ("-W -m manage.py", "-W -m", "manage.py"),
    ("-- manage.py --", "", "manage.py --"),
    ("-u -- -m", "-u", "-m"),
    ("-", "", "-"),
    ("-i - -m", "-i", "- -m"),
    ("-i", "-i", ""),
    ("", "", ""),
]


@pytest.mark.parametrize(("words", "flags", "target"), COMMANDS)
def test_interpreter_command(words: str, flags: str, target: str) -> None:
    assert interpreter_command(["python", *words.split()]) == (tuple(flags.split()), tuple(target.split()))


def test_an_empty_argument_is_an_argument() -> None:
    assert interpreter_command(["python", "-c", "", "x"]) == ((), ("-c", "", "x"))


@pytest.mark.parametrize("words", [["-X", "dev", "-OBc"], ["-W", "ignore", "-c"], ["-Xdev", "-uB", "-c"]])
def test_python_takes_the_split_command_as_it_took_the_first(words: list[str]) -> None:
    code = "import sys; print(sys.argv, sys.flags, sys._xoptions, sys.warnoptions)"
    first = [sys.executable, *words, code, "-x", "--", "y"]
    flags, target = interpreter_command(first)
    assert _output([sys.executable, *flags, *target]) == _output(first)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


# FACTS: each form that Django 6.1 accepts or refuses. What it refuses is left to its own message.
ADDRESSES = [
    ("8000", ("127.0.0.1", 8000, False)),
    ("0", ("127.0.0.1", 0, False)),
    ("0:8000", ("0", 8000, False)),
    ("0.0.0.0:8000", ("0.0.0.0", 8000, False)),
    ("999.1.1.1:80", ("999.1.1.1", 80, False)),
    ("[::1]:8000", ("::1", 8000, True)),
    ("[2001:db8::9]:7000", ("2001:db8::9", 7000, True)),
    ("localhost:8000", ("localhost", 8000, False)),
    ("a.b-c.d:8000", ("a.b-c.d", 8000, False)),
    ("99999", ("127.0.0.1", 99999, False)),
    ("٨٠٠٠", ("127.0.0.1", 8000, False)),
    ("-6 8000", ("::1", 8000, True)),
    ("-6 localhost:8000", ("localhost", 8000, True)),
    ("--ipv6 [::]:8000", ("::", 8000, True)),
    ("-6 1.2.3.4:8000", None),
    ("localhost", None),
    (":8000", None),
    ("::1:8000", None),
    ("[::1]", None),
    ("*:8000", None),
    ("my_host:8000", None),
    ("[fe80::1%eth0]:8000", None),
    ("http://x:8000", None),
    ("", None),
    ("--noreload --nothreading --insecure 8001", ("127.0.0.1", 8001, False)),
    ("8001 --settings shop.settings -v 2", ("127.0.0.1", 8001, False)),
    ("--settings=shop.settings -v2 8001", ("127.0.0.1", 8001, False)),
    ("--pythonpath 9000 8001", ("127.0.0.1", 8001, False)),
    ("--sett 9000 8001", ("127.0.0.1", 8001, False)),
    ("-6v 2 8001", ("::1", 8001, True)),
    ("-v", None),
    ("--no 8001", None),
    ("--cert 8443", None),
    ("--cert a.pem 8443", None),
    ("8000 8001", None),
    ("--help 8000", None),
]


@pytest.mark.parametrize(("arguments", "address"), ADDRESSES)
def test_address_of(arguments: str, address: tuple[str, int, bool] | None) -> None:
    assert address_of(["coverage", "run", "manage.py", "runserver", *arguments.split()]) == address


def test_another_command_states_no_address() -> None:
    assert address_of(["manage.py", "shell", "8000"]) is None


@pytest.mark.parametrize(
    ("target", "cwd", "expected"),
    [
        (("manage.py", "runserver"), "/shop", "/shop"),
        (("backend/manage.py", "runserver"), "/shop", "/shop"),
        (("/shop/backend/manage.py", "runserver"), "/shop", "/shop"),
        (("/shop/manage.py", "runserver"), "/home/me", "/shop"),
        (("../shop/manage.py", "runserver"), "/home", "/shop"),
        (("shop/manage.py", "runserver"), "/", "/shop"),
        (("/manage.py", "runserver"), "/", ""),
        (("/venv/bin/django-admin", "runserver"), "/shop", "/shop"),
        (("/venv/lib/site-packages/django/__main__.py", "runserver"), "/shop", "/shop"),
        (("/opt/ide/pydevd.py", "--file", "manage.py"), "/shop", "/shop"),
        (("-m", "shop", "runserver"), "/shop", "/shop"),
        (("wsgi", "shop:app"), "/shop", "/shop"),
        (("wsgi", "shop:app"), "/", ""),
    ],
)
def test_where_the_project_lies(target: tuple[str, ...], cwd: str, expected: str) -> None:
    assert project_folder(target, cwd) == expected
