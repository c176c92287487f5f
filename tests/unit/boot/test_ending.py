"""What a process runs at its end, and what it leaves to the one that it was forked from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, weakref
from afresh.boot.ending import end, forget_exit_handlers

class Thing:
    pass

first = Thing()
weakref.finalize(first, print, "the parent's", flush=True)
if not (pid := os.fork()):
    forget_exit_handlers()
    second = Thing()
    weakref.finalize(second, print, "the child's", flush=True)
    end(0)
os.waitpid(pid, 0)
print("the parent ends", flush=True)
"""


def test_finalizers_run_at_the_end_of_the_process_that_made_them() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stdout == "the child's\nthe parent ends\nthe parent's\n"


CHANGING = """
import atexit, os, pathlib, shutil, signal
from afresh.boot.ending import end

def change():
    {change}

atexit.register(change)
end(0, lambda said: print(os.path.relpath(said.path), said.changed, os.path.lexists(said.path), flush=True))
"""
# What an exit handler does: the files that are told.
CHANGES = {
    "os.unlink('one')": ["one"],
    "os.unlink(b'one')": ["one"],
    "os.unlink(os.path.abspath('one'))": ["one"],
    "pathlib.Path('one').unlink()": ["one"],
    "os.unlink('gone') if os.path.exists('gone') else None": [],
    "open('one', 'w').close()": ["one"],
    "open('one', 'a').close()": ["one"],
    "open('one').close()": [],
    "os.close(os.open('new', os.O_CREAT | os.O_WRONLY))": ["new"],
    "pathlib.Path('new').write_text('')": ["new"],
    "os.rename('one', 'new')": ["one", "new"],
    "os.replace('one', 'folder/two')": ["one", "folder/two"],
    "os.truncate('one', 0)": ["one"],
    "os.rmdir('empty')": ["empty"],
    "shutil.rmtree('folder')": ["folder/two", "folder"],
    "shutil.rmtree('gone', ignore_errors=True)": [],
    "[open('one', 'w').close() for _ in range(3)]": ["one"],
    "os.truncate(os.open('one', os.O_RDONLY), 0)": [],
    "print('an error of its own', 1 / 0)": [],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_exit_handlers_do_to_files_is_told_before_they_do_it(tmp_path: Path, change: str) -> None:
    for folder in ("folder", "empty"):
        (tmp_path / folder).mkdir()
    for name in ("one", "folder/two"):
        (tmp_path / name).write_text("text")
    (tmp_path / "link").symlink_to("folder")
    times = {name: os.lstat(tmp_path / name).st_ctime_ns for name in ("one", "folder", "folder/two", "empty")}
    program = CHANGING.format(change=change)
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    told = [line.split() for line in ended.stdout.splitlines()]
    assert [name for name, *_ in told] == CHANGES[change]
    for name, changed, is_there in told:
        assert is_there == str(name in times), "it is told before it is done"
        # Of a folder that is being emptied, the time is that of the last name that went.
        assert int(changed) == times.get(name, 0) or name == "folder"
