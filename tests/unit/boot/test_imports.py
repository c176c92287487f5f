"""The import hook: what it journals, and that nothing else can be told from its absence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from afresh.reload.journal import Exec, Read, Stat

from .project import Outcome, Project


def same(project: Project, *target: str) -> Outcome:
    """Run both ways; the outcome under observation, which must be that of Python alone."""
    plain, observed = project.plain(*target), project.observed(*target)
    assert (observed.status, observed.output, observed.errors) == (plain.status, plain.output, plain.errors)
    return observed


def entry_of(outcome: Outcome, module: str) -> Exec:
    (entry,) = [e for e in outcome.journal if isinstance(e, Exec) and e.module == module]
    return entry


def test_project_modules_are_journalled_when_they_are_executed(project: Project) -> None:
    project.write("main.py", "import pkg.b, importlib.util\nassert importlib.util.find_spec('pkg.only_found')\n")
    project.write("pkg/__init__.py", "import pkg.a\n")
    for name in ("a", "b", "only_found"):
        project.write(f"pkg/{name}.py", f"NAME = '{name}'\n")
    outcome = same(project, "main.py")
    assert outcome.executed(project.directory) == ["__main__", "pkg", "pkg.a", "pkg.b"]


def test_signature_and_digest_are_those_of_the_file(project: Project) -> None:
    project.write("main.py", "import helper\n")
    path = project.write("helper.py", "x = 1\n")
    entry = entry_of(project.observed("main.py"), "helper")
    status = path.stat()
    assert (entry.signature.inode, entry.signature.mtime) == (status.st_ino, status.st_mtime_ns)
    path.write_text("x = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = entry_of(project.observed("main.py"), "helper")
    assert (again.signature.mtime, again.signature.size) == (entry.signature.mtime, entry.signature.size)
    assert again.digest != entry.digest


def test_edit_of_equal_size_within_a_second_is_never_stale(project: Project, tmp_path: Path) -> None:
    """Python itself is stale here, also in a cold start: its .pyc has whole seconds and the size."""
    cache = str(tmp_path / "cache" / "code")
    project.write("main.py", "import helper\nprint(helper.x)\n")
    path = project.write("helper.py", "x = 'a'\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert project.plain("main.py").output == "a\n"
    assert project.observed("main.py", TEST_CODE_CACHE=cache).output == "a\n"

    path.write_text("x = 'b'\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert project.plain("main.py").output == "a\n"
    assert project.observed("main.py", TEST_CODE_CACHE=cache).output == "b\n"


def test_installed_module_saved_after_its_pyc_was_made_is_not_stale(project: Project) -> None:
    project.write("main.py", "import sys\nsys.path.append('site-packages')\nimport lib\nprint(lib.x)\n")
    path = project.write("site-packages/lib.py", "x = 'a'\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert project.observed("main.py").output == "a\n"
    (code,) = (project.directory / "site-packages" / "__pycache__").iterdir()
    os.utime(code, ns=(1_000_000_000 * 10**9 + 1, 1_000_000_000 * 10**9 + 1))
    path.write_text("x = 'b'\n")
    os.utime(path, ns=(1_000_000_000 * 10**9 + 2, 1_000_000_000 * 10**9 + 2))
    outcome = project.observed("main.py")
    assert outcome.output == "b\n"
    assert entry_of(outcome, "lib").digest


def test_project_has_no_cache_files_and_packages_keep_theirs(project: Project) -> None:
    project.write("main.py", "import sys\nsys.path.append('site-packages')\nimport helper, lib\n")
    project.write("helper.py", "")
    project.write("site-packages/lib.py", "")
    outcome = project.observed("main.py")
    assert not (project.directory / "__pycache__").exists()
    assert (project.directory / "site-packages" / "__pycache__").is_dir()
    assert entry_of(outcome, "helper").digest
    assert not entry_of(outcome, "lib").digest


def test_package_that_appears_later_beside_the_module_would_win(project: Project) -> None:
    project.write("main.py", "import helper\nprint(helper.__file__)\n")
    project.write("helper.py", "")
    outcome = same(project, "main.py")
    assert [str(project.directory)] in [list(directories) for directories in outcome.found("helper")]

    project.write("helper/__init__.py", "")
    assert same(project, "main.py").output == f"{project.directory}/helper/__init__.py\n"


def test_every_directory_before_the_hit_is_a_candidate(project: Project) -> None:
    project.write("main.py", "import sys\nsys.path[:0] = ['first', 'absent', 'second', 'third']\nimport helper\n")
    for name in ("first", "second", "third"):
        (project.directory / name).mkdir()
    project.write("second/helper.py", "")
    outcome = same(project, "main.py")
    (directories,) = outcome.found("helper")
    assert directories == (str(project.directory / "first"), str(project.directory / "second"))


def test_absolute_path_entry_that_is_not_there_is_noted(project: Project) -> None:
    absent = project.directory / "absent"
    project.write("main.py", f"import sys\nsys.path.insert(0, {str(absent)!r})\nimport helper\n")
    project.write("helper.py", "")
    outcome = same(project, "main.py")
    assert Stat(str(absent), "") in outcome.journal
    assert all(str(absent) not in directories for directories in outcome.found("helper"))


def test_missing_modules_are_journalled(project: Project) -> None:
    project.write("main.py", "try:\n    import local_settings\nexcept ImportError as exc:\n    print(exc)\n")
    outcome = same(project, "main.py")
    (directories,) = outcome.found("local_settings")
    assert directories[0] == str(project.directory)
    assert any(directory.endswith("lib-dynload") for directory in directories)


def test_lookup_without_import_as_django_does_it(project: Project) -> None:
    """`django.utils.module_loading.module_has_submodule` asks for `app.models` and imports nothing."""
    pytest.importorskip("django")
    project.write("app/__init__.py", "")
    project.write(
        "main.py",
        "import app\nfrom django.utils.module_loading import module_has_submodule\n"
        "print(module_has_submodule(app, 'models'))\n",
    )
    outcome = same(project, "main.py")
    assert outcome.output == "False\n"
    assert (str(project.directory / "app"),) in outcome.found("models")


def test_namespace_package_loses_to_anything_found_later(project: Project) -> None:
    project.write("main.py", "import sys\nsys.path[:0] = ['a', 'b']\nimport ns.one, ns.two\nprint(list(ns.__path__))\n")
    project.write("a/ns/one.py", "")
    project.write("b/ns/two.py", "")
    outcome = same(project, "main.py")
    (directories,) = outcome.found("ns")
    assert {str(project.directory / "a"), str(project.directory / "b")} <= set(directories)
    assert len(directories) > 3
    assert outcome.executed(project.directory) == ["__main__", "ns.one", "ns.two"]


def test_built_in_and_frozen_modules_leave_nothing(project: Project) -> None:
    project.write("main.py", "import errno, zipimport\n")
    outcome = same(project, "main.py")
    assert not outcome.found("errno")
    assert not outcome.found("zipimport")


def test_broken_module_is_journalled(project: Project) -> None:
    project.write("main.py", "import broken\n")
    project.write("broken.py", "class\n")
    outcome = same(project, "main.py")
    assert outcome.status == 1
    assert outcome.executed(project.directory) == ["__main__", "broken"]


LOADER = """
import copy, importlib.util, inspect, linecache, pickle, types
from importlib import resources
import pkg.module as module

