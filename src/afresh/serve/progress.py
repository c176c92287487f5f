"""How far a thread has come, as the kernel tells it: to know one that waits from one that only was not let run.

On a busy machine a quick answer can take many milliseconds in which nothing is wrong with it. Who takes it for a slow
one wakes more threads, which makes the machine busier.
"""

import os
from typing import NamedTuple


class Progress(NamedTuple):
    """Seconds since a thread began: on a processor (`ran`), and ready to run but not let (`queued`)."""

    ran: float
    queued: float


NONE = Progress(0.0, 0.0)


class ThreadFile:
    """Reads the progress of one thread of this process at a time. For one thread at a time."""

    def __init__(self) -> None:
        self._thread = 0
        self._descriptor = -1

    def __repr__(self) -> str:
        return f"<ThreadFile {self._thread}>"

    def read(self, thread: int) -> Progress:
        """The progress of the thread of this native id; `NONE` where the kernel does not count it.

        What a thread waits for just now to be let run is not part of `queued` yet (proc(5), `schedstat`).
        """
        try:
            if thread != self._thread:
                self.close()
                self._descriptor = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
                self._thread = thread
            ran, queued = os.pread(self._descriptor, 100, 0).split()[:2]
        except (OSError, ValueError):
            return NONE
        return Progress(int(ran) / 1e9, int(queued) / 1e9)

    def close(self) -> None:
        """Close the file."""
        if self._thread:
            self._thread = 0
            os.close(self._descriptor)


def is_runnable(thread: int) -> bool:
    """Whether a thread runs, or would if it were let; one that waits for the interpreter's lock does not count."""
    try:
        with open(f"/proc/self/task/{thread}/stat", "rb", buffering=0) as file:
            return file.read(500).rpartition(b")")[2].split()[0] == b"R"
    except (OSError, IndexError):
        return False


def work_time(elapsed: float, before: Progress, now: Progress, *, runnable: bool) -> float:
    """Seconds of the `elapsed` ones between two readings in which a thread ran, or waited for something.

    While the thread is runnable, how long it has not been let run is not known yet, so only what it ran counts.
    """
    if now == NONE:
        return elapsed
    return now.ran - before.ran if runnable else elapsed - (now.queued - before.queued)
