"""What a boot opens, lists and asks about."""

import os
from pathlib import Path

import pytest

from afresh.reload.journal import Read, Stat

from .project import Project


def test_reads_with_the_signature_of_the_time(project: Project) -> None:
    path = project.write("conf.ini", "one")
    inode, size = path.stat().st_ino, path.stat().st_size
    project.write("main.py", "open('conf.ini').read()\nopen('../project/conf.ini', 'rb').read()\n")
    (read,) = project.observed("main.py").read(path)
    assert read.signature is not None
    assert (read.signature.inode, read.signature.size) == (inode, size)


@pytest.mark.parametrize(
    "call",
    [
        "open('.env')",
        "os.open('.env', os.O_RDONLY)",
        "pathlib.Path('.env').read_text()",
        "open(b'.env')",
        "io.FileIO('.env')",
        "codecs.open('.env')",
    ],
)
def test_failing_open_is_a_look(project: Project, call: str) -> None:
    project.write(
        "main.py",
        "import codecs, io, os, pathlib, warnings\nwarnings.simplefilter('ignore')\n"
        f"try:\n    {call}\nexcept FileNotFoundError as exc:\n    print(exc)\n",
    )
    outcome = project.observed("main.py")
    assert outcome.output == project.plain("main.py").output
    (read,) = outcome.read(project.directory / ".env")
    assert read.signature is None


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize(
    "call",
    [
        "pathlib.Path('.env').exists()",
        "pathlib.Path('.env').is_file()",
        "os.path.exists('.env')",
        "os.path.isfile('.env')",
        "os.access('.env', os.R_OK)",
        "os.path.lexists('.env')",
        "os.path.isfile(pathlib.Path('.env').resolve())",
        "bool(os.path.exists(path='.env'))",
    ],
)
def test_question_is_a_look(project: Project, call: str, existed: bool) -> None:
    if existed:
        project.write(".env", "")
    project.write("main.py", f"import os, pathlib\nprint({call})\n")
    outcome = project.observed("main.py")
    assert outcome.output == f"{existed}\n"
    assert outcome.asked(project.directory / ".env") == [existed]


@pytest.mark.parametrize(
    "call",
    [
        "os.stat('data.css')",
        "os.stat(b'data.css')",
        "os.lstat('data.css')",
        "os.path.getsize('data.css')",
        "os.path.getmtime('data.css')",
        "os.path.samefile('data.css', 'data.css')",
        "pathlib.Path('data.css').stat()",
        "pathlib.Path('data.css').lstat()",
        "exists()",
    ],
)
def test_question_for_the_state_of_a_file_is_a_read(project: Project, call: str) -> None:
    """Its size or time may be kept: an edit changes them."""
    path = project.write("data.css", "body {}")
    project.write("main.py", f"import os, pathlib\ndef exists(): os.stat('data.css')\n{call}\n")
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    (read,) = outcome.read(path)
    assert read.signature is not None
    assert (read.signature.inode, read.signature.size) == (path.stat().st_ino, 7)


@pytest.mark.parametrize(
    "call",
    [
        "os.path.isdir('data.css')",
        "os.path.islink('data.css')",
        "os.path.ismount('data.css')",
        "pathlib.Path('data.css').is_dir()",
        "pathlib.Path('data.css').is_symlink()",
        "pathlib.Path('data.css').is_mount()",
        "pathlib.Path('data.css').is_fifo()",
        "shutil.which('data.css', path='.')",
        "logging.handlers.TimedRotatingFileHandler('data.css', delay=True)",
        "os.path.getmtime('.')",
        "os.lstat('link')",
    ],
)
def test_question_for_less_than_the_state_of_a_file_is_no_read(project: Project, call: str) -> None:
    path = project.write("data.css", "body {}")
    (project.directory / "link").symlink_to("data.css")
    project.write("main.py", f"import logging.handlers, os, pathlib, shutil\n{call}\n")
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    assert outcome.read(path) == []
    name = "link" if "link'" in call else "." if "'.'" in call and "which" not in call else "data.css"
    assert outcome.asked(Path(os.path.normpath(project.directory / name))) == [True]