loader = module.__loader__
print(isinstance(loader, importlib.machinery.SourceFileLoader), loader.name, loader.path)
print(loader.is_package("pkg.module"), loader.get_source("pkg.module"), loader.get_data(module.__file__))
print(module.__file__, getattr(module, "__cached__", None), module.__spec__.cached)
print(module.__spec__.origin, module.__package__)
print(inspect.getsource(module.function), inspect.getfile(module.Class), inspect.getmodule(module.function))
print(resources.files("pkg").joinpath("data.txt").read_text())
print(type(pickle.loads(pickle.dumps(loader))).__name__, pickle.loads(pickle.dumps(loader)).path)
print(pickle.loads(pickle.dumps(module.__spec__)).origin, copy.deepcopy(loader).name)
print(isinstance(loader.get_code("pkg.module"), types.CodeType), module.function.__code__.co_filename)
try:
    loader.get_code("other")
except ImportError as exc:
    print(exc)
print(importlib.reload(module).x, module)
spec = importlib.util.find_spec("pkg.lazy")
spec.loader = importlib.util.LazyLoader(spec.loader)
lazy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lazy)
print(lazy.y)
"""


def test_loader_has_the_public_behaviour_of_pythons(project: Project) -> None:
    project.write("main.py", LOADER)
    project.write("pkg/__init__.py", "")
    project.write("pkg/data.txt", "data")
    project.write("pkg/lazy.py", "y = 2\n")
    project.write("pkg/module.py", "x = 1\n\ndef function():\n    return 'text'\n\n\nclass Class:\n    pass\n")
    assert same(project, "main.py").status == 0


FINDERS = """
import importlib.abc, importlib.util, sys
from importlib.machinery import PathFinder, SourceFileLoader

