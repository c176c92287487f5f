"""Whether a process waits for a lock: lines of proc_locks(5), and the kernel's own."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from afresh.keeper.locks import waits_for_lock
from afresh.testing.deadline import PATIENCE, Deadline

LOCKS = """\
1: FLOCK  ADVISORY  WRITE 10 08:01:26 0 EOF
1: -> FLOCK  ADVISORY  WRITE 20 08:01:26 0 EOF
2: POSIX  ADVISORY  READ 30 08:01:27 0 100
2: -> POSIX  ADVISORY  WRITE 40 08:01:27 0 EOF
"""
TAKES_THE_LOCK = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"


@pytest.mark.parametrize(
    ("pid", "expected"), [(10, False), (20, True), (30, False), (40, True), (2, False), (0, False)]
)
def test_the_lines_with_an_arrow(tmp_path: Path, pid: int, expected: bool) -> None:
    file = tmp_path / "locks"
    file.write_text(LOCKS)
    assert waits_for_lock(pid, str(file)) is expected


def test_a_kernel_that_does_not_tell(tmp_path: Path) -> None:
    assert not waits_for_lock(1, str(tmp_path / "locks"))


def test_a_process_that_waits(tmp_path: Path) -> None:
    with open(tmp_path / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen([sys.executable, "-S", "-c", TAKES_THE_LOCK, tmp_path / "lock"]) as other:
            try:
                deadline = Deadline(PATIENCE)
                while not waits_for_lock(other.pid):
                    assert not deadline.passed()
                    os.sched_yield()
                fcntl.flock(held, fcntl.LOCK_UN)
                assert other.wait(PATIENCE) == 0
            finally:
                other.kill()
