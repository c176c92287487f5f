"""Processes of this machine as `/proc` shows them: who belongs to a test, who is still there, who listens."""

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass

from afresh.testing.deadline import PATIENCE, Deadline

MARK = "AFRESH_TEST_MARK"
"""Environment variable by which the descendants of a started command are found, even those that left its session."""


@dataclass(frozen=True)
class Process:
    """One living process (no zombie): fields of proc(5) `stat` and its command line."""

    pid: int
    parent: int
    group: int
    session: int
    state: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.pid} (parent {self.parent}, {self.state}): {' '.join(self.command)}"


def look_up(pid: int) -> Process | None:
    """The process, or None when it is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = tuple(os.fsdecode(part) for part in file.read().split(b"\0")[:-1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX" and not _has_threads(pid):
        return None
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), fields[0], command)


def processor_time(pid: int) -> int:
    """Clock ticks that the process has used, those of the kernel for it included (proc(5)); 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[11]) + int(fields[12])


def waits(pid: int) -> dict[int, int]:
    """How often each thread of the process has gone to wait so far (proc(5), `voluntary_ctxt_switches`)."""
    found: dict[int, int] = {}
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/status", encoding="utf-8", errors="replace") as status:
                fields = dict(line.partition(":")[::2] for line in status)
            found[int(thread)] = int(fields["voluntary_ctxt_switches"])
    return found


def _has_threads(pid: int) -> bool:
    """Whether threads still run, and hold files and sockets open, though the first one has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except FileNotFoundError:
        return False


def marked(mark: str, session: int) -> list[Process]:
    """Processes that carry `mark` in the environment they were started with, or belong to `session`."""
    entry = f"{MARK}={mark}".encode()
    everyone = (look_up(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [one for one in everyone if one and (one.session == session or entry in _environment(one.pid))]


def _environment(pid: int) -> list[bytes]:
    with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return file.read().split(b"\0")
    return []


def children(pid: int) -> list[int]:
    """Process ids of the living children."""
    names = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [one.pid for name in names if (one := look_up(name)) and one.parent == pid]


def wait_gone(pid: int, within: float = PATIENCE) -> bool:
    """Wait until the process has ended (it may be a zombie still); False when the deadline passes first."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(Deadline(within).left() * 1000))
    finally:
        os.close(descriptor)


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal; a process that is gone already is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
