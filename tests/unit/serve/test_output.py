"""Lines for the terminal: which are written when, in which order, and what nobody waits for."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue

import pytest

from afresh.serve import output as module
from afresh.serve.output import Output, is_writable
from afresh.testing.deadline import PATIENCE


class Terminal:
    """What was written, write by write; while `stopped` is set, a write waits."""

    def __init__(self) -> None:
        self.writes: SimpleQueue[str] = SimpleQueue()
        self.begun: SimpleQueue[str] = SimpleQueue()
        self.goes = threading.Event()
        self.goes.set()

    def write(self, text: str) -> None:
        self.begun.put(text)
        assert self.goes.wait(PATIENCE)
        self.writes.put(text)

    def next(self) -> str:
        return self.writes.get(timeout=PATIENCE)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.goes.set()


def test_a_few_lines_are_written_by_who_adds_them(terminal: Terminal) -> None:
    """So that what a script's requests print and their lines come in one order."""
    output = Output(terminal.write)
    for number in range(module.AT_ONCE):
        output.add(f"{number}\n")
        assert terminal.writes.get_nowait() == f"{number}\n"


def test_lines_that_come_soon_after_are_written_together(terminal: Terminal) -> None:
    output = Output(terminal.write)
    lines = [f"{number}\n" for number in range(1000)]
    for line in lines:
        output.add(line)
    found = [terminal.next()]
    while len("".join(found)) < len("".join(lines)):
        found.append(terminal.next())
    assert "".join(found) == "".join(lines)
    assert len(found) < 100


def test_nobody_waits_for_a_terminal_that_is_stopped(terminal: Terminal) -> None:
    terminal.goes.clear()
    output = Output(terminal.write)
    stuck = threading.Thread(target=output.add, args=("one\n",), daemon=True)
    stuck.start()
    assert terminal.begun.get(timeout=PATIENCE) == "one\n"
    for line in ("two\n", "three\n"):
        output.add(line)
    assert terminal.writes.empty()
    terminal.goes.set()
    assert [terminal.next(), terminal.next()] == ["one\n", "two\nthree\n"]


def test_too_many_lines_wait_for_the_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    terminal.goes.clear()
    output = Output(terminal.write)
    ended: SimpleQueue[str] = SimpleQueue()

    def add(*lines: str) -> None:
        for line in lines:
            output.add(line)
            ended.put(line)

    threading.Thread(target=add, args=("1",), daemon=True).start()
    terminal.begun.get(timeout=PATIENCE)
    threading.Thread(target=add, args=("2", "3", "4", "5"), daemon=True).start()
    assert [ended.get(timeout=PATIENCE) for _ in range(2)] == ["2", "3"]
    terminal.goes.set()
    assert {ended.get(timeout=PATIENCE) for _ in range(3)} == {"1", "4", "5"}
    written = ""
    while len(written) < 5:
        written += terminal.next()
    assert written == "12345"


def test_threads_lose_nothing(terminal: Terminal) -> None:
    output = Output(terminal.write)

    def add(name: str) -> None:
        for number in range(300):
            output.add(f"{name}{number:03};")

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = ""
    while len(written) < 4 * 300 * 5:
        written += terminal.next()
    lines = written.split(";")[:-1]
    for name in "abcd":
        assert [line for line in lines if line[0] == name] == [f"{name}{number:03}" for number in range(300)]


def test_a_terminal_that_is_gone_takes_no_lines_and_nobody_down(capsys: pytest.CaptureFixture[str]) -> None:
    def write(_: str) -> None:
        raise BrokenPipeError

    output = Output(write)
    for _ in range(3):
        output.add("one\n")
    output.flush()
    assert "BrokenPipeError" in capsys.readouterr().err


def test_nothing_can_be_said_of_a_terminal_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(sys.stderr, "write", write)
    output = Output(write)
    output.add("one\n")
    output.flush()


def test_without_a_thread_lines_are_written_all_the_same(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    output = Output(terminal.write)
    lines = [f"{number}\n" for number in range(20)]
    for line in lines:
        output.add(line)
    assert "".join(terminal.writes.get_nowait() for _ in range(terminal.writes.qsize())) == "".join(lines)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside the thread that writes
def test_what_waits_at_the_end_of_the_process_is_written(tmp_path: os.PathLike[str]) -> None:
    """Not by a process that was forked meanwhile, which would write it a second time."""
    file = os.path.join(tmp_path, "out")
    pid = os.fork()
    if not pid:
        import atexit

        atexit._clear()
        with open(file, "a", buffering=1) as stream:
            output = Output(lambda text: print(text, end="", file=stream, flush=True))
            for number in range(9):
                output.add(f"{number}\n")
            inner = os.fork()
            if inner:
                os.waitpid(inner, 0)
            atexit._run_exitfuncs()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with open(file) as stream:
        assert stream.read() == "".join(f"{number}\n" for number in range(9))


def test_who_answers_does_not_wait_for_a_terminal_that_is_stopped(terminal: Terminal) -> None:
    is_ready = threading.Event()
    output = Output(terminal.write, is_ready.is_set)
    output.add("one\n")
    assert terminal.next() == "one\n", "a thread of its own writes it"
    is_ready.set()


def test_a_pipe_that_is_full_is_not_writable() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with open(reader, "rb") as out, open(writer, "w") as stream:
        assert is_writable(stream)
        with suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(1 << 16))
        assert not is_writable(stream)
        out.read(1 << 16)
        assert is_writable(stream)


@pytest.mark.parametrize("stream", [io.StringIO(), None, object()])
def test_what_is_no_file_is_taken_to_be_writable(stream: object) -> None:
    assert is_writable(stream)  # type: ignore[arg-type]
