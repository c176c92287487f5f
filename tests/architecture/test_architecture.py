"""The house's rules: which room may import which, and who may do what only few may do."""

import ast
import graphlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from .uses import Use, imports, names, relative_imports, socket_binds

SOURCE = Path(__file__).parents[2] / "src" / "afresh"
FILES = sorted(path for path in SOURCE.rglob("*.py"))
ROOMS = sorted(path.name for path in SOURCE.iterdir() if any(path.glob("*.py")))

# Imports go down only, and never sideways. A room that is not listed may not exist.
LEVELS = [
    {"__main__"},
    {"cli", "django", "testing"},
    {"keeper", "boot", "dashboard"},
    {"serve"},
    {"pages", "static", "watch", "handover", "live"},
    {"channel", "source"},
    {"reload", "options", "record"},
    {"errors", "guard", "modules", "native", "stack", "__init__"},
]
LEVEL_OF = {room: depth for depth, rooms in enumerate(LEVELS) for room in rooms}

# Who may: rooms or files below src/afresh. Whatever is not listed here, anybody may.
MAY_IMPORT = {
    "django": {"django"},
    "sqlite3": set[str](),
    "multiprocessing": set[str](),
    "socketserver": set[str](),
    "subprocess": {"keeper", "cli", "testing"},
}
MAY_USE = {
    "os.fork": {"boot", "django/entry.py", "native.py"},
    "os.forkpty": set[str](),
    "os.posix_spawn": {"keeper"},
    "os.execv": {"django/entry.py"},
    "os.execve": {"django/entry.py", "keeper"},
    "socket.bind": {"keeper", "django/boot.py", "testing"},
    "socket.create_server": set[str](),
    "sys.exit": {"cli", "keeper", "boot", "django", "__main__.py"},
    "os._exit": {"cli", "keeper", "boot", "dashboard/process.py", "django"},
    "SystemExit": {"cli", "keeper", "boot", "django"},
    "exit": set[str](),
    "quit": set[str](),
    "print": {"cli", "boot", "django", "serve/complaint.py"},
    "os.environ": {"cli", "boot", "dashboard/process.py", "django", "testing", "serve/environ.py", "source/cache.py"},
    "os.getenv": set[str](),
    "os.putenv": set[str](),
}

# In the user's application process each import delays every start and shows in the project's `sys.modules`. The boot
# comes before the project, so it may not even bring forward what Django imports by itself.
NEVER_EARLY = ("asyncio", "http.server", "pygments", "tomllib", "urllib.request")
NOT_BEFORE_THE_PROJECT = (*NEVER_EARLY, "email", "http", "inspect", "logging", "pathlib", "pkgutil")
EARLY = [
    *(("boot", name) for name in NOT_BEFORE_THE_PROJECT),
    *(
        (room, name)
        for room in ("django", "serve", "static", "handover", "channel", "watch/gate.py")
        for name in NEVER_EARLY
    ),
]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def is_in(path: Path, places: Iterable[str]) -> bool:
    return any(place_of(path) == place or place_of(path).startswith(place + "/") for place in places)


def is_below(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


each_file = pytest.mark.parametrize("path", FILES, ids=place_of)


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_has_a_level_and_a_rule_of_membership(room: str) -> None:
    assert room in LEVEL_OF
    docstring = ast.get_docstring(tree_of(SOURCE / room / "__init__.py")) or ""
    assert "Must live here:" in docstring
    assert "Must not know:" in docstring


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_empty(room: str) -> None:
    assert len(list((SOURCE / room).rglob("*.py"))) > 1


@each_file
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    others = {
        Use(target, use.line)
        for use in imports(tree_of(path))
        if is_below(use.name, "afresh") and (target := _room_named(use.name)) != room
    }
    assert [other for other in others if LEVEL_OF[other.name] <= LEVEL_OF[room]] == []


def _room_named(name: str) -> str:
    """The room in `afresh.room.module.name`; names that are no room are the package's own (`__version__`)."""
    room = [*name.split("."), "__init__"][1]
    return room if room in LEVEL_OF else "__init__"


@each_file
def test_imports_are_absolute(path: Path) -> None:
    assert relative_imports(tree_of(path)) == []


@each_file
def test_what_only_few_may_import(path: Path) -> None:
    assert forbidden(path, imports(tree_of(path)), MAY_IMPORT) == []


@each_file
def test_what_only_few_may_do(path: Path) -> None:
    tree = tree_of(path)
    assert forbidden(path, {*imports(tree), *names(tree), *socket_binds(tree)}, MAY_USE) == []


def forbidden(path: Path, uses: Iterable[Use], rules: Mapping[str, set[str]]) -> list[str]:
    return [
        f"{place_of(path)}:{use.line} {name}"
        for use in uses
        for name, places in rules.items()
        if is_below(use.name, name) and not is_in(path, places)
    ]


@each_file
def test_what_the_application_process_imports_is_light(path: Path) -> None:
    heavy = [name for place, name in EARLY if is_in(path, [place])]
    early = imports(tree_of(path), late=False)
    assert [use for use in early if any(is_below(use.name, name) for name in heavy)] == []


def test_no_import_cycle() -> None:
    modules = {_module_name(path): path for path in FILES}
    graph = {
        module: {target for use in imports(tree_of(path), late=False) if (target := _module_in(use.name, modules))}
        for module, path in modules.items()
    }
    for module, targets in graph.items():
        targets.discard(module)
    graphlib.TopologicalSorter(graph).prepare()


def _module_name(path: Path) -> str:
    return ".".join(("afresh", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def _module_in(name: str, modules: Iterable[str]) -> str | None:
    parent = name.rpartition(".")[0]
    return name if name in modules else parent if parent in modules else None


VIOLATIONS = """\
import os as system, sqlite3
from os import fork as split, environ
from sys import exit as leave
from django.conf import settings

def f(sock, address):
    split()
    system._exit(1)
    sock.bind(address)
    print(environ["HOME"])
    raise SystemExit(leave)
"""


def test_what_is_forbidden_is_seen_however_it_is_written() -> None:
    tree = ast.parse(VIOLATIONS)
    seen = {use.name for use in (*imports(tree), *names(tree), *socket_binds(tree))}
    assert {"sqlite3", "os.fork", "os._exit", "socket.bind", "print", "os.environ", "sys.exit", "SystemExit"} <= seen
    assert "django.conf.settings" in seen


LATE = """\
import a
if TYPE_CHECKING:
    import b
try:
    import c
except ImportError:
    import d
def f():
    import e
"""


def test_an_import_inside_a_function_or_for_types_is_late() -> None:
    tree = ast.parse(LATE)
    assert {use.name for use in imports(tree, late=False)} == {"a", "c", "d"}
    assert {use.name for use in imports(tree)} == {"a", "b", "c", "d", "e"}