@pytest.mark.parametrize(
    "call",
    [
        "os.listdir('fixtures')",
        "list(os.scandir('fixtures'))",
        "list(pathlib.Path('fixtures').iterdir())",
        "glob.glob('fixtures/*')",
        "list(os.walk('fixtures'))",
        "list(pkgutil.iter_modules(['fixtures']))",
        "(os.chdir('fixtures'), os.listdir())",
    ],
)
def test_listing_is_a_look(project: Project, call: str) -> None:
    project.write("fixtures/a.json", "")
    project.write("main.py", f"import glob, os, pathlib, pkgutil\n{call}\n")
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    assert outcome.listed() == [str(project.directory / "fixtures")]


def test_importing_lists_and_reads_nothing_more(project: Project) -> None:
    project.write("main.py", "import pkg.module, wave\n")
    project.write("pkg/__init__.py", "")
    path = project.write("pkg/module.py", "")
    outcome = project.observed("main.py")
    assert outcome.listed() == []
    assert outcome.read(path) == []


def test_source_read_by_the_project_is_a_read_as_well(project: Project) -> None:
    project.write("main.py", "import inspect, module\nprint(inspect.getsource(module.f))\n")
    path = project.write("module.py", "def f(): pass\n")
    outcome = project.observed("main.py")
    assert "module" in outcome.executed(project.directory)
    assert len(outcome.read(path)) == 1


@pytest.mark.parametrize(
    "call",
    [
        "module.__loader__.get_source('module')",
        "module.__loader__.get_data(module.__file__)",
        "__import__('wave').__loader__.get_data(module.__file__)",
        "importlib.machinery.SourceFileLoader('other', module.__file__).get_data(module.__file__)",
        "importlib.util.find_spec('module').loader.get_source('module')",
        "pkgutil.get_data('module', 'module.py')",
    ],
)
def test_source_read_through_a_loader_is_a_read_as_well(project: Project, call: str) -> None:
    """Python's loader opens it, as it does to execute it: but here for somebody who keeps what is in it."""
    project.write("main.py", f"import importlib.util, pkgutil, wave\nimport module\nprint(len({call}))\n")
    path = project.write("module.py", "def f(): pass\n")
    outcome = project.observed("main.py")
    assert (outcome.output, outcome.errors) == ("14\n", "")
    assert len(outcome.read(path)) == 1


def test_code_that_a_loader_makes_is_no_read(project: Project) -> None:
    project.write("main.py", "import importlib.util\nimportlib.util.find_spec('found').loader.get_code('found')\n")
    path = project.write("found.py", "")
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    assert outcome.read(path) == []


OWN_OUTPUT = """
import os, pathlib, socket, sqlite3, tempfile
open("app.log", "a").write("x")
open("app.log").read()
pathlib.Path("made").mkdir(exist_ok=True)
os.path.exists("made")
if os.path.exists("counter"):
    count = int(open("counter").read())
else:
    count = 0
with open("counter.tmp", "w") as file:
    file.write(str(count + 1))
os.replace("counter.tmp", "counter")
os.open("direct", os.O_RDWR | os.O_CREAT)
open("direct").read()
tempfile.NamedTemporaryFile(dir=".").read()
if os.path.exists("socket"):
    os.unlink("socket")
bound = socket.socket(socket.AF_UNIX)
bound.bind("socket")
socket.socket().bind(("127.0.0.1", 0))
"""


def test_what_the_process_writes_itself_is_not_consumed(project: Project) -> None:
    """A project that reads a file and writes it back at every start must not reload for ever."""
    project.write("main.py", OWN_OUTPUT)
    for _ in range(2):
        outcome = project.observed("main.py")
        assert outcome.errors == ""
        for name in ("app.log", "made", "counter", "counter.tmp", "direct", "socket"):
            assert outcome.read(project.directory / name) == [], name
            assert outcome.asked(project.directory / name) == [], name
    assert (project.directory / "counter").read_text() == "2"


def test_what_changes_at_every_look_or_never_is_left_out(project: Project) -> None:
    project.write(
        "main.py",
        "import os, sysconfig\nopen('/proc/self/status').read()\nopen('/dev/null').read()\nos.listdir('/proc/self')\n"
        "open(os.__file__).read()\nos.path.exists(sysconfig.__file__)\nos.listdir(os.path.dirname(os.__file__))\n"
        "os.makedirs('__pycache__')\nos.path.exists('__pycache__/x.pyc')\nos.listdir('.')\n"
        "open(1, 'w', closefd=False)\nos.stat(1)\n",
    )
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    assert outcome.listed() == [str(project.directory)]
    seen = [e for e in outcome.journal if isinstance(e, Read | Stat) and "main.py" not in str(e)]
    assert seen == [Stat(str(project.directory), "directory")]


