"""An exception as a value: what is shown, what is left out, and that nothing about it is trusted."""

import linecache
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from afresh.boot.failure import MAX_BYTES, failure_of, may_be_held
from afresh.boot.roots import OWN, ProjectRoots
from afresh.channel.endpoint import MAX_BYTES as PACKET
from afresh.channel.messages import Failed, Failure

ROOTS = ProjectRoots()


def caught(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as exc:
        # As the boot has it: without the frames that called the project's code.
        return exc.with_traceback(exc.__traceback__.tb_next if exc.__traceback__ else None)
    raise AssertionError("it did not raise")


def run(path: Path, text: str, **names: object) -> BaseException:
    path.write_text(text, encoding="utf-8")
    return caught(lambda: exec(compile(text, str(path), "exec"), names))


def shown(exc: BaseException) -> Failure:
    failure = failure_of(exc, ROOTS)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(failure), type=Failure) == failure
    assert len(msgspec.msgpack.encode(Failed(failure))) < min(PACKET, MAX_BYTES + 100)
    return failure


def test_frame_with_the_source_around_it(tmp_path: Path) -> None:
    lines = [f"# {number}" for number in range(1, 21)]
    lines[9] = "def f(): raise LookupError('nothing here')"
    exc = run(tmp_path / "views.py", "\n".join([*lines, "f()"]))
    failure = shown(exc)
    assert (failure.kind, failure.title) == ("error", "LookupError: nothing here")
    (info,) = failure.exceptions
    assert (info.type, info.message, info.link) == ("LookupError", "nothing here", "")
    outer, inner = info.frames[-2:]
    assert (outer.function, outer.line) == ("<module>", 21)
    assert (inner.file, inner.function, inner.line, inner.in_project) == (str(tmp_path / "views.py"), "f", 10, True)
    assert (inner.first_line, inner.lines) == (5, tuple(lines[4:15]))
    assert (outer.first_line, outer.lines) == (16, (*lines[15:], "f()"))


def test_source_is_the_one_on_disk_now(tmp_path: Path) -> None:
    path = tmp_path / "views.py"
    exc = run(path, "1 / 0\n")
    linecache.getlines(str(path))
    path.write_text("1 / 00\n")
    assert shown(exc).exceptions[0].frames[-1].lines == ("1 / 00",)
    path.unlink()
    assert shown(exc).exceptions[0].frames[-1].lines == ()


def test_source_in_its_own_encoding(tmp_path: Path) -> None:
    path = tmp_path / "views.py"
    path.write_bytes("# coding: latin-1\nname = 'é'; 1 / 0\n".encode("latin-1"))
    exc = caught(lambda: exec(compile(path.read_bytes(), str(path), "exec"), {}))
    assert shown(exc).exceptions[0].frames[-1].lines[1] == "name = 'é'; 1 / 0"


