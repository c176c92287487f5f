"""The entry through `manage.py runserver`: one fork, when Django imports the first app.

The child goes on as the first boot, with RUN_MAIN set before any app is loaded. The parent becomes the keeper by exec,
so that its process id, terminal and exit status stay the shell's. Nobody loads the project twice.
"""

import json
import os
import signal
import socket
import sys
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from afresh import native
from afresh.django.support import objection
from afresh.guard import failed, guarded

if TYPE_CHECKING:
    from afresh.keeper.spec import BootSpec
    from afresh.options.table import Options

RUN_MAIN = "RUN_MAIN"  # django.utils.autoreload.DJANGO_AUTORELOAD_ENV
TARGET_BYTES = 200_000  # of one packet, at most
HELP = ("-h", "--help", "--version")
_was_entered = False  # the command is a runserver, and what becomes of it has been decided
CLOCK_LAG = 10_000_000  # nanoseconds that the file system's clock is behind, at most: a tick


def enter() -> None:
    """Called when `afresh.django` is imported; does something only below `ManagementUtility.execute` of runserver."""
    argv = _argv_of_execute(sys._getframe())
    if argv is None or argv[1:2] != ["runserver"]:
        return
    if _has_session():
        return
    if why := objection():
        # Django loads the project twice, and `--help` is to say what it says.
        if os.environ.get(RUN_MAIN) != "true" and not any(word in HELP for word in argv):
            print(why, file=sys.stderr)
        return
    global _was_entered
    _was_entered = True
    guarded("taking over from runserver", "Django's own server runs")(_enter)(argv)


def _enter(argv: list[str]) -> None:
    is_wanted = _wants_reloader(argv[2:])
    if is_wanted and os.environ.get(RUN_MAIN) == "true":
        return  # Django's own reloader has started this process, and runs the server on a thread
    if is_wanted and sys.platform == "linux" and not _is_debugged():
        _become_keeper(argv)
        return
    from afresh.django import seams

    seams.install()
    if not is_wanted:
        return
    if sys.platform != "linux":
        print("Afresh leaves reloading to Django here: it needs Linux.", file=sys.stderr)
    else:
        seams.in_parent = partial(_spawn_boots, argv)


def _has_session() -> bool:
    """Whether this process is a boot already; what has not even been imported cannot have begun one."""
    session = sys.modules.get("afresh.boot.session")
    return session is not None and session.current() is not None


def _argv_of_execute(frame: FrameType | None) -> list[str] | None:
    """The words that `ManagementUtility` was given: wrappers pass a list of their own instead of `sys.argv`."""
    while frame is not None:
        if frame.f_code.co_name == "execute" and frame.f_globals.get("__name__") == "django.core.management":
            argv: list[str] = frame.f_locals["self"].argv
            return argv
        frame = frame.f_back
    return None


def _wants_reloader(words: list[str]) -> bool:
    from afresh.keeper.spec import is_noreload

    return not any(word in HELP or is_noreload(word) for word in words)


def _is_debugged() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    tracer = sys.gettrace()
    return "pydevd" in sys.modules or (tracer is not None and not _is_coverage(tracer))


def _is_coverage(tracer: object) -> bool:
    return type(tracer).__module__.startswith("coverage") or getattr(tracer, "__module__", "").startswith("coverage")


def stand_in_front() -> None:
    """Called where Django's reloader would start its child, of a command that `enter` did not know for one that serves
    (`call_command` of a command of the project's own, of a script). Ends the process as Django does.

    It stays beside the keeper, as Django's stays beside its child: what has been started by now (threads, programs) is
    to live on. Returns where Django itself is to go on: in a child of its reloader, on a thread other than the main
    one, where it raises, and where there is no command line to start again.
    """
    from threading import current_thread, main_thread

    is_child = os.environ.get(RUN_MAIN) == "true"
    if _was_entered or is_child or sys.platform != "linux" or current_thread() is not main_thread():
        return
    if _is_debugged():
        _spawn_boots(sys.argv)
    spec = _spec(sys.argv, sys.orig_argv)
    if not spec.target or spec.target[0] == "-":
        return
    from afresh.keeper.spawner import run

    sys.exit(run(spec))


def _spawn_boots(argv: list[str]) -> NoReturn:
    """Be what Django's parent process is, where a fork or an exec would lose the debugger: start all others beside."""
    from django.utils.autoreload import get_child_arguments

    from afresh.keeper.spawner import run

    print("A debugger is attached: each save starts a process that it can follow.", file=sys.stderr)
    # Not `sys.orig_argv`, which would start one more debugger.
    command = [os.fspath(word) for word in get_child_arguments()]
    sys.exit(run(_spec(argv, command)._replace(is_debugged=True)))