def test_directory_and_pipe_are_no_files(project: Project) -> None:
    os.mkfifo(project.directory / "pipe")
    (project.directory / "folder").mkdir()
    project.write(
        "main.py",
        "import os\nos.close(os.open('folder', os.O_RDONLY))\nos.close(os.open('pipe', os.O_RDONLY | os.O_NONBLOCK))\n",
    )
    outcome = project.observed("main.py")
    assert outcome.errors == ""
    assert outcome.read(project.directory / "folder") == []
    assert outcome.read(project.directory / "pipe") == []


STRANGE = """
import os, sys
class Raises:
    def __fspath__(self):
        raise RuntimeError("path")
for call in (open, os.stat, os.listdir, os.access, os.scandir):
    for argument in (Raises(), None, "a\\0b", 1.5, "x" * 5000, b"\\xff\\xfe"):
        for more in ((), (os.R_OK,)):
            try:
                print(call.__name__, type(call(argument, *more)).__name__)
            except BaseException as exc:
                print(call.__name__, type(exc).__name__, str(exc)[:200])
try:
    os.stat()
except TypeError as exc:
    print(exc)
print(os.stat("main.py", follow_symlinks=False).st_size, os.stat(path="main.py").st_size, os.stat)
"""


def test_strange_arguments_behave_as_without_us(project: Project) -> None:
    project.write("main.py", STRANGE)
    plain, observed = project.plain("main.py"), project.observed("main.py")
    assert (observed.status, observed.output) == (plain.status, plain.output)


FEATURES = """
import os
class Holder:
    stat = os.stat
print(Holder().stat("main.py").st_size)
import shutil, tempfile
print(shutil._use_fd_functions, os.stat in os.supports_follow_symlinks, os.access in os.supports_effective_ids)
os.makedirs("a/b")
shutil.copytree("a", "c")
shutil.rmtree("a")
print(os.path.isdir("c/b"), os.path.exists("a"))
shutil.rmtree("c")
kept = os.stat
import atexit
atexit.register(lambda: print(kept("main.py").st_size, os.stat, os.access("main.py", os.R_OK)))
"""


def test_wrapped_functions_are_the_same_to_the_project_and_gone_at_the_end(project: Project) -> None:
    project.write("main.py", FEATURES)
    plain, observed = project.plain("main.py"), project.observed("main.py")
    assert plain.status == 0
    assert (observed.status, observed.output, observed.errors) == (plain.status, plain.output, plain.errors)


STOPPED = """
import os
from afresh.boot import observe
from afresh.boot.journal import JournalWriter
taken = []
journal = JournalWriter(taken.extend)
stat = os.stat
observe.install(journal)
assert os.stat is not stat
open("first").close()
observe.stop()
assert os.stat is stat
open("second").close()
os.listdir(".")
journal.flush()
print([os.path.basename(entry.file) for entry in taken])
observe.install(journal)
open("third").close()
observe.stop()
journal.flush()
print([os.path.basename(entry.file) for entry in taken])
"""


def test_stop_ends_it(project: Project) -> None:
    for name in ("first", "second", "third"):
        project.write(name, "")
    outcome = project.code(STOPPED)
    assert outcome.errors == ""
    assert outcome.output == "['first']\n['first', 'third']\n"


@pytest.mark.parametrize("call", ["os.stat('absent')", "os.lstat('main.py/x')", "os.access(1.5, 4)", "os.stat()"])
def test_traceback_of_a_question_is_the_interpreters(project: Project, call: str) -> None:
    project.write("main.py", f"import os\n\ndef f():\n    {call}\n\nf()\n")
    plain, observed = project.plain("main.py"), project.observed("main.py")
    assert plain.status == 1
    assert observed.errors == plain.errors


def test_name_that_is_no_text_is_journalled_as_python_spells_it(project: Project) -> None:
    Path(os.fsdecode(os.fsencode(project.directory) + b"/\xff")).write_text("x")
    project.write("main.py", "print(open(b'\\xff').read())\n")
    outcome = project.observed("main.py")
    assert (outcome.output, outcome.errors) == ("x\n", "")
    assert len(outcome.read(Path(os.fsdecode(os.fsencode(project.directory) + b"/\xff")))) == 1
