"""Reloads that go on from checkpoints: which way each edit takes, and what becomes of the dormant processes."""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afresh.testing.edits import edit, wait_for_content, write, write_and_rename
from afresh.testing.processes import children, kill, look_up, wait_gone
from afresh.testing.server import started_server

from .served import COMMAND, Served, served, until, zombies

CAN_PATCH = sys.version_info >= (3, 12)
PATCH = "patch" if CAN_PATCH else "resume"

MODULES = re.compile(r"modules? again")
"""What the terminal says where modules were executed again."""

APPLICATION = """\
import os
import first
import middle
import last

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    if environ["PATH_INFO"] == "/pid":
        return [str(os.getpid()).encode()]
    if environ["PATH_INFO"] == "/lazy":
        import lazy
        return [lazy.word().encode()]
    told = (first.word(), first.VALUE, middle.word(), middle.VALUE, last.word(), last.VALUE)
    return [" ".join(map(str, told)).encode()]
"""
MODULE = """\
VALUE = 1

def word():
    return "{word}"

TAIL = 1
"""
FILES = {
    "application.py": APPLICATION,
    "lazy.py": 'def word():\n    return "lazy"\n',
    **{f"{name}.py": MODULE.format(word=name) for name in ("first", "middle", "last")},
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as project:
        yield project


@contextmanager
def serving(root: Path, **files: str) -> Iterator[Served]:
    """The project with further files, or others in the place of its own (by module name)."""
    more = {f"{name}.py": text for name, text in files.items()}
    with served(root, {**FILES, **more}) as project:
        project.get()
        yield project
        assert project.server.stop() == 0, project.running.told()


# ---- which way ------------------------------------------------------------------------------------------------------


def test_ways(project: Served) -> None:
    """Functions are exchanged; anything else goes on from where it stands; each answer is of the text saved last."""
    assert project.get() == "first 1 middle 1 last 1"
    steps = [
        ("middle", 'return "middle"', 'return "M"', PATCH, "first 1 M 1 last 1"),
        ("last", "VALUE = 1", "VALUE = 2", "resume", "first 1 M 1 last 2"),
        ("middle", "VALUE = 1", "VALUE = 2", "resume", "first 1 M 2 last 2"),
        ("first", 'return "first"', 'return "F"', PATCH, "F 1 M 2 last 2"),
        ("middle", "TAIL = 1", "TAIL = 2", "resume", "F 1 M 2 last 2"),
        ("middle", "TAIL = 2", "TAIL = 3", "resume", "F 1 M 2 last 2"),
        ("middle", 'return "M"', 'return "N"', PATCH, "F 1 N 2 last 2"),
        ("first", 'return "F"', 'return "first"', PATCH, "first 1 N 2 last 2"),
    ]
    for number, (module, old, new, way, answer) in enumerate(steps, 2):
        reload = project.edit(f"{module}.py", old, new)
        assert (project.get(), reload.way, reload.generation) == (answer, way, number), reload


@pytest.mark.skipif(not CAN_PATCH, reason="no function is exchanged")
def test_why_functions_were_exchanged_is_told_to_machines_only(project: Served) -> None:
    old, new = 'return "middle"', 'return "M"'
    assert re.fullmatch(r"reload 2 · patch · middle.py:word · \d+ ms", project.edit("middle.py", old, new).line)
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with started_server((sys.executable, *COMMAND, "--log=json"), cwd=project.root, env=environment) as server:
        server.get("/")
        edit(project.root / "middle.py", new, old)
        server.get("/")
        told = json.loads(server.err.wait_for(r'^.*"kind": "reload".*$')[0])
        assert told["reason"] == "only the body of `word` changed, and it did not run during the start"
        assert server.stop() == 0


@pytest.mark.skipif(CAN_PATCH, reason="functions are exchanged")
def test_that_functions_are_not_exchanged_is_said_once(project: Served) -> None:
    project.edit("last.py", "TAIL = 1", "TAIL = 2")  # what it said before may not have been learned yet
    assert "the statements of the module" in project.edit("last.py", "VALUE = 1", "VALUE = 2").line
    assert "the body of `word`" in project.edit("last.py", 'return "last"', 'return "L"').line
    assert project.running.told().count("This Python cannot tell which functions have run") == 1


def test_a_patched_file_stays_new_behind_a_structural_edit_elsewhere(project: Served) -> None:
    """The older checkpoint holds the old text of what was patched meanwhile (RELOAD.md, section 4)."""
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    assert project.edit("first.py", 'return "first"', 'return "F"').way == PATCH
    reload = project.edit("last.py", "VALUE = 2", "VALUE = 3")
    assert (project.get(), reload.way) == ("F 1 middle 1 last 3", "resume")


def test_undo(project: Served) -> None:
    project.edit("middle.py", "VALUE = 1", "VALUE = 2")
    project.edit("middle.py", "VALUE = 2", "VALUE = 1")
    project.edit("middle.py", 'return "middle"', 'return "M"')
    reload = project.edit("middle.py", 'return "M"', 'return "middle"')
    assert project.get() == "first 1 middle 1 last 1"
    assert not (CAN_PATCH and MODULES.search(reload.line)), reload


LONG = """\
VALUE = 1

class Word:
    first = "one"
    second = "two"
    third = "three"

def word():
    return f"{Word.first} {Word.second} {Word.third}"
"""
SHORT = """\
VALUE = 1
FIRST = "one"
SECOND = "two"
THIRD = "three"
FOURTH = "four"

def word():
    return f"{FIRST} {SECOND} {THIRD} {FOURTH}"
"""


def test_where_statements_ended_is_no_place_in_another_text(project: Served) -> None:
    """In the long text the class goes on where in the short one statements end."""

    def save(text: str) -> str:
        write(project.root / "middle.py", text)
        return project.get().split(" ", 2)[2].removesuffix(" last 1")

    assert save(SHORT) == "one two three four 1"
    for number in range(3):
        assert save(SHORT.replace("four", f"four{number}")) == f"one two three four{number} 1"
    assert save(LONG) == "one two three 1"
    assert save(LONG.replace('"two"', '"zwei"')) == "one zwei three 1"
    assert save(LONG.replace('"three"', '"drei"')) == "one two drei 1"
    assert save(LONG) == "one two three 1"
    assert save(SHORT.replace("four", "vier")) == "one two three vier 1"


def test_several_files_at_once(project: Served) -> None:
    told = project.server.err.here()
    for name in ("first", "middle", "last"):
        edit(project.root / f"{name}.py", f'return "{name}"', f'return "{name[0]}"')
    assert project.get() == "f 1 m 1 l 1"
    project.reload_after(told)


def test_two_edits_at_once(project: Served) -> None:
    """The second comes while the first is being decided, or has just been: neither is lost."""
    for number in range(2, 12):
        edit(project.root / "first.py", f"VALUE = {number - 1}", f"VALUE = {number}")
        edit(project.root / "last.py", f"VALUE = {number - 1}", f"VALUE = {number}")
        assert project.get() == f"first {number} middle 1 last {number}"


def test_an_edit_while_going_on(tmp_path: Path) -> None:
    """The process that goes on reads from a FIFO that the test holds open: an edit then is an edit in between."""
    os.mkfifo(tmp_path / "hold")
    waits = f"if VALUE == 2:\n    with open({str(tmp_path / 'hold')!r}) as file:\n        file.read()\n"
    with serving(tmp_path, last=MODULE.format(word="last") + waits) as project:
        edit(project.root / "last.py", "VALUE = 1", "VALUE = 2")
        with open(tmp_path / "hold", "w"):
            edit(project.root / "last.py", "VALUE = 2", "VALUE = 3")
            edit(project.root / "first.py", 'return "first"', 'return "F"')
            assert project.get() == "F 1 middle 1 last 3"


def test_a_module_that_a_view_imports(project: Served) -> None:
    assert project.get("/lazy") == "lazy"
    project.edit("lazy.py", 'return "lazy"', 'return "new"')
    assert project.get("/lazy") == "new"
    edit(project.root / "first.py", "VALUE = 1", "VALUE = 2")
    assert project.get("/lazy") == "new"
    edit(project.root / "lazy.py", 'return "new"', 'return "newer"')
    assert project.get("/lazy") == "newer"


READING = """\
import os
from pathlib import Path
HERE = Path(__file__).parent
def word():
    return f"{TEXT} {NAMES} {FLAG}"
TEXT = (HERE / "words.txt").read_text()
NAMES = sorted(os.listdir(HERE / "names"))
FLAG = (HERE / "flag").exists()
"""


def test_what_a_module_reads_that_a_view_imports(tmp_path: Path) -> None:
    """It is executed by a server, and all the same part of the code."""
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "one").touch()
    (tmp_path / "words.txt").write_text("some")
    with serving(tmp_path, lazy=READING) as project:
        assert project.get("/lazy") == "some ['one'] False"
        write(tmp_path / "words.txt", "other")
        assert project.get("/lazy") == "other ['one'] False"
        (tmp_path / "names" / "one").unlink()
        assert project.get("/lazy") == "other [] False"
        (tmp_path / "flag").touch()
        assert project.get("/lazy") == "other [] True"


