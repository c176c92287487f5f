"""Where the keeper begins: in the `afresh` command, or in the process that was `manage.py` before an exec."""

import os
import signal
import socket
import sys

from afresh.errors import AfreshError
from afresh.keeper import console
from afresh.keeper.loop import Keeper
from afresh.keeper.spec import BootSpec
from afresh.keeper.terminal import Terminal


def run(spec: BootSpec) -> int:
    """Keep an application running as `spec` says until the user ends it; returns the exit status."""
    return _run(spec, os.pipe(), None)


def resume() -> int:
    """Go on after the exec from `manage.py`: the handoff in the descriptor named on the command line says how."""
    with open(int(sys.argv[1]), encoding="ascii") as handoff:
        lines = handoff.read().split("\n", 1)
    read_end, write_end, channel, pid = map(int, lines[0].split())
    os.set_inheritable(read_end, False)
    os.set_inheritable(write_end, False)
    first_boot = (socket.socket(fileno=channel), pid) if pid else None
    if first_boot is not None:
        first_boot[0].set_inheritable(False)
    return _run(BootSpec.from_json(lines[1]), (read_end, write_end), first_boot)


def _run(spec: BootSpec, lifeline: tuple[int, int], first_boot: tuple[socket.socket, int] | None) -> int:
    terminal = Terminal.of(0)
    ended_by = signal.SIGINT

    try:
        keeper = Keeper(spec, lifeline, first_boot)
        status = keeper.run()
        ended_by = keeper.last_signal
    except AfreshError as exc:
        console.say([f"Error: {exc} {exc.hint}".strip()])
        status = 1
    finally:
        terminal.restore()
    if ended_by == signal.SIGHUP:
        # Nobody handles SIGHUP in Django's runserver: the shell is to see the same end.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)
    return status
