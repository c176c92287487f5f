"""Where the keeper begins: in the `afresh` command, or in the process that was `manage.py` before an exec."""

import os
import signal
import socket
import sys

from afresh.errors import AfreshError
from afresh.keeper import console
from afresh.keeper.handoff import Handoff
from afresh.keeper.loop import FirstBoot, Keeper
from afresh.keeper.spec import BootSpec
from afresh.keeper.terminal import Terminal
from afresh.stack import roomy


def run(spec: BootSpec) -> int:
    """Keep an application running as `spec` says until the user ends it; returns the exit status."""
    return _run(Handoff(spec, os.pipe()))


def resume() -> int:
    """Go on in a fresh interpreter: the handoff in the descriptor named on the command line says how."""
    return _run(Handoff.read(int(sys.argv[1])))


@roomy
def _run(handoff: Handoff) -> int:
    terminal = Terminal.of(0)
    ended_by = signal.SIGINT
    try:
        keeper = _keeper(handoff, terminal)
        status = keeper.run()
        ended_by = keeper.last_signal
    except AfreshError as exc:
        console.say([f"Error: {exc} {exc.hint}".strip()])
        status = 1
    else:
        if keeper.gives_way:
            terminal.restore()
            console.say([keeper.gives_way])
            keeper.become_the_command()
    finally:
        terminal.restore()
    if ended_by == signal.SIGHUP:
        # Nobody handles SIGHUP in Django's runserver: the shell is to see the same end.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)
    return status


def _keeper(handoff: Handoff, terminal: Terminal) -> Keeper:
    channel = None if handoff.channel < 0 else socket.socket(fileno=handoff.channel)
    if channel is None or not handoff.pid:
        return Keeper(handoff.spec, handoff.lifeline, terminal, spawner=channel)
    first_boot = FirstBoot(channel, handoff.pid, handoff.consumed, handoff.began)
    return Keeper(handoff.spec, handoff.lifeline, terminal, first_boot)