def test_a_file_that_is_imported_under_two_names(tmp_path: Path) -> None:
    """Both modules are of the text saved last, wherever checkpoints stand inside of them."""
    double = "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), 'package'))\n"
    double += "import package.module, module\n"
    application = double + APPLICATION.replace("told = (", "told = (package.module.VALUE, module.VALUE, ")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/module.py").write_text("HEAD = 1\nVALUE = 1\n")
    with serving(tmp_path, application=application) as project:
        for number in range(1, 6):
            project.edit("package/module.py", f"VALUE = {number}", f"VALUE = {number + 1}")
            assert project.get().startswith(f"{number + 1} {number + 1} ")


def test_a_module_that_appears_before_another(project: Served) -> None:
    package = project.root / "middle"
    package.mkdir()
    told = project.server.err.here()
    write(package / "__init__.py", MODULE.format(word="package"))
    assert project.reload_after(told).way in ("resume", "cold")
    assert project.get() == "first 1 package 1 last 1"
    (package / "__init__.py").unlink()
    package.rmdir()
    assert project.get() == "first 1 middle 1 last 1"


def test_a_syntax_error_and_its_repair(project: Served) -> None:
    """The ready checkpoint outlives the error."""
    project.edit("middle.py", "VALUE = 1", "VALUE = 2")
    write(project.root / "last.py", MODULE.format(word="last").replace("def", "deff"))
    assert project.ask().status == 500
    told = project.server.err.here()
    write(project.root / "last.py", MODULE.format(word="last"))
    reload = project.reload_after(told)
    assert project.get() == "first 1 middle 2 last 1"
    assert not MODULES.search(reload.line), reload


