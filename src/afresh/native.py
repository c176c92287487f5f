"""Python's own clocks and whether its own functions are in place, whatever a project has put there.

gevent and eventlet exchange threads, sockets and `select` for ones of their own; freezegun stops the clocks, that of
time-outs among them, in every module that has a name for one. A module of C code can be loaded a second time, and what
that copy holds nobody has exchanged.
"""

import os
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, ModuleType
from typing import Any


def copy_of(name: str) -> ModuleType:
    """A copy of one of Python's modules of C code."""
    spec: Any = sys.modules[name].__spec__
    copy: ModuleType = spec.loader.create_module(spec)
    spec.loader.exec_module(copy)
    return copy


_time = copy_of("time")
monotonic: Callable[[], float] = _time.monotonic
monotonic_ns: Callable[[], int] = _time.monotonic_ns


def time_of_files() -> int:
    """The clock of files, in nanoseconds: what a file made now has for its time. Nothing stops this one."""
    descriptor = os.memfd_create("afresh-clock")
    try:
        return os.fstat(descriptor).st_ctime_ns
    finally:
        os.close(descriptor)


def who_serves() -> str:
    """Who has taken the place of Python's threads, sockets or `select`, as a package's name; empty for nobody.

    Requests of such a project are to be answered as it expects: by switching in one thread.
    """
    import select
    import socket

    # Not by how threads are started: a debugger wraps that, and what it starts are threads.
    thread = sys.modules["_thread"]
    for found in (thread.get_ident, thread.allocate_lock, getattr(select, "poll", None), socket.socket):
        if not isinstance(found, BuiltinFunctionType) and getattr(found, "__module__", "") != "socket":
            return _package_of(found)
    return "" if hasattr(select, "epoll") else _package_of(None)


def who_forks() -> str:
    """Who has taken the place of `os.fork`, likewise."""
    return "" if isinstance(os.fork, BuiltinFunctionType) else _package_of(os.fork)


def _package_of(found: object) -> str:
    package = str(getattr(found, "__module__", "")).partition(".")[0]
    known = [name for name in ("gevent", "eventlet") if name in sys.modules]
    return package or next(iter(known), "a package")