def _become_keeper(argv: list[str]) -> None:
    """Fork and go on as the first boot; where a fork would not be exact, only the keeper goes on.

    The user waits for the boot, so the fork comes first. What the parent has to find out before the boot may run any
    more of the project is found while the boot imports what it needs of Afresh.
    """
    began = native.monotonic_ns()
    lifeline = os.pipe()
    # Threads that a fork would lose, or a loop that it would share.
    if len(os.listdir("/proc/self/task")) > 1 or native.who_forks() or native.who_serves():
        _exec_keeper(_spec(argv, sys.orig_argv), lifeline, None)
    keeper_side, boot_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    forked = native.time_of_files()
    pid = os.fork()
    if pid == 0:
        keeper_side.close()
        os.close(lifeline[1])
        try:
            _go_on_as_first_boot(boot_side, lifeline[0])
        except Exception as exc:
            # It must not go on as Django's server: its parent becomes the keeper.
            failed("going on as the first start", "a fresh interpreter starts, by the next edit at last", exc)
            os._exit(1)
        return
    boot_side.close()
    try:
        with keeper_side:  # where there is no use for it, its end is the child's
            spec = _spec(argv, sys.orig_argv)
            if not _must_start_afresh():
                port = None if spec.address is None else spec.address[1]
                keeper_side.send(json.dumps([spec.target, port, spec.options.allow_host]).encode("ascii"))
                _exec_keeper(spec, lifeline, (keeper_side, pid), _consumed_so_far(spec.target, forked), began)
    except BrokenPipeError:
        pass  # the child has failed, and said so
    except BaseException:
        # It may be on its way already, and there will be no keeper.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    os.waitpid(pid, 0)
    _exec_keeper(spec, lifeline, None)


def _must_start_afresh() -> bool:
    """Whether what has run so far would have run differently with RUN_MAIN set."""
    from afresh.keeper.twin import in_loaded_modules

    return in_loaded_modules()


def _consumed_so_far(target: tuple[str, ...], forked: int) -> bytes:
    """For the keeper, what this process and so the boot had loaded when it `forked`. Told here: nobody waits for it.

    Not reckoned from when this process began: a script that installs what is needed and ends in `exec` began before.
    """
    from afresh.boot import assumed
    from afresh.boot.loaded import entries
    from afresh.boot.roots import ProjectRoots
    from afresh.channel.messages import Consumed
    from afresh.channel.wire import encode
    from afresh.source.cache import CodeCache, default_directory

    cache = CodeCache(default_directory(os.environ))
    loaded = entries(ProjectRoots.of_target(target), cache, forked - CLOCK_LAG)
    return encode(Consumed((*loaded, *assumed.entries(_places_of_settings(target)))))


def _places_of_settings(target: tuple[str, ...]) -> list[str]:
    """Where settings look for data: beside the program, in their own package and in those around it."""
    found = [os.path.dirname(os.path.abspath(target[0]))]
    names = os.environ.get("DJANGO_SETTINGS_MODULE", "").split(".")
    for end in range(1, len(names) + 1):
        file = getattr(sys.modules.get(".".join(names[:end])), "__file__", None)
        if isinstance(file, str):
            found.append(os.path.dirname(os.path.abspath(file)))
    return list(dict.fromkeys(found))


def _spec(argv: list[str], command: list[str]) -> "BootSpec":
    from afresh.keeper.spec import BootSpec, address_of, interpreter_command

    flags, target = interpreter_command(command)
    environ = _original_environ()
    return BootSpec(
        python=sys.executable,
        flags=flags,
        target=target,
        environ=environ,
        cwd=os.getcwd(),
        door="manage.py",
        address=address_of(argv),
        options=options_of(environ),
    )


def options_of(environ: dict[str, str]) -> "Options":
    """The options in force; ends the process where one of them cannot be."""
    from afresh.errors import UsageError
    from afresh.options.files import find_options

    try:
        return find_options(environ)
    except UsageError as error:
        print(f"Error: {error} {error.hint}", file=sys.stderr)
        sys.exit(2)


def _original_environ() -> dict[str, str]:
    """The environment as the shell gave it (proc(5)): manage.py and settings may have changed `os.environ` since, and
    a later boot must read an edited .env file as the first one did."""
    with open("/proc/self/environ", "rb") as file:
        pairs = [os.fsdecode(item).partition("=") for item in file.read().split(b"\0") if item]
    return {name: value for name, _, value in pairs}


def _exec_keeper(
    spec: "BootSpec",
    lifeline: tuple[int, int],
    first_boot: tuple[socket.socket, int] | None,
    consumed: bytes = b"",
    began: int = 0,
) -> NoReturn:
    from afresh.keeper.handoff import Handoff
    from afresh.keeper.interpreters import isolated, own_library_path
    from afresh.keeper.spec import STOPPING

    channel, pid = (first_boot[0].fileno(), first_boot[1]) if first_boot else (-1, 0)
    handoff = Handoff(spec, lifeline, channel, pid, consumed, began)
    for descriptor in handoff.descriptors:
        os.set_inheritable(descriptor, True)
    file = handoff.write()
    command = isolated(spec.python, "from afresh.keeper.main import resume; sys.exit(resume())", own_library_path())
    # Kept for the keeper until it has its handlers: a Ctrl+C meanwhile would kill it, and not end the command.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    os.execve(spec.python, [*command, str(file)], spec.environ)


def _go_on_as_first_boot(channel: socket.socket, lifeline: int) -> None:
    from afresh.boot import collecting

    collecting.keep()
    # All that takes time and runs nothing of the project, before it is known whether this process may go on.
    import afresh.boot.server  # noqa: F401
    from afresh.boot.main import observe_from_here
    from afresh.django.seams import install

    order = channel.recv(TARGET_BYTES)
    if not order:
        os._exit(0)  # the parent has found a reason to go on without this process
    target, port, allow_host = json.loads(order)
    os.environ[RUN_MAIN] = "true"
    target = tuple(target)
    places = _places_of_settings(target)
    observe_from_here(channel, lifeline, target, port, "afresh.django.seams", tuple(allow_host), places)
    install()