CHAINS = {
    "cause": ("try:\n    1 / 0\nexcept ZeroDivisionError as exc:\n    raise ValueError('b') from exc\n", ["cause", ""]),
    "context": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('b')\n", ["context", ""]),
    "suppressed": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('b') from None\n", [""]),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_chain_is_in_the_order_it_was_raised(tmp_path: Path, kind: str) -> None:
    text, links = CHAINS[kind]
    failure = shown(run(tmp_path / "views.py", text))
    assert [info.link for info in failure.exceptions] == links
    assert [info.type for info in failure.exceptions] == ["ZeroDivisionError", "ValueError"][-len(links) :]
    assert failure.title == "ValueError: b"


def test_text_is_what_python_prints(tmp_path: Path) -> None:
    exc = run(tmp_path / "views.py", CHAINS["cause"][0])
    assert shown(exc).text == "".join(traceback.format_exception(exc))


def test_place_of_a_syntax_error_is_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "views.py"
    path.write_text("a = 1\nb = (\n")
    failure = shown(caught(lambda: compile(path.read_text(), str(path), "exec")))
    frame = failure.exceptions[0].frames[-1]
    assert (frame.file, frame.line, frame.function, frame.in_project) == (str(path), 2, "", True)
    assert frame.lines == ("a = 1", "b = (")
    assert failure.title == "SyntaxError: '(' was never closed"
    assert failure.text.endswith("    b = (\n        ^\nSyntaxError: '(' was never closed\n")


def test_group_stays_readable(tmp_path: Path) -> None:
    exc = run(
        tmp_path / "views.py",
        "raise ExceptionGroup('two', [ValueError('a'), ExceptionGroup('inner', [TypeError('b')])])",
    )
    failure = shown(exc)
    assert failure.exceptions[0].message == (
        "two (2 sub-exceptions)\n  1. ValueError: a\n  2. ExceptionGroup: inner (1 sub-exception)"
    )
    assert "TypeError: b" in failure.text


def test_frames_of_ours_and_of_the_import_system_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    script = (
        "import importlib, json, msgspec, sys\nfrom afresh.boot.failure import failure_of\n"
        "from afresh.boot.roots import ProjectRoots\n"
        "try:\n    importlib.import_module('broken')\nexcept ZeroDivisionError as exc:\n"
        "    own = compile('def g(f): f()', sys.modules['afresh.boot.failure'].__file__, 'exec')\n"
        "    exec(own)\n"
        "    try:\n        g(lambda: (_ for _ in ()).throw(exc))\n"
        "    except ZeroDivisionError as exc:\n        failure = failure_of(exc, ProjectRoots())\n"
        "print([frame.file.rpartition('/')[2] for frame in failure.exceptions[0].frames])\nprint(failure.text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    files, _, text = done.stdout.partition("\n")
    assert files == "['<string>', '<string>', '<string>', '<string>', 'broken.py']"
    assert OWN not in text
    assert "in import_module" in text


def _raise(exc: BaseException) -> None:
    raise exc


class BadStr(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


class BadRepr(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


class NotText(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class Unhashable(Exception):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")


class BadNotes(Exception):
    __notes__ = 5  # type: ignore[assignment]


class NoAttributes(Exception):
    def __getattribute__(self, name: str) -> object:
        if name in ("__cause__", "__context__", "__suppress_context__", "__notes__", "args"):
            raise RuntimeError(name)
        return super().__getattribute__(name)


class BadSyntax(SyntaxError):
    filename = 7  # type: ignore[assignment]
    lineno = "x"  # type: ignore[assignment]
    msg = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "exc",
    [
        BadStr(),
        BadRepr(),
        NotText(),
        Unhashable("a"),
        BadNotes("a"),
        NoAttributes("a"),
        BadSyntax("a"),
        SyntaxError("only a message"),
        SyntaxError("m", ("<unknown>", 0, 0, None)),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ValueError("\udcff surrogate"),
        ValueError(),
        ValueError("\n\n  after empty lines\nmore"),
        KeyboardInterrupt(),
        SystemExit(3),
        OSError(2, "No such file", "/x"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_hostile_exception(exc: BaseException) -> None:
    failure = shown(caught(lambda: _raise(exc)))
    assert type(exc).__name__ in failure.title
    assert type(exc).__name__ in failure.text
    assert "\n" not in failure.title


def test_first_line_with_text_is_the_title() -> None:
    assert shown(ValueError("\n\nafter empty lines\nmore")).title == "ValueError: after empty lines"


def test_class_outside_the_builtins_has_its_module() -> None:
    assert shown(msgspec.ValidationError("bad")).title == "msgspec.ValidationError: bad"


@pytest.mark.parametrize("module", ["__main__", "shop"])
def test_class_whose_name_is_no_text(module: str) -> None:
    kind = type("Odd", (Exception,), {"__module__": module, "__qualname__": "Odd\udcff"})
    assert shown(kind("bad")).title.endswith("Odd\\udcff: bad")


@pytest.mark.parametrize("text", ["x", "é", "字", "😀", "\n", "\udcff"])
def test_huge_message_is_cut(text: str) -> None:
    exc = caught(lambda: _raise(ValueError(text * 1_000_000)))
    for number in range(30):
        exc = ValueError(text * 100_000 + str(number)).with_traceback(exc.__traceback__)
        exc.__cause__ = caught(lambda: _raise(ValueError(text * 100_000)))
    assert shown(exc).title.startswith("ValueError")


def test_long_chain_and_deep_recursion_of_wide_characters(tmp_path: Path) -> None:
    wide = "字" * 600
    text = (
        f"def f(n):  # {wide}\n    if n == 0: raise ValueError('end')\n    try:\n        g(n - 1)  # {wide}\n"
        f"    except ValueError as exc: raise ValueError('{wide}') from exc\ndef g(n):\n    f(n)  # {wide}\nf(60)\n"
    )
    failure = shown(run(tmp_path / "views.py", text))
    assert failure.exceptions
    assert failure.exceptions[-1].frames


def test_recursion_without_end(tmp_path: Path) -> None:
    failure = shown(run(tmp_path / "views.py", "def f():\n    g()\ndef g():\n    f()\nf()\n"))
    assert failure.title.startswith("RecursionError: maximum recursion depth exceeded")
    frames = failure.exceptions[-1].frames
    assert frames[0].function == "<module>" or frames[1].function == "<module>"
    assert frames[-1].function in ("f", "g")


def test_chain_that_is_a_circle() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert [info.message for info in shown(first).exceptions] == ["second", "first"]


# ---- what an older process may hold ---------------------------------------------------------------------------------


class Timeout(Exception):
    __module__ = "filelock._error"


class NumberOnly(Exception):
    errno = 98


def chained(exc: BaseException, by: BaseException, *, how: str) -> BaseException:
    if how == "cause":
        exc.__cause__ = by
    else:
        exc.__context__ = by
        exc.__suppress_context__ = how == "suppressed"
    return exc


IN_USE = OSError(98, "Address already in use")
HELD = {
    "lock": BlockingIOError(11, "Resource temporarily unavailable"),
    "port": IN_USE,
    "record lock": PermissionError(13, "Permission denied"),
    "file": FileExistsError(17, "File exists"),
    "device": OSError(16, "Device or resource busy"),
    "number of a C library": NumberOnly("bind"),
    "sqlite": sqlite3.OperationalError("database is locked"),
    "sqlite, a table": sqlite3.OperationalError("database table is locked: app"),
    "duckdb": Exception('IO Error: Could not set lock on file "/x.duckdb": Conflicting lock is held in python (PID 1)'),
    "leveldb": Exception("IO error: lock db/LOCK: Resource temporarily unavailable"),
    "h5py": Exception("Unable to synchronously open file (unable to lock file, errno = 11)"),
    "grpc": RuntimeError("Failed to bind to address localhost:50051; set GRPC_VERBOSITY=debug"),
    "twisted": Exception("Couldn't listen on any:8000: [Errno 98] Address already in use."),
    "debugpy": RuntimeError("Can't listen for client connections: [Errno 98] Address already in use"),
    "postgresql": Exception('database "app" is being accessed by other users'),
    "pid file": Exception("Program already running with PID: 1234"),
    "exit with a sentence": SystemExit("Another instance is already running."),
    "the exception's name": type("AlreadyLocked", (Exception,), {})(),
    "the package's name": Timeout(),
    "cause": chained(ImportError("no metrics"), IN_USE, how="cause"),
    "context": chained(SystemExit(1), IN_USE, how="context"),
    "suppressed context": chained(LookupError("no metrics"), IN_USE, how="suppressed"),
    "group": BaseExceptionGroup("starting", [ValueError("no"), ExceptionGroup("ports", [IN_USE])]),
}
NOT_HELD = {
    "mistake": NameError("name 'lock' is not defined"),
    "no such module": ModuleNotFoundError("No module named 'filelock'"),
    "no such file": FileNotFoundError(2, "No such file or directory", "lock"),
    "a word that holds another": ValueError("the blocks of the clock"),
    "a setting": ValueError("SECRET_KEY must not be empty"),
    "nothing said": RuntimeError(),
    "no exit": SystemExit(1),
}


@pytest.mark.parametrize("exc", HELD.values(), ids=HELD)
def test_what_may_be_held(exc: BaseException) -> None:
    assert may_be_held(exc)


@pytest.mark.parametrize("exc", NOT_HELD.values(), ids=NOT_HELD)
def test_what_is_held_by_nobody(exc: BaseException) -> None:
    assert not may_be_held(exc)


def test_a_circle_and_hostile_attributes_hold_nothing() -> None:
    class Hostile(Exception):
        @property
        def errno(self) -> int:
            raise RuntimeError("locked")

        def __str__(self) -> str:
            raise RuntimeError("locked")

    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert not may_be_held(one)
    assert not may_be_held(Hostile())
