"""What makes a fork unsafe at this moment, sensed and put into words."""

import os
import signal
import sys
import threading
import time

from afresh import native
from afresh.boot.descriptors import survey
from afresh.boot.renewal import Survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from afresh.boot.descriptors import Given

# Libraries that start threads of their own when they are imported and are ready for forks all the same: their thread
# pools end before a fork (pthread_atfork) and start anew afterwards, when they are needed. OpenBLAS is in both.
FORK_SAFE = frozenset({"numpy", "scipy"})
# The same of allocators, which start a thread with the first allocation of whoever has them built in (pyarrow): that
# thread ends and begins as a fork needs it (jemalloc's background_thread.c). By name, as the kernel tells it.
FORK_SAFE_THREADS = frozenset({"jemalloc_bg_thd"})
# Seconds that a thread may take to end after Python has let go of it: `Thread.join` returns before the kernel is told.
ENDING = 0.05
# A fork has none of these running (fork(2)).
TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
# Those that did not end in that time: nobody waits for them again.
_lasting: set[str] = set()
# So many threads were started while one of the libraries was imported. A number and not their names, since those of a
# pool that starts anew are others.
_allowed = 0


def while_importing(name: str) -> "Callable[[object], None] | None":
    """A module was found and is about to be executed: what to call afterwards where it is part of such a library."""
    if name.partition(".")[0] not in FORK_SAFE:
        return None
    foreign, allowed = _foreign_threads(), _allowed

    def executed(_: object) -> None:
        global _allowed
        # The modules that it has imported have been counted as well.
        _allowed = max(_allowed, allowed + _foreign_threads() - foreign)

    return executed


def imported_before() -> None:
    """Nobody has looked up to here: what such a library may have started is taken to be its own."""
    global _allowed
    if FORK_SAFE & sys.modules.keys():
        _allowed = _foreign_threads()


def _foreign_threads() -> int:
    """How many threads the `threading` module knows nothing of, and no list."""
    return max(0, len(_tasks()) - threading.active_count())


def _tasks() -> list[str]:
    """The kernel's threads but those that do not count."""
    tasks = os.listdir("/proc/self/task")
    return tasks if len(tasks) == 1 else [task for task in tasks if _task_name(task) not in FORK_SAFE_THREADS]


def _task_name(task: str) -> str:
    try:
        with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""  # it has ended


def sense(given: "Given", own: frozenset[int]) -> Survey:
    """Why this process must not be forked now, or what its forks have to open again.

    `given`: descriptors that the process was started with; `own`: Afresh's.
    """
    if why := _obstacle():
        return Survey(why)
    return survey(given, own | {_cleaner("_fd")})


def _obstacle() -> str:
    """What stands against a fork beside open descriptors."""
    if sys.gettrace() is not None or _has_monitoring_tool():
        return "a debugger or a coverage tool is active"
    if exchanged_by := native.who_forks() or native.who_serves():
        return f"{exchanged_by} has taken the place of functions of Python's own, and what it keeps is not to be copied"
    if threading.current_thread() is not threading.main_thread():
        return "it would be in the middle of a thread"
    if _has_threads():
        names = _names_of_threads()
        return f"the start-up left threads running ({names}); threads that begin with a request are no obstacle"
    if _holds_logging_lock():
        return "the logging module is being configured"
    if names := _children():
        return f"the start-up left a process running ({names}); one that begins with a request is no obstacle"
    if any(signal.getitimer(timer)[0] for timer in TIMERS):
        return "the start-up left a timer running (an alarm); one that a request sets is no obstacle"
    return ""


def _has_monitoring_tool() -> bool:
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    return any(monitoring.get_tool(number) for number in (monitoring.DEBUGGER_ID, monitoring.COVERAGE_ID))


def _has_threads() -> bool:
    """Whether the kernel knows of more threads than the main one and those of libraries that are ready for a fork, and
    they are not about to end."""
    deadline = 0.0
    while len(tasks := _tasks()) > 1:
        if threading.active_count() > 1 or _lasting.issuperset(tasks):
            return True
        if len(tasks) <= 1 + _allowed:
            return False
        deadline = deadline or native.monotonic() + ENDING
        if native.monotonic() > deadline:
            _lasting.update(tasks)
            return True
        time.sleep(0.001)
    return False


def _names_of_threads() -> str:
    """Those that a fork would lose: as Python calls them, or else as the kernel does, each name once."""
    # Of the main thread of a forked process, `native_id` is still that of the process it was forked from.
    main = threading.main_thread()
    ours = {str(thread.native_id): thread.name for thread in threading.enumerate() if thread is not main}
    names = list(ours.values())
    foreign = [task for task in _tasks() if task not in ours and task != str(os.getpid())]
    if len(foreign) > _allowed:
        names += [f"{_task_name(task)}, not Python's own" for task in foreign]
    return ", ".join(dict.fromkeys(names))


def _holds_logging_lock() -> bool:
    # It is made anew in a child, which then cannot release it (`logging._after_at_fork_child_reinit_locks`).
    lock = getattr(sys.modules.get("logging"), "_lock", None)
    return lock is not None and lock._is_owned()


def _cleaner(attribute: str) -> int:
    """The process that multiprocessing has to clean up behind its locks, since 3.14 behind all of them, and the pipe to
    it; -1 for none. It is no obstacle: a fork lets go of it and starts its own, or shares it up to 3.13, as its own
    processes do."""
    tracker = getattr(sys.modules.get("multiprocessing.resource_tracker"), "_resource_tracker", None)
    return getattr(tracker, attribute, None) or -1


def _children() -> str:
    """The names of child processes: a fork could neither wait for them nor end them."""
    cleaner = str(_cleaner("_pid"))
    found = []
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
                pids = file.read().split()
        except OSError:
            continue  # the thread has ended, or the kernel does not tell (CONFIG_PROC_CHILDREN)
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    name, _, fields = file.read().partition(b"(")[2].rpartition(b")")
            except OSError:
                continue
            if pid != cleaner and not fields.startswith(b" Z"):  # one that has ended and that nobody has asked about
                found.append(name.decode("utf-8", "replace"))
    return ", ".join(found)
