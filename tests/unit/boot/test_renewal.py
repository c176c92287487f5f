"""What a start opened and a fork uses: in each of several forks as in each of several starts of their own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TURNS = 3

PROGRAM = """
import fcntl, logging.handlers, mmap, multiprocessing, os, sys, tempfile
from afresh.boot.descriptors import given_at_exec
from afresh.boot.renewal import Spoilt, renew
from afresh.boot.sensors import sense
given = given_at_exec()

{opened}

def used():
{used}

if sys.argv[1] == "cold":
    print(used())
else:
    found = sense(given, frozenset())
    assert not found.obstacle, found.obstacle
    for _ in range({turns}):
        sys.stdout.flush()
        if os.fork() == 0:
            try:
                renew(found.renewals)
                print(used())
            except Spoilt:
                print("spoilt")
            sys.stdout.flush()
            os._exit(0)
        os.wait()
"""


@dataclass(frozen=True)
class Case:
    """`opened`: what the start does. `used`: a body of a function that uses it."""

    name: str
    opened: str
    used: str


LOG = "logging.handlers.RotatingFileHandler('app.log', maxBytes=100, backupCount=2)"

CASES = [
    Case("a file that is read", "f = open('words', 'rb', buffering=0)", "return f.read(7)"),
    Case("in part", "f = open('words'); f.readline(); f.seek(f.tell())", "return f.readline(), f.tell()"),
    Case("through a buffer", "f = open('words', 'rb'); f.read(3)", "return f.read(7), f.raw.tell()"),
    Case("twice", "f = os.open('words', 0); g = os.dup(f)", "return os.read(f, 3), os.read(g, 3)"),
    Case("twice apart", "f, g = (os.open('words', 0) for _ in 'ab')", "return os.read(f, 3), os.read(g, 3)"),
    Case("a deleted one", "f = open('words', 'rb', 0); os.rename('words', 'w'); os.link('w', 'words'); os.remove('w')",
         "return f.read(5)"),
    Case("without waiting", "f = os.open('words', os.O_NONBLOCK)", "return os.get_blocking(f), os.get_inheritable(f)"),
    Case("for programs", "f = os.open('words', 0); os.set_inheritable(f, True)", "return os.get_inheritable(f)"),
    Case("a folder", "f = os.open('.', 0)", "return sorted(os.listdir(f)), os.lseek(f, 0, 1)"),
    Case("a log", "f = open('log', 'a')", "f.write('one\\n'); f.flush(); return f.tell(), open('log').read()"),
    Case("a log that is deleted", "f = open('log', 'a')",
         "f.write('one\\n'); f.flush(); text = open('log').read(); os.remove('log'); return text, f.tell()"),
    Case("a log that is replaced", "f = open('log', 'a')",
         "f.write('one\\n'); f.flush(); open('new', 'w').write('two\\n'); os.rename('new', 'log'); return f.tell()"),
    Case("a log that is read, too", "f = open('log', 'a+', 1); f.write('1\\n'); f.seek(0)",
         "text = f.read(2); return text, f.tell()"),
    Case("logs that rotate", f"log = {LOG}; logging.getLogger().addHandler(log)",
         "for n in range(7): logging.error('%030d', n)\n"
         "return {name: open(name).read() for name in os.listdir() if 'log' in name}"),
    Case("the file of a lock", "f = open('lock', 'w')",
         "fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB); return os.path.getsize('lock')"),
    Case("a temporary file", "f = tempfile.TemporaryFile(); f.write(b'abc' * 5000); f.seek(4)",
         "text = f.read(); f.write(b'more'); return text, f.tell()"),
    Case("a file in memory", "f = os.memfd_create('m'); os.write(f, b'abc'); os.lseek(f, 1, 0)",
         "text = os.read(f, 10); os.write(f, b'more'); return text, os.fstat(f).st_size"),
    Case("a temporary file, twice",
         "f = tempfile.TemporaryFile(buffering=0); g = open(f'/proc/self/fd/{f.fileno()}', 'rb', 0)",
         "f.write(b'abc'); return g.read(2), f.tell()"),
    Case("a file in memory that is sealed",
         "f = os.memfd_create('m', 2); os.write(f, b'a'); os.lseek(f, 0, 0); fcntl.fcntl(f, 1033, 8)",
         "return os.read(f, 2)"),
    Case("shared memory", "m = mmap.mmap(-1, 10000); m[0] = 1", "m[0] += 1; m[9999] += 1; return m[0], m[9999]"),
    Case("shared memory of a file in memory",
         "f = os.memfd_create('m'); os.truncate(f, 9000); m = mmap.mmap(f, 0); g = mmap.mmap(f, 99, offset=4096)",
         "m[0] += 1; m[4096] += 1; os.pwrite(f, b'x', 1); return m[0], m[1], g[0]"),
    Case("a lock", "k = multiprocessing.Lock()", "return k.acquire(timeout=10)"),
    Case("a lock that the start has taken", "k = multiprocessing.Lock(); k.acquire()", "return k.acquire(block=False)"),
    Case("a semaphore", "k = multiprocessing.Semaphore(2)", "k.acquire(); return k.get_value()"),
    Case("a value", "v = multiprocessing.Value('i', 3)", "v.value += 1; return v.value"),
    Case("an array", "v = multiprocessing.Array('i', [3, 4])", "v[1] += 1; return v[:]"),
    Case("a flag", "e = multiprocessing.Event()", "before = e.is_set(); e.set(); return before, e.is_set()"),
    Case("a queue", "q = multiprocessing.SimpleQueue()", "was = q.empty(); q.put(1); return was, q.empty()"),
    Case("a queue that a process fills", "q = multiprocessing.get_context('fork').SimpleQueue()",
         "p = multiprocessing.get_context('fork').Process(target=q.put, args=(1,)); p.start(); p.join()\n"
         "return q.get(), q.empty()"),
    Case("a pipe", "r, w = os.pipe(); os.set_blocking(r, False)",
         "os.write(w, b'x'); text = os.read(r, 10); os.write(w, b'rest')\n"
         "return text, os.get_blocking(r), os.get_blocking(w), os.get_inheritable(r)"),
    Case("a long pipe", "r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETPIPE_SZ, 4096)",
         "return fcntl.fcntl(w, fcntl.F_GETPIPE_SZ)"),
    Case("a counter", "f = os.eventfd(3)", "before = os.eventfd_read(f); os.eventfd_write(f, 5); return before"),
    Case("a counter that gives one at a time", "f = os.eventfd(3, os.EFD_SEMAPHORE | os.EFD_NONBLOCK); g = os.dup(f)",
         "return os.eventfd_read(f), os.eventfd_read(g), os.get_blocking(g)"),
]  # fmt: skip


def run(case: Case, way: str, folder: Path) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "words").write_text("line 1\nline 2\nline 3\n", encoding="ascii")
    used = "".join(f"    {line}\n" for line in case.used.splitlines())
    code = PROGRAM.format(opened=case.opened, used=used, turns=TURNS)
    command = [sys.executable, "-c", code, way]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fork_finds_what_a_start_of_its_own_would(tmp_path: Path, case: Case) -> None:
    cold = [line for _ in range(TURNS) for line in run(case, "cold", tmp_path / "cold")]
    assert run(case, "forks", tmp_path / "forks") == cold
    assert len(cold) == TURNS


SPOILT = [
    Case("an empty file that is written then", "f = open('new', 'w')", "f.write('x'); f.flush()"),
    Case("an empty file that is replaced", "f = open('new', 'w')", "os.remove('new'); open('new', 'w').close()"),
    Case("an empty file that is deleted", "f = open('new', 'w')", "os.remove('new')"),
    Case("a log without its folder", "os.mkdir('d'); f = open('d/log', 'a')", "os.remove('d/log'); os.rmdir('d')"),
]


@pytest.mark.parametrize("case", SPOILT, ids=lambda case: case.name)
def test_what_cannot_be_as_in_a_start_is_not_gone_on_with(tmp_path: Path, case: Case) -> None:
    assert run(case, "forks", tmp_path / "forks") == ["None", "spoilt", "spoilt"]
