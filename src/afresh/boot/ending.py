"""How an app process ends: exit handlers exactly once, in the process they belong to."""

import atexit
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from afresh.channel import messages as msg

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# By event: which arguments name what is changed, and which is the descriptor of the folder that it is in, if any.
CHANGES: dict[str, tuple[tuple[int, ...], int]] = {
    "os.remove": ((0,), 1),
    "os.rmdir": ((0,), 1),
    "os.rename": ((0, 1), 2),
    "os.truncate": ((0,), -1),
    "open": ((0,), -1),
}
MOST_FILES = 1000


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


def end(status: int, tell: Callable[[msg.Undoes], object] | None = None) -> NoReturn:
    """Run this process's own exit handlers, flush, and end, without waiting for threads.

    `tell` takes what they do to files. Not by SystemExit: the command's frames are still on the stack, and Django's
    end, too, does not unwind the thread that serves.
    """
    if tell is not None and atexit._ncallbacks():
        _tell_changes(tell)
    try:
        atexit._run_exitfuncs()
    finally:
        flush()
        os._exit(status)


def _tell_changes(tell: Callable[[msg.Undoes], object]) -> None:
    """Tell each file that this process removes or writes from now on, before it does. An audit hook stays to the end of
    the process, which is near."""
    told: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES and len(told) < MOST_FILES:
            try:
                for undoes in _changes(event, arguments):
                    if undoes.path not in told:
                        told.add(undoes.path)
                        tell(undoes)
            except Exception:
                pass  # a name that is none, or arguments of another Python: the call itself is not to fail

    sys.addaudithook(hook)


def _changes(event: str, arguments: tuple[Any, ...]) -> Iterator[msg.Undoes]:
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
        return
    names, folder = CHANGES[event]
    descriptor = arguments[folder] if folder >= 0 and arguments[folder] >= 0 else None
    for number in names:
        name = os.fsdecode(arguments[number])  # raises where it is a descriptor
        # `shutil.rmtree` names what it removes from within the folder.
        path = os.path.abspath(name) if descriptor is None else f"/proc/self/fd/{descriptor}/{name}"
        parent, name = os.path.split(path)
        path = os.path.join(os.path.realpath(parent), name)
        try:
            changed = os.lstat(path).st_ctime_ns
        except OSError:
            changed = 0
        yield msg.Undoes(path, changed)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