def test_saved_by_renaming(project: Served) -> None:
    for number in range(2, 5):
        write_and_rename(project.root / "last.py", MODULE.format(word=f"last{number}"))
        assert project.get() == f"first 1 middle 1 last{number} 1"


# ---- what ends a start ----------------------------------------------------------------------------------------------

ENDS = {
    "exits": "os._exit(3)",
    "exits with 0": "os._exit(0)",
    "leaves": "sys.exit(4)",
    "crashes": "os.kill(os.getpid(), signal.SIGSEGV)",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "raises": "1 / 0",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_start_that_ends(project: Served, end: str) -> None:
    """It is shown, and the next edit goes on from the checkpoint that stood before it."""
    project.edit("last.py", "TAIL = 1", "TAIL = 2")
    edit(project.root / "last.py", "TAIL = 2", f"import os, signal, sys\n{end}")
    assert project.ask().status == 500
    reload = project.edit("last.py", f"import os, signal, sys\n{end}", "TAIL = 3")
    assert (project.get(), reload.way) == ("first 1 middle 1 last 1", "resume"), reload


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: os.waitpid(-1, 0)"])
def test_how_a_start_ends_is_known_whatever_becomes_of_sigchld(tmp_path: Path, handler: str) -> None:
    """What the project does about the ends of its children is put aside while it is dormant, and there again after."""
    first = f"import os, signal\nsignal.signal(signal.SIGCHLD, {handler})\n" + MODULE.format(word="first")
    last = "import signal\n" + MODULE.format(word="last").replace("VALUE = 1", "VALUE = signal.getsignal(17)")
    with serving(tmp_path, first=first, last=last) as project:
        told = project.get()
        assert "Default" not in told
        with_dead = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
        edit(project.root / "last.py", "import signal\n", with_dead)
        answer = project.ask()
        assert answer.status == 500
        assert "signal 11" in answer.text
        project.edit("last.py", with_dead, "import signal\n")
        assert "Default" not in project.get()


def test_a_start_that_never_ends(tmp_path: Path) -> None:
    """An edit takes its place; nobody has to wait until the bound."""
    os.mkfifo(tmp_path / "hold")
    with serving(tmp_path) as project:
        project.edit("last.py", "TAIL = 1", "TAIL = 2")
        loop = f"open({str(tmp_path / 'hold')!r}, 'w').close()\nwhile True: pass"
        edit(project.root / "last.py", "TAIL = 2", loop)
        with open(tmp_path / "hold") as file:
            file.read()  # it has come to the loop
        reload = project.edit("last.py", loop, "TAIL = 3")
        assert reload.way == "resume"
        assert project.get() == "first 1 middle 1 last 1"


# ---- what is in the way ---------------------------------------------------------------------------------------------

OPENED = "import os\nFILE = open(os.path.join(os.path.dirname(__file__), 'x.tmp'), 'wb', 0)\nFILE.write(b'x')\n"


def test_an_obstacle_on_the_way_is_said_once(tmp_path: Path) -> None:
    first, last = (MODULE.format(word=name) for name in ("first", "last"))
    with serving(tmp_path, first=OPENED + first, last="import first\nfirst.FILE.close()\n" + last) as project:
        assert project.edit("middle.py", "VALUE = 1", "VALUE = 2").way == "resume"
        assert project.edit("middle.py", "VALUE = 2", "VALUE = 3").way == "resume"
        assert project.edit("middle.py", 'return "middle"', 'return "M"').way == PATCH
        told = project.running.told()
        assert told.count("x.tmp") == 1, told
        assert "A part of the start left no checkpoint" in told


def test_an_obstacle_at_the_end_of_the_start_is_the_reason(tmp_path: Path) -> None:
    with serving(tmp_path, middle=OPENED + MODULE.format(word="middle")) as project:
        for number in range(1, 4):
            reload = project.edit("last.py", f"VALUE = {number}", f"VALUE = {number + 1}")
            assert reload.way == "resume"
            assert "file open for writing" in reload.line
        told = project.running.told()
        assert told.count("Every reload goes on from the last safe place") == 1, told
        assert "from the beginning" not in told


# ---- dormant processes ----------------------------------------------------------------------------------------------


def dormant(project: Served) -> list[int]:
    """All processes of the project but the one that answers."""
    return [pid for pid in project.app_processes() if pid != project.server_pid()]


def test_dormant_processes_use_no_processor_time(project: Served) -> None:
    """A stretch of work elsewhere is long enough: whoever polls or ticks would show in it."""
    for number in range(2, 5):
        project.edit("last.py", f"VALUE = {number - 1}", f"VALUE = {number}")
    project.running.wait_idle()


def checkpoints(project: Served) -> list[int]:
    """The processes that the one which answers descends from, itself and the keeper left out."""
    found: list[int] = []
    one = look_up(project.server_pid())
    while one is not None and (one := look_up(one.parent)) is not None and one.pid != project.running.pid:
        found.append(one.pid)
    return found


def test_signals_to_the_group_leave_dormant_processes_alone(tmp_path: Path) -> None:
    """The keeper ends everybody in order: with a keeper that is stopped, nobody ends by the signals alone."""
    with served(tmp_path, FILES) as project:
        project.edit("last.py", "VALUE = 1", "VALUE = 2")
        asleep = checkpoints(project)
        assert len(asleep) >= 2
        project.running.signal(signal.SIGSTOP)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            for pid in asleep:
                kill(pid, number)
        assert not any(wait_gone(pid, 0.1) for pid in asleep)
        project.running.signal(signal.SIGCONT)
        assert project.edit("last.py", "VALUE = 2", "VALUE = 3").way == "resume"
        assert project.server.stop() == 0


def test_all_die_with_a_killed_keeper(tmp_path: Path) -> None:
    with served(tmp_path, FILES) as project:
        for number in range(2, 5):
            project.edit("last.py", f"VALUE = {number - 1}", f"VALUE = {number}")
        assert len(project.app_processes()) >= 3
        project.running.signal(signal.SIGKILL)
        project.running.wait_exit()
        project.running.wait_alone()


def test_processes_are_reaped_and_bounded(tmp_path: Path) -> None:
    """After thirty structural edits, each in another file."""
    names = [f"part{number}" for number in range(30)]
    application = "".join(f"import {name}\n" for name in names) + APPLICATION
    with serving(tmp_path, application=application, **dict.fromkeys(names, "VALUE = 1\n")) as project:
        most = 0
        for name in names:
            project.edit(f"{name}.py", "VALUE = 1", "VALUE = 2")
            most = max(most, len(project.app_processes()))
        assert most <= 40
        until(lambda: not zombies([project.keeper(), *project.app_processes()]))


@pytest.mark.parametrize("which", ["oldest", "newest", "all"])
def test_a_killed_checkpoint_is_survived(project: Served, which: str) -> None:
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    asleep = dormant(project)
    for pid in {"oldest": asleep[:1], "newest": asleep[-1:], "all": asleep}[which]:
        kill(pid)
        wait_gone(pid)
    assert project.get() == "first 1 middle 1 last 2"
    project.edit("last.py", "VALUE = 2", "VALUE = 3")
    project.edit("first.py", 'return "first"', 'return "F"')
    assert project.get() == "F 1 middle 1 last 3"
    assert project.edit("last.py", "VALUE = 3", "VALUE = 4").way == "resume"


@pytest.mark.parametrize("count", range(4))
def test_a_checkpoint_that_is_killed_while_it_is_asked_to_fork(project: Served, count: int) -> None:
    """Stopped, it has not read the order when it is killed: whoever waits for its child must not wait for ever."""
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    asleep = dormant(project)
    chosen = asleep[-1 - count :] if count < len(asleep) else asleep
    for pid in chosen:
        kill(pid, signal.SIGSTOP)
    edit(project.root / "last.py", 'return "last"', 'return "L"')
    edit(project.root / "last.py", "VALUE = 2", "VALUE = 3")
    for pid in chosen:
        kill(pid)
    assert project.get() == "first 1 middle 1 L 3"


# ---- answering first, and the checkpoint after it ------------------------------------------------------------------


@pytest.fixture
def answers_first(tmp_path: Path) -> Iterator[Served]:
    """What goes on from a checkpoint answers, however long it takes to be ready."""
    with served(tmp_path, FILES, serve_first=60) as project:
        project.get()
        yield project
        assert project.server.stop() == 0, project.running.told()
    assert not project.running.alive()


def second(project: Served) -> int:
    """A process that comes the same way as the server, or a checkpoint that it has left."""
    answering = look_up(project.server_pid())
    assert answering is not None
    found: list[int] = []

    def has_come() -> bool:
        found[:] = [one for one in children(answering.parent) if one != answering.pid and children(one)]
        return bool(found)

    until(has_come)
    return found[0]


def test_what_answers_first_is_no_fork_of_what_stays(answers_first: Served) -> None:
    project = answers_first
    for number in range(2, 5):
        assert project.edit("last.py", f"VALUE = {number - 1}", f"VALUE = {number}").way == "resume"
        assert project.get() == f"first 1 middle 1 last {number}"
    answering = project.server_pid()
    project.running.wait_idle()
    assert project.edit("first.py", 'return "first"', 'return "F"').way == PATCH
    patched = look_up(project.server_pid())
    assert patched is not None
    assert answering not in (patched.pid, patched.parent)
    assert project.get() == "F 1 middle 1 last 4"


def test_an_edit_before_the_second_one_is_there(answers_first: Served) -> None:
    """Each answer is of the text saved last, whatever way there is by then."""
    project = answers_first
    for number in range(2, 12):
        project.edit("last.py", f"VALUE = {number - 1}", f"VALUE = {number}")
        project.edit("first.py", f'return "{"first" if number == 2 else number - 1}"', f'return "{number}"')
        assert project.get() == f"{number} 1 middle 1 last {number}"


def test_what_a_standby_expects_is_edited_with_the_rest(answers_first: Served) -> None:
    """It has the code of all that was executed from there on, and takes none that is not that of the files."""
    project = answers_first
    for number in (2, 3):  # where in the file the edits are is known from the second one on
        assert project.edit("middle.py", f"VALUE = {number - 1}", f"VALUE = {number}").way == "resume"
        assert project.get() == f"first 1 middle {number} last 1"
        project.running.wait_idle()  # the standby waits
    edit(project.root / "last.py", "VALUE = 1", "VALUE = 2")
    edit(project.root / "middle.py", "VALUE = 3", "VALUE = 4")
    assert project.get() == "first 1 middle 4 last 2"


def test_a_killed_server_that_is_no_fork_of_a_ready_one(answers_first: Served) -> None:
    project = answers_first
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    killed = project.server_pid()
    kill(killed)
    assert wait_gone(killed)
    assert project.get() == "first 1 middle 1 last 2"


def test_a_killed_second_one(answers_first: Served) -> None:
    project = answers_first
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    answering, killed = project.server_pid(), second(project)
    kill(killed)
    assert wait_gone(killed)
    assert project.server_pid() == answering
    project.edit("first.py", 'return "first"', 'return "F"')
    assert project.get() == "F 1 middle 1 last 2"


def standby_after_an_edit(project: Served) -> int:
    """The server that is forked ahead of time once nothing happens any more, beside the one that answers."""
    before = set(project.app_processes())
    project.edit("first.py", 'return "first"', 'return "F"')
    answering = look_up(project.server_pid())
    assert answering is not None

    def beside() -> set[int]:
        return set(children(answering.parent)) - before - {answering.pid}

    until(beside)
    (standby,) = beside()
    return standby


def test_a_killed_standby_is_survived(project: Served) -> None:
    """The next server is forked ahead of time; the one that is killed is not waited for."""
    standby = standby_after_an_edit(project)
    kill(standby)
    assert wait_gone(standby)
    assert project.edit("first.py", 'return "F"', 'return "G"').way == PATCH
    assert project.get() == "G 1 middle 1 last 1"


def test_a_standby_that_is_killed_as_it_is_needed(project: Served) -> None:
    standby = standby_after_an_edit(project)
    kill(standby, signal.SIGSTOP)
    edit(project.root / "first.py", 'return "F"', 'return "G"')
    kill(standby)
    assert project.get() == "G 1 middle 1 last 1"


def test_a_standby_copies_no_more_than_it_will_write_to(tmp_path: Path) -> None:
    """The server has loaded a lot by itself; whoever finds it loaded leaves it with the one that has."""
    large = MODULE.format(word="last") + "DATA = [object() for _ in range(1_000_000)]\n"
    with served(tmp_path, {**FILES, "last.py": large}, serve_first=60) as project:
        project.get()
        assert project.edit("first.py", "VALUE = 1", "VALUE = 2").way == "resume"
        answering = project.server_pid()
        second(project)
        project.running.wait_idle()
        standbys = [pid for pid in project.app_processes() if pid != answering and not children(pid)]
        assert standbys
        assert own_memory(answering) > 16_000_000
        assert all(own_memory(pid) < 8_000_000 for pid in standbys)
        assert project.server.stop() == 0, project.running.told()


def own_memory(pid: int) -> int:
    """Bytes that no other process has as well."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return 1024 * sum(int(fields[name].split()[0]) for name in ("Private_Clean", "Private_Dirty"))


def test_a_killed_server_is_replaced(project: Served) -> None:
    project.edit("last.py", "VALUE = 1", "VALUE = 2")
    pid = project.server_pid()
    kill(pid)
    assert wait_gone(pid)
    assert project.get() == "first 1 middle 1 last 2"
    assert project.edit("first.py", 'return "first"', 'return "F"').way == PATCH


# ---- what forks repeat or undo --------------------------------------------------------------------------------------

EXITS = """\
import atexit, os, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = tempfile.TemporaryDirectory(dir=HERE)
with open(os.path.join(HERE, "starts.txt"), "a") as file:
    file.write("x")

@atexit.register
def ended():
    with open(os.path.join(HERE, "ended.txt"), "a") as file:
        file.write(f"{os.path.isdir(KEPT.name)}\\n")
"""


def test_exit_handlers_run_once_at_the_end(tmp_path: Path) -> None:
    """Those of a part that is gone on from, through five patches and five resumes; its temporary directory lives on."""
    application = APPLICATION.replace("import first", "import exits, first").replace(
        "told = (", "told = (os.path.isdir(exits.KEPT.name), "
    )
    with serving(tmp_path, application=application, exits=EXITS) as project:
        # From here on a checkpoint stands behind what registers them; of the starts before, they run when it is over.
        for name in ("last", "first"):
            project.edit(f"{name}.py", "TAIL = 1", "TAIL = 2")
        starts = len((tmp_path / "starts.txt").read_text())
        wait_for_content(tmp_path / "ended.txt", "True", times=starts - 1)
        (tmp_path / "ended.txt").write_text("")
        for number in range(1, 6):
            assert project.edit("last.py", f"VALUE = {number}", f"VALUE = {number + 1}").way == "resume"
            old, new = ("first" + "x" * count for count in (number - 1, number))
            assert project.edit("first.py", f'return "{old}"', f'return "{new}"').way == PATCH
            assert project.get().startswith("True ")
        assert not (tmp_path / "ended.txt").read_text()
    assert (tmp_path / "ended.txt").read_text() == "True\n"
    assert not list(tmp_path.glob("tmp*"))


def test_text_that_waits_in_a_buffer_appears_once(tmp_path: Path) -> None:
    prints = "import sys\nsys.stdout.write('no end of line')\nopen('runs', 'a').write('x')\n"
    with serving(tmp_path, first=prints + MODULE.format(word="first")) as project:
        for number in range(2, 6):
            project.edit("last.py", f"VALUE = {number - 1}", f"VALUE = {number}")
    runs = len((tmp_path / "runs").read_text())
    assert 1 <= runs <= 2  # the first resume may go on from before the project
    assert project.server.out.wait_end().count("no end of line") == runs


HANDLER = """\
import logging, logging.config
import deep.below

class Handler(logging.Handler):
    def emit(self, record):
        pass
"""
CONFIGURE = """\
import logging.config
logging.config.dictConfig({
    "version": 1,
    "handlers": {"own": {"class": "deep.handlers.Handler"}},
    "root": {"handlers": ["own"]},
})
"""


def test_a_logging_handler_of_the_project(tmp_path: Path) -> None:
    """`dictConfig` imports the class while it holds a lock that a child would find made anew (RELOAD.md, e16)."""
    (tmp_path / "deep").mkdir()
    for name, text in (("__init__", ""), ("handlers", HANDLER), ("below", "VALUE = 1\n")):
        (tmp_path / "deep" / f"{name}.py").write_text(text)
    application = APPLICATION.replace("import first", CONFIGURE + "import first").replace(
        "told = (", "import deep.below\n    told = (deep.below.VALUE, "
    )
    with serving(tmp_path, application=application) as project:
        for number in range(2, 5):
            # Here a checkpoint would be wanted, and is not safe.
            project.edit("deep/below.py", f"VALUE = {number - 1}", f"VALUE = {number}")
            assert project.get() == f"{number} first 1 middle 1 last 1"
        project.edit("deep/handlers.py", "        pass", "        return None")
        assert project.get() == "4 first 1 middle 1 last 1"
        assert "Traceback" not in project.server.err.text()


def test_what_is_executed_a_second_time_prints_nothing(tmp_path: Path) -> None:
    """What a reload prints is printed once; and what requests print comes out, whoever they are answered by."""
    loud = FILES["last.py"] + 'print("last is loaded", flush=True)\n'
    asked = FILES["first.py"].replace("    return", '    print("first is asked", flush=True)\n    return')
    with served(tmp_path, {**FILES, "first.py": asked, "last.py": loud}, serve_first=60) as project:
        project.get()
        project.running.wait_idle()
        here = project.server.out.here()
        project.edit("last.py", "VALUE = 1", "VALUE = 2")
        project.running.wait_idle()
        assert project.server.out.text(here).count("last is loaded") == 1
        assert project.edit("first.py", 'return "first"', 'return "F"').way == PATCH
        project.get()
        project.server.out.wait_for("first is asked", after=here)


REPLACED = """\
from dataclasses import dataclass

import last

class Base:
    __slots__ = ()

@dataclass(slots=True)
class One(Base):
    size: int = 0

# more

MADE = [[] for _ in range(5000)]

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(each.__name__ for each in Base.__subclasses__()).encode()]
"""
MORE = "@dataclass(slots=True)\nclass Two(Base):\n    size: int = 0\n"


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="there Python itself may keep the class, by chance of its counts"
)
def test_a_class_that_its_decorator_has_replaced_is_not_seen(tmp_path: Path) -> None:
    """Python collects it within some two thousand objects more. Kept from that, it would be seen for ever."""
    with serving(tmp_path, application=REPLACED) as project:
        assert project.get() == "One"
        project.edit("application.py", "# more", MORE)
        assert project.get() == "One Two"
        project.edit("last.py", "VALUE = 1", "VALUE = 2")
        assert project.get() == "One Two"
