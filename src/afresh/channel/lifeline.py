"""The lifeline: when the keeper is gone, however it went, the kernel ends every process that holds the project.

A pipe whose write end only the keeper has. Each process opens the read end anew (an open file description of its own)
and asks for SIGKILL instead of SIGIO when it becomes ready, which the closing of the last write end makes it. This
works in a process that is inside one long C call. A parent-death signal would not do: it fires when the thread that
forked ends, and kills a server when its checkpoint goes.
"""

import fcntl
import os
import signal


def hold(read_end: int) -> int:
    """Tie this process to the write end of the pipe; returns the descriptor that must stay open."""
    own = os.open(f"/proc/self/fd/{read_end}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(own, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
    if _has_hung_up(own):
        # The keeper went before O_ASYNC was set: no signal will come for that.
        os.kill(os.getpid(), signal.SIGKILL)
    return own


_F_SETSIG = 10  # fcntl.h on Linux; the fcntl module has no name for it


def _has_hung_up(read_end: int) -> bool:
    try:
        return os.read(read_end, 1) == b""
    except BlockingIOError:
        return False
