"""What makes a fork unsafe at this moment, sensed and put into words."""

import os
import stat
import sys
import threading


def inherited_descriptors() -> frozenset[int]:
    """The descriptors that are open before the project runs: they are the user's business, not the project's."""
    return frozenset(map(int, os.listdir("/proc/self/fd")))


def obstacle(own: frozenset[int]) -> str:
    """Why this process must not be forked now, or an empty string. `own`: descriptors that do not count."""
    if sys.gettrace() is not None or _has_monitoring_tool():
        return "a debugger or a coverage tool is active"
    if len(os.listdir("/proc/self/task")) > 1:
        return f"the start-up left threads running ({_thread_names()})"
    sockets = _open_sockets() - own
    if sockets:
        return f"the start-up left {len(sockets)} network connection(s) open"
    return ""


def _has_monitoring_tool() -> bool:
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    return any(monitoring.get_tool(number) for number in (monitoring.DEBUGGER_ID, monitoring.COVERAGE_ID))


def _thread_names() -> str:
    main = threading.main_thread()
    names = [thread.name for thread in threading.enumerate() if thread is not main]
    return ", ".join(names) or "not Python's own"


def _open_sockets() -> frozenset[int]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.add(int(name))
        except OSError:
            continue  # the listing's own descriptor
    return frozenset(found)