class Loader(SourceFileLoader):
    def source_to_code(self, data, path, *more, **named):
        return super().source_to_code(data.replace(b"old", b"new"), path, *more, **named)

class Rewriting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target)
        if name == "rewritten":
            spec.loader = Loader(spec.loader.name, spec.loader.path)
            return spec

class Elsewhere(importlib.abc.MetaPathFinder):
    "As an editable install's finder."
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "elsewhere":
            return importlib.util.spec_from_file_location(name, "src/elsewhere_module.py")

class Wrapping(importlib.abc.MetaPathFinder):
    "As wrapt's: asks everybody, itself included, and stops itself."
    def __init__(self):
        self.busy = set()
    def find_spec(self, name, path=None, target=None):
        if name in self.busy:
            return None
        self.busy.add(name)
        try:
            return importlib.util.find_spec(name)
        finally:
            self.busy.remove(name)

sys.meta_path[WHERE:WHERE] = [Rewriting(), Wrapping()]
sys.meta_path.append(Elsewhere)
import rewritten, elsewhere, wrapped
print(rewritten.x, elsewhere.x, wrapped.x, isinstance(rewritten.__loader__, Loader))
try:
    import absent
except ImportError as exc:
    print(exc)
"""


@pytest.mark.parametrize("where", ["0", "len(sys.meta_path)", "-3"])
def test_other_finders_work_as_without_us(project: Project, where: str) -> None:
    project.write("main.py", FINDERS.replace("WHERE:WHERE", f"{where}:{where}"))
    project.write("rewritten.py", "x = 'old'\n")
    project.write("src/elsewhere_module.py", "x = 'e'\n")
    project.write("wrapped.py", "x = 'w'\n")
    outcome = same(project, "main.py")
    files = {e.file for e in outcome.journal if isinstance(e, Exec | Read)}
    names = ("rewritten.py", "src/elsewhere_module.py", "wrapped.py")
    assert files >= {str(project.directory / name) for name in names}


def test_error_in_another_finder_has_no_frame_of_ours(project: Project) -> None:
    project.write(
        "main.py",
        "import sys\nclass Finder:\n    @staticmethod\n    def find_spec(name, path=None, target=None):\n"
        "        if name == 'absent':\n            raise RuntimeError(name)\n"
        "sys.meta_path.append(Finder)\nimport absent\n",
    )
    assert same(project, "main.py").status == 1


def test_module_loaded_past_sys_meta_path_is_seen(project: Project) -> None:
    project.write(
        "main.py",
        "import importlib.util as u\nspec = u.spec_from_file_location('conf', 'conf.py')\n"
        "module = u.module_from_spec(spec)\nspec.loader.exec_module(module)\nprint(module.x)\n",
    )
    path = project.write("conf.py", "x = 1\n")
    for _ in range(2):  # from the source, then from its .pyc
        outcome = project.observed("main.py")
        assert outcome.output == "1\n"
        (read,) = outcome.read(path)
        assert read.signature is not None
        assert read.signature.inode == path.stat().st_ino


def test_unreadable_source_runs_from_its_cache_as_in_python(project: Project) -> None:
    project.write("main.py", "import helper\nprint(helper.x)\n")
    path = project.write("helper.py", "x = 1\n")
    assert project.plain("main.py").output == "1\n"
    if os.geteuid() == 0:
        # For the superuser everything is readable but what is not there: a file that vanishes after it was found.
        project.write(
            "main.py",
            "import os, sys\nfrom importlib.util import find_spec, module_from_spec\n"
            "spec = find_spec('helper')\nos.unlink('helper.py')\n"
            "try:\n    spec.loader.exec_module(module_from_spec(spec))\nexcept OSError as exc:\n    print(exc)\n",
        )
        assert "No such file" in project.observed("main.py").output
    else:
        path.chmod(0)
        assert same(project, "main.py").output == "1\n"


TRIGGERS = """
import sys
from afresh.source.cache import CodeCache
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots

def trigger(module):
    print("trigger", module.__name__, module.x)

sys.path.insert(0, "site-packages")
triggers = {"helper": trigger, "lib": trigger, "broken": trigger}
sys.meta_path.insert(0, Observer(JournalWriter(lambda _: None), ProjectRoots(), CodeCache(None), triggers))
import importlib.util
assert importlib.util.find_spec("helper")
import helper, lib
print("imported", vars(lib.__loader__).keys())
try:
    import broken
except ZeroDivisionError as exc:
    tb = exc.__traceback__
    print("broken", tb.tb_next.tb_frame.f_code.co_filename.rpartition("/")[2])
