"""Code that was loaded ahead of time: given for the very files that it was made of, and for nothing else."""

import importlib.util
import marshal
import os
import py_compile
import shutil
import sys
from pathlib import Path
from types import CodeType

import pytest

from afresh.boot import ahead
from afresh.boot.ahead import Ahead
from afresh.reload.journal import Exec
from afresh.source.cache import CodeCache
from afresh.source.reading import digest_of, signature_of

from .project import Outcome, Project

NOBODY = CodeCache(None)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with its .pyc; files count as settled as soon as they are written."""
    monkeypatch.setattr(ahead, "SETTLED_NS", -(10**18))
    path = tmp_path / "lib.py"
    path.write_text("x = 'a'\n")
    py_compile.compile(str(path), doraise=True)
    return path


def executed(path: Path, digest: bytes = b"") -> Exec:
    signature = signature_of(str(path))
    assert signature is not None
    return Exec("lib", str(path), signature, digest)


def loaded(path: Path) -> Ahead:
    found = Ahead()
    found.load([executed(path)], NOBODY)
    return found


def given(found: Ahead, path: Path) -> CodeType | None:
    """What is given to whoever finds the file as it is now."""
    signature = signature_of(str(path))
    assert signature is not None
    return found.library(str(path), signature)


def test_code_is_given_once(library: Path) -> None:
    found = loaded(library)
    assert given(found, library) == compile("x = 'a'\n", str(library), "exec")
    assert given(found, library) is None


def test_code_of_a_library_that_was_moved_names_its_new_place(library: Path, tmp_path: Path) -> None:
    library.write_text("def f(): pass\n")
    py_compile.compile(str(library), doraise=True)
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copytree(library.parent / "__pycache__", moved / "__pycache__")
    shutil.copy2(library, moved)
    code = given(loaded(moved / "lib.py"), moved / "lib.py")
    assert code is not None
    assert {code.co_filename, code.co_consts[0].co_filename} == {str(moved / "lib.py")}


def test_code_of_another_source_is_not_given(library: Path) -> None:
    found = loaded(library)
    status = library.stat()
    library.write_text("x = 'b'\n")
    os.utime(library, ns=(status.st_atime_ns, status.st_mtime_ns))  # Python alone would take the .pyc
    assert given(found, library) is None


def test_code_of_another_pyc_is_not_given(library: Path) -> None:
    found = loaded(library)
    py_compile.compile(str(library), doraise=True)
    assert given(found, library) is None


def test_code_of_a_pyc_that_is_gone_is_not_given(library: Path) -> None:
    found = loaded(library)
    Path(importlib.util.cache_from_source(str(library))).unlink()
    assert given(found, library) is None


def test_what_python_would_compile_is_not_loaded(library: Path) -> None:
    os.utime(library, (1_000_000_000, 1_000_000_000))
    assert given(loaded(library), library) is None


def test_what_goes_by_the_hash_of_the_source_is_not_loaded(library: Path) -> None:
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    py_compile.compile(str(library), doraise=True, invalidation_mode=mode)
    assert given(loaded(library), library) is None


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, None])
def test_a_broken_pyc_is_left_to_python(library: Path, content: bytes | None) -> None:
    pyc = Path(importlib.util.cache_from_source(str(library)))
    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps("no code") if content is None else content)
    assert given(loaded(library), library) is None


def test_an_interpreter_without_pyc_files(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys.implementation, "cache_tag", None)
        found = loaded(library)
    assert given(found, library) is None


def test_what_was_just_written_is_not_loaded(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be written once more, within the tick of the clock that its times were taken from."""
    monkeypatch.undo()
    assert given(loaded(library), library) is None


@pytest.fixture
def module(library: Path, tmp_path: Path) -> tuple[Path, bytes, CodeCache]:
    """A module of the project, its digest, and a cache that has its code."""
    path = tmp_path / "app.py"
    path.write_text("x = 1\n")
    digest = digest_of(path.read_bytes())
    cache = CodeCache(str(tmp_path / "home" / "code"))
    cache.store(digest, str(path), compile("x = 1\n", str(path), "exec"))
    return path, digest, cache


def test_code_of_the_project_is_given_once(module: tuple[Path, bytes, CodeCache]) -> None:
    path, digest, cache = module
    found = Ahead()
    found.load([executed(path, digest)], cache)
    known = found.project(str(path))
    assert known is not None
    assert (known.digest, known.code) == (digest, compile("x = 1\n", str(path), "exec"))
    assert found.project(str(path)) is None


@pytest.mark.parametrize("is_saved_first", [True, False])
def test_code_of_the_project_is_not_given_for_another_text(
    module: tuple[Path, bytes, CodeCache], is_saved_first: bool
) -> None:
    path, digest, cache = module
    found, status = Ahead(), path.stat()
    if is_saved_first:
        path.write_text("x = 2\n")
    found.load([executed(path, digest)], cache)
    if not is_saved_first:
        path.write_text("x = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert found.project(str(path)) is None


def test_code_of_the_project_is_not_loaded_before_it_is_settled(
    module: tuple[Path, bytes, CodeCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digest, cache = module
    monkeypatch.undo()
    found = Ahead()
    found.load([executed(path, digest), executed(path.with_name("lib.py"), b"gone")], cache)
    assert found.project(str(path)) is None


def test_nothing_is_given_when_all_is_loaded(library: Path) -> None:
    found = loaded(library)
    found.forget()
    assert given(found, library) is None


LIBRARY = """\
import sys, warnings
warnings.warn("old", DeprecationWarning, stacklevel=2)
print(sorted(vars(__spec__.loader)), __spec__.loader.get_code.__func__.__qualname__)
print(globals().get("__cached__", __spec__.cached) == __spec__.cached)
def fail():
    raise ValueError
"""
MAIN = """\
import sys, traceback
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
sys.path.append("site-packages")
import lib
print(sum("lib." in path for path in opened))
try:
    import broken
except ZeroDivisionError:
    traceback.print_exc()
lib.fail()
"""


def test_nobody_can_tell(project: Project) -> None:
    """Python's own loader executes it, in frames of its own; what a warning and a traceback name is as without."""
    project.write("site-packages/lib.py", LIBRARY)
    project.write("site-packages/broken.py", "def half():\n    1 / 0\nhalf()\n")
    project.write("main.py", MAIN)

    def run(**environ: str) -> Outcome:
        return project.observed("main.py", PYTHONWARNINGS="default", **environ)

    run()  # makes the .pyc files
    without = run()
    ahead_of_time = run(TEST_EXPECTED=str(project.directory.parent / "journal"))
    assert without.errors == ahead_of_time.errors
    assert "main.py:5: DeprecationWarning" in without.errors
    assert without.output.replace("\n1\n", "\n0\n") == ahead_of_time.output != without.output
    assert without.journal == ahead_of_time.journal
