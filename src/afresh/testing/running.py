"""A started command: its streams, its signals, its end, and the proof that nothing of it is left."""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import termios
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from afresh.testing.deadline import PATIENCE, Deadline
from afresh.testing.processes import MARK, Process, kill, marked, processor_time, wait_gone
from afresh.testing.transcript import Transcript


class Running:
    """A command in a session of its own, with pipes or a terminal for its three standard streams.

    With a terminal, `out` and `err` are the same transcript and Ctrl+C goes through the line discipline, as typed.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], mark: str, out: Transcript, err: Transcript, typed: int
    ) -> None:
        self.pid = process.pid
        self.out = out
        self.err = err
        self._process = process
        self._mark = mark
        self._typed = typed
        self._terminal = out is err

    def type(self, text: str) -> None:
        """Write to the command's standard input, or to its terminal as keys."""
        os.write(self._typed, text.encode())

    def terminal_modes(self) -> list[Any]:
        """How its terminal is set up (termios(3)), as of `termios.tcgetattr`."""
        return termios.tcgetattr(self._typed)

    def close_input(self) -> None:
        """End its standard input. With a terminal, use `hang_up` instead."""
        if self._typed >= 0:
            os.close(self._typed)
            self._typed = -1

    def hang_up(self) -> None:
        """Close the terminal, or the other ends of all three pipes, as a closed window or a dead parent does."""
        self.out.stop()
        self.err.stop()
        self.close_input()

    def interrupt(self) -> None:
        """Ctrl+C: SIGINT for the whole foreground process group."""
        if self._terminal:
            self.type("\x03")
        else:
            self.signal_group(signal.SIGINT)

    def signal(self, number: int) -> None:
        """Send a signal to the command's own process only."""
        kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        """Send a signal to the command's process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait_exit(self, within: float = PATIENCE) -> int:
        """Wait for the command's own process; status as of `os.waitstatus_to_exitcode`."""
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within:g} s\n{self.told()}") from None

    def wait_for_job(self, within: float = PATIENCE) -> None:
        """Wait until a job of this shell has its terminal. No event tells of that: it is asked again and again."""
        deadline = Deadline(within)
        while os.tcgetpgrp(self._typed) == self.pid:
            assert not deadline.passed(), f"the shell keeps its terminal\n{self.told()}"
            os.sched_yield()

    def alive(self) -> list[Process]:
        """All living processes that descend from the command, itself included."""
        return marked(self._mark, self.pid)

    def wait_idle(self, within: float = PATIENCE) -> None:
        """Wait until no process of the command has worked, come or gone during half a second of work elsewhere."""
        deadline, before = Deadline(within), None
        while before != (now := {one.pid: processor_time(one.pid) for one in self.alive()}):
            assert not deadline.passed(), f"{within:g} s passed\n{self.told()}"
            before, start = now, os.times().user
            while os.times().user - start < 0.5:
                pass

    def wait_alone(self, within: float = PATIENCE) -> None:
        """Wait until no process of the command is left; AssertionError names those that stay."""
        deadline = Deadline(within)
        while left := self.alive():
            if not wait_gone(left[0].pid, deadline.left()):
                raise AssertionError("left behind:\n" + "\n".join(map(str, left)) + "\n" + self.told())

    def told(self) -> str:
        """All that the command wrote, for messages."""
        if self._terminal:
            return f"--- terminal\n{self.out.text()}"
        return f"--- stdout\n{self.out.text()}\n--- stderr\n{self.err.text()}"

    def destroy(self) -> None:
        """End everything at once and wait for it. Safe to call at any time, any number of times."""
        deadline = Deadline()
        while left := self.alive():
            for one in left:
                kill(one.pid, signal.SIGKILL)
            if not wait_gone(left[0].pid, deadline.left()):
                raise AssertionError("cannot be killed:\n" + "\n".join(map(str, left)))
        self._process.wait(deadline.left())
        self.hang_up()

    def __repr__(self) -> str:
        return f"<Running {self.pid} {self._process.args!r} status {self._process.poll()}>"


@contextmanager
def started(
    command: Sequence[str],
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    terminal: bool = False,
) -> Iterator[Running]:
    """Start a command and yield it; at the end of the block whatever is left of it is killed.

    `env` is the whole environment (this process's when None); one variable is added, by which descendants are found.
    `terminal`: a new pseudo terminal of 24 rows and 80 columns becomes the controlling one (needs `setsid`).
    """
    mark = uuid.uuid4().hex
    environment = {**(os.environ if env is None else env), MARK: mark}
    start = _start_in_terminal if terminal else _start_with_pipes
    running = start(tuple(command), cwd, environment, mark)
    try:
        yield running
    finally:
        running.destroy()


def _start_with_pipes(
    command: tuple[str, ...], cwd: str | os.PathLike[str] | None, env: dict[str, str], mark: str
) -> Running:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
    )
    # The file objects would close the descriptors under the reading threads: only the numbers are kept.
    streams = [stream for stream in (process.stdin, process.stdout, process.stderr) if stream is not None]
    typed, out, err = (os.dup(stream.fileno()) for stream in streams)
    for stream in streams:
        stream.close()
    return Running(process, mark, Transcript("stdout", out), Transcript("stderr", err), typed)


def _start_in_terminal(
    command: tuple[str, ...], cwd: str | os.PathLike[str] | None, env: dict[str, str], mark: str
) -> Running:
    outer, inner = os.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    setsid = shutil.which("setsid")
    assert setsid, "setsid (util-linux) is needed to give a command a terminal"
    try:
        process = subprocess.Popen(
            (setsid, "--ctty", *command), cwd=cwd, env=env, stdin=inner, stdout=inner, stderr=inner
        )
    finally:
        os.close(inner)
    screen = Transcript("terminal", outer)
    return Running(process, mark, screen, screen, os.dup(outer))
