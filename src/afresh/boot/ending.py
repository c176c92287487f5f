"""How an app process ends: exit handlers exactly once, in the process they belong to."""

import atexit
import os
import sys
import weakref
from typing import NoReturn


def forget_exit_handlers() -> None:
    """In a forked child: what was registered before the fork belongs to the parent, which runs it at its own end.

    Otherwise the first server to end would delete the boot's temporary directories under its successor.
    """
    atexit._clear()
    finalizers = getattr(weakref.finalize, "_registry", {})
    for finalizer in list(finalizers):
        finalizer.atexit = False
    # They are run by an exit handler that the first of them registers, once: here it has to be registered again.
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]


def end(status: int) -> NoReturn:
    """Run this process's own exit handlers, flush, and end, without waiting for threads.

    Not by SystemExit: the command's frames are still on the stack, and Django's end, too, does not unwind the thread
    that serves.
    """
    try:
        atexit._run_exitfuncs()
    finally:
        flush()
        os._exit(status)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
