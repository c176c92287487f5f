"""Where the first process has to stay what it is, it starts everybody beside itself: under a debugger, and where it
came to Django's reloader by itself, with whatever it has started on the way.

A debugger follows those processes that the one it was attached to starts in a way it knows (`subprocess`, for pydevd),
and rewrites their command lines for it. So the keeper, which is not to be followed, is started through `env`, and does
not start boots itself: it asks the spawner, with the words by which it asks a checkpoint for a child.
"""

import os
import signal
import subprocess
from functools import partial

from afresh.channel import messages as msg
from afresh.channel.endpoint import Endpoint, app_endpoint, pair
from afresh.errors import Disconnected
from afresh.keeper.children import CHANNEL_VARIABLE
from afresh.keeper.eventloop import EventLoop
from afresh.keeper.handoff import Handoff
from afresh.keeper.interpreters import boot_command, isolated, own_library_path
from afresh.keeper.spec import RESTARTING, STOPPING, BootSpec


def run(spec: BootSpec) -> int:
    """Start the keeper and, for it, boots, until it ends; returns the exit status. From the main thread only."""
    ours, theirs = pair()
    # Kept until there are handlers, here and in the keeper, which inherits this: Ctrl+C meanwhile would end only one.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        with theirs:
            keeper = _start_keeper(spec, theirs.fileno())
        spawner = Spawner(spec, app_endpoint(ours), keeper)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return spawner.run()


def _start_keeper(spec: BootSpec, channel: int) -> "subprocess.Popen[bytes]":
    handoff = Handoff(spec, os.pipe(), channel)
    file = handoff.write()
    command = isolated(spec.python, "from afresh.keeper.main import resume; sys.exit(resume())", own_library_path())
    try:
        return subprocess.Popen(["env", *command, str(file)], env=spec.environ, pass_fds=(*handoff.descriptors, file))
    finally:
        for descriptor in (*handoff.lifeline, file):
            os.close(descriptor)


class Spawner:
    """The first process at work, until the keeper ends. Boots are its children, and it alone can tell how they end."""

    def __init__(
        self, spec: BootSpec, endpoint: Endpoint[msg.ToApp, msg.FromApp], keeper: "subprocess.Popen[bytes]"
    ) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._keeper = keeper
        self._boots: dict[int, subprocess.Popen[bytes]] = {}  # by pidfd
        self._loop = EventLoop()
        self._loop.add_signal_handler(signal.SIGINT, lambda: None)  # the keeper got it too, and ends everybody
        self._loop.add_signal_handler(signal.SIGTERM, keeper.terminate)
        # The shell knows this process.
        self._loop.add_signal_handler(RESTARTING, keeper.send_signal, RESTARTING)
        self._loop.add_reader(endpoint.fileno(), self._obey)
        self._loop.add_reader(os.pidfd_open(keeper.pid), self._loop.stop)

    def __repr__(self) -> str:
        return f"<Spawner keeper={self._keeper.pid} boots={sorted(boot.pid for boot in self._boots.values())}>"

    def run(self) -> int:
        """Obey the keeper until it ends; returns its exit status."""
        self._loop.run()
        for boot in self._boots.values():
            boot.wait()  # the kernel ends them where the keeper did not: they hold its lifeline
        status = self._keeper.wait()
        return status if status >= 0 else 128 - status  # as a shell tells of a signal

    def _obey(self) -> None:
        try:
            message, descriptors = self._endpoint.receive()
        except Disconnected:
            self._loop.remove_reader(self._endpoint.fileno())
            return
        if isinstance(message, msg.Fork):
            self._start_boot(message.handle, descriptors[0])

    def _start_boot(self, handle: int, channel: int) -> None:
        try:
            boot = subprocess.Popen(
                boot_command(self._spec),
                env={**self._spec.environ, "RUN_MAIN": "true", CHANNEL_VARIABLE: str(channel)},
                pass_fds=(channel,),
            )
        finally:
            os.close(channel)
        pidfd = os.pidfd_open(boot.pid)
        self._boots[pidfd] = boot
        self._loop.add_reader(pidfd, partial(self._ended, pidfd))
        self._tell(msg.Forked(handle, boot.pid))

    def _ended(self, pidfd: int) -> None:
        self._loop.remove_reader(pidfd)
        os.close(pidfd)
        boot = self._boots.pop(pidfd)
        self._tell(msg.ChildEnded(boot.pid, boot.wait()))

    def _tell(self, message: msg.FromApp) -> None:
        try:
            self._endpoint.send(message)
        except Disconnected:
            pass  # the keeper is ending, and its pidfd will say so
