"""Starts servers for measuring, and reads what their processes cost from `/proc`."""

import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from afresh.testing.processes import MARK, kill, marked, wait_gone

TICKS = os.sysconf("SC_CLK_TCK")


class Launched:
    """A server that was started: its first process, and all that descend from it."""

    def __init__(self, process: "subprocess.Popen[bytes]", mark: str, log: str) -> None:
        self._process = process
        self._mark = mark
        self._log = log

    def pids(self) -> list[int]:
        """Its living processes."""
        return [one.pid for one in marked(self._mark, self._process.pid)]

    def output(self) -> str:
        """The end of what it wrote."""
        with open(self._log, errors="replace") as file:
            return file.read()[-4000:]

    def said(self, after: int = 0) -> str:
        """What it wrote, from an offset in bytes on."""
        with open(self._log, "rb") as file:
            file.seek(after)
            return file.read().decode(errors="replace")

    def here(self) -> int:
        """The offset of the end of what it wrote."""
        return os.stat(self._log).st_size

    def ended(self) -> int | None:
        """The exit status of the first process, None while it runs."""
        return self._process.poll()

    def stop(self, patience: float = 10.0) -> None:
        """Ctrl+C, then SIGKILL for what is left of it after `patience` seconds."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        while left := self.pids():
            for pid in left:
                kill(pid)
            wait_gone(left[0])
        self._process.wait()

    def __repr__(self) -> str:
        return f"<Launched {self._process.args!r} pid {self._process.pid} status {self._process.poll()}>"


@contextmanager
def launched(command: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> Iterator[Launched]:
    """Start a server with its output in a file: a pipe or a terminal would be read at the expense of the measured."""
    with tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log") as log:
        mark = uuid.uuid4().hex
        variables = {**env, MARK: mark}
        process = subprocess.Popen(
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        server = Launched(process, mark, log.name)
        try:
            yield server
        finally:
            server.stop()


def proportional_set_size(pids: Sequence[int]) -> int:
    """Memory of the processes in bytes, shared pages divided among those that share them (`smaps_rollup`, proc(5))."""
    return sum(map(_proportional, pids))


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes and of their children that have ended, in seconds (fields 14 to 17 of
    `stat`, proc(5)); the clock ticks every 10 ms."""
    return sum(map(_cpu_ticks, pids)) / TICKS


def _cpu_ticks(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(field) for field in fields[11:15])