"""


def test_trigger_runs_right_after_the_module(project: Project) -> None:
    project.write("helper.py", "x = 1\nprint('helper')\n")
    project.write("site-packages/lib.py", "x = 2\nprint('lib')\n")
    project.write("broken.py", "x = 3\n1 / 0\n")
    outcome = project.code(TRIGGERS)
    assert outcome.errors == ""
    assert outcome.output.splitlines() == [
        "helper",
        "trigger helper 1",
        "lib",
        "trigger lib 2",
        "imported dict_keys(['name', 'path'])",
        "broken broken.py",
    ]


SERVING = """
import sys, threading
from afresh.source.cache import CodeCache
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots
from afresh.reload.journal import Exec, Find

asked, answers = [], threading.Semaphore(0)
arrived = threading.Event()

def confirm(entries):
    asked.extend(entries)
    arrived.set()
    assert answers.acquire(timeout=30)

sys.path.insert(0, "")
journal = JournalWriter(lambda entries: None)
sys.meta_path.insert(0, Observer(journal, ProjectRoots(), CodeCache(None), {}))
journal.serve(confirm)

def view():
    import lazy
    try:
        import absent
    except ImportError:
        pass

thread = threading.Thread(target=view, daemon=True)
thread.start()
assert arrived.wait(30)
print("asked before it runs", [e.module for e in asked if isinstance(e, Exec)], "ran" in sys.modules)
# The control thread may import while the view waits: nothing it needs is locked.
import colorsys, control_thread_only
arrived.clear()
answers.release()
assert arrived.wait(30)
print("asked before the miss counts", [e.stem for e in asked if isinstance(e, Find)], sys.modules["ran"])
import wave
answers.release()
thread.join(30)
print(thread.is_alive())
"""


def test_serving_waits_until_the_keeper_watches(project: Project) -> None:
    project.write("lazy.py", "import sys\nsys.modules['ran'] = True\n")
    project.write("control_thread_only.py", "")
    outcome = project.code(SERVING)
    assert outcome.errors == ""
    assert outcome.output.splitlines() == [
        "asked before it runs ['lazy'] False",
        "asked before the miss counts ['absent'] True",
        "False",
    ]


FORKING = """
import os, sys
from afresh.source.cache import CodeCache
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots
import threading

sys.path.insert(0, "")
journal = JournalWriter(lambda entries: os.write(2, b"sent"))
sys.meta_path.insert(0, Observer(journal, ProjectRoots(), CodeCache(None), {}))
journal.serve(lambda entries: os.write(2, b"asked") and threading.Event().wait(30) and None)

def view():
    pid = os.fork()
    if pid == 0:
        import lazy
        os._exit(lazy.x)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

thread = threading.Thread(target=view)
thread.start()
thread.join()
"""


def test_child_that_a_view_forks_imports_without_a_keeper(project: Project) -> None:
    """The answer would go to its parent, and it would wait for ever."""
    project.write("lazy.py", "x = 7\n")
    outcome = project.code(FORKING, PYTHONWARNINGS="ignore")
    assert (outcome.output, outcome.errors) == ("7\n", "")


FRONT = """
import sys
from importlib.machinery import PathFinder
from afresh.source.cache import CodeCache
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots

class Front(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return PathFinder.find_spec(name, path, target)

sys.path.insert(0, "")
taken = []
journal = JournalWriter(taken.extend)
sys.meta_path.insert(0, Observer(journal, ProjectRoots(), CodeCache(None), {}))
sys.meta_path.insert(0, Front)
import early
journal.serve(taken.extend)
import lazy
print([entry.module for entry in taken if hasattr(entry, "module")])
"""


def test_serving_sees_imports_past_finders_that_were_put_in_front(project: Project) -> None:
    project.write("early.py", "")
    project.write("lazy.py", "")
    outcome = project.code(FRONT)
    assert (outcome.output, outcome.errors) == ("['lazy']\n", "")


def test_no_pathlib_nor_inspect_nor_logging_is_loaded_by_us(project: Project) -> None:
    """Everything this room loads delays every cold start; typing and inspect come with msgspec."""
    ours = "afresh.boot.imports, afresh.boot.observe, afresh.source.cache, afresh.boot.run"
    script = f"import msgspec, sys; before = set(sys.modules); import {ours}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ}, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name for name in done.stdout.split() if not name.startswith(("afresh", "importlib"))}
    # Since 3.14 importlib.machinery loads the module of warnings by itself.
    assert loaded <= {"_blake2", "_imp", "posix", "warnings", "_py_warnings", "_contextvars"}
