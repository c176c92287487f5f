"""What the kernel tells of a thread, and what follows from it."""

import os
import threading
import time

import pytest

from afresh.serve.progress import NONE, Progress, ThreadFile, is_runnable, work_time
from afresh.testing.deadline import PATIENCE

BEFORE = Progress(1.0, 2.0)


@pytest.mark.parametrize(
    ("now", "runnable", "expected"),
    [
        pytest.param(Progress(1.25, 2.0), False, 0.5, id="waits for something since a while"),
        pytest.param(Progress(1.0, 2.5), False, 0.0, id="was not let run, now waits for the interpreter"),
        pytest.param(Progress(1.5, 2.0), True, 0.5, id="works"),
        pytest.param(Progress(1.0, 2.0), True, 0.0, id="is not let run"),
        pytest.param(NONE, True, 0.5, id="not counted"),
    ],
)
def test_what_an_answer_took(now: Progress, runnable: bool, expected: float) -> None:
    assert work_time(0.5, BEFORE, now, runnable=runnable) == expected


def test_the_progress_of_threads() -> None:
    file = ThreadFile()
    me = threading.get_native_id()
    before = file.read(me)
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass
    os.sched_yield()
    assert file.read(me).ran > before.ran
    assert is_runnable(me)
    asleep, go_on = threading.Event(), threading.Event()

    def sleep() -> None:
        asleep.set()
        go_on.wait()

    other = threading.Thread(target=sleep)
    other.start()
    assert asleep.wait(PATIENCE)
    assert other.native_id is not None
    while is_runnable(other.native_id):
        pass
    assert file.read(other.native_id) != NONE
    go_on.set()
    other.join()
    file.close()


def test_a_thread_that_is_gone() -> None:
    none = 1 << 22  # PID_MAX_LIMIT: ids are smaller
    assert ThreadFile().read(none) == NONE
    assert not is_runnable(none)
