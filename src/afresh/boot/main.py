"""A boot from a fresh interpreter: observe, run what the user ran, report how it ended."""

import os
import resource
import signal
import socket
import sys
from typing import NoReturn

from afresh import native
from afresh.boot import collecting, observe, silence, threads
from afresh.boot.control import Control
from afresh.boot.descriptors import given_at_exec
from afresh.boot.ending import end
from afresh.boot.journal import JournalWriter
from afresh.boot.sensors import imported_before, while_importing
from afresh.boot.session import Observation, Session, begin
from afresh.channel import messages as msg
from afresh.channel.endpoint import app_endpoint
from afresh.channel.lifeline import hold
from afresh.errors import Disconnected
from afresh.reload.orders import Course
from afresh.stack import roomy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from afresh.boot.roots import ProjectRoots

CHANNEL_VARIABLE = "AFRESH_CHANNEL"


@roomy
def main() -> NoReturn:
    """The first thing that runs in a boot's interpreter."""
    channel = socket.socket(fileno=int(os.environ.pop(CHANNEL_VARIABLE)))
    channel.set_inheritable(False)
    given = given_at_exec()
    try:
        order, (lifeline,) = app_endpoint(channel).receive()
    except Disconnected:
        os._exit(1)
    assert isinstance(order, msg.Begin)
    resource.setrlimit(resource.RLIMIT_NOFILE, (order.soft_files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    sys.orig_argv[:] = order.orig_argv
    if order.role == "twin":
        _run_twin(order, lifeline)
    _run_boot(order, Control(channel, lifeline=lifeline, first=order.first, given=given))


def _run_twin(order: msg.Begin, lifeline: int) -> NoReturn:
    hold(lifeline)
    # From the first moment: what the project has started by then is stopped by exit handlers, which SystemExit runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: None)  # the keeper ends everybody in order
    begin(Session(None, order.role, None))
    from afresh.boot.imports import Observer
    from afresh.boot.roots import ProjectRoots
    from afresh.boot.run import run_target
    from afresh.source.cache import CodeCache, default_directory

    unheard = JournalWriter(lambda _: None)
    cache = CodeCache(default_directory(os.environ))
    roots = ProjectRoots.of_target(order.target)
    sys.meta_path.insert(0, Observer(unheard, roots, cache, _triggers(order.adapter)))
    run_target(order.target)
    sys.exit(0)


def _run_boot(order: msg.Begin, control: Control) -> NoReturn:
    from afresh.boot.roots import ProjectRoots

    roots = ProjectRoots.of_target(order.target)
    session = start_observing(control, roots, order.adapter, order.course, order.allow_host)
    if order.target[0] != "wsgi":
        session.watch_binds(None if order.address is None else order.address[1])
    report_end(session, lambda: _run(order, session))


def _run(order: msg.Begin, session: Session) -> None:
    if order.target[0] == "wsgi":
        from afresh.boot.wsgi import serve_application

        serve_application(session, order.target[1], order.address or ("127.0.0.1", 8000, False))
    else:
        from afresh.boot.run import run_target

        run_target(order.target)
        _require_command(order.target[0])


def _require_command(script: str) -> None:
    """A script that is over and has not even loaded Django was not meant to be run: say how to serve what it holds."""
    if script.endswith(".py") and "django.core.management" not in sys.modules:
        module = os.path.basename(script).removesuffix(".py")
        sys.exit(
            f"afresh: {script} has ended without running a command of Django.\n"
            f"If it holds a WSGI application, name that: `afresh {module}:app`."
        )


def start_observing(
    control: Control,
    roots: "ProjectRoots",
    adapter: str,
    course: Course | None = None,
    allow_host: tuple[str, ...] = (),
) -> Session:
    """From here on everything the boot consumes is journalled, checkpoints are left on the way, and the framework's
    seams are patched when loaded."""
    # What serving needs, before anything of the project: whoever goes on from wherever the project is edited has it.
    import afresh.boot.server  # noqa: F401
    from afresh.boot.executions import Executions
    from afresh.boot.imports import Observer
    from afresh.boot.placement import Placement
    from afresh.boot.standing import Standing
    from afresh.boot.timing import begin as begin_timing
    from afresh.source.cache import CodeCache, default_directory

    collecting.youngest_only()
    journal = JournalWriter(control.consumed)
    times = begin_timing()
    executions = Executions(roots, journal.add, times)
    standing = Standing(control, roots, Placement(native.monotonic(), course or Course()))
    cache = CodeCache(default_directory(os.environ))
    observer = Observer(journal, roots, cache, _triggers(adapter), standing, times.looked_up, while_importing)
    session = Session(control, "boot", Observation(journal, roots, observer, executions, standing), allow_host)

    def stands() -> None:
        times.stands()
        session.flush()

    def resumed(go: "msg.Go") -> None:
        times.resumed()
        if go.course.is_repeat:
            silence.begin()
        else:
            silence.end()  # whoever left the checkpoint was such a one
        session.resumed(go)

    control.expect = observer.expect
    standing.flush = stands
    standing.on_resume = resumed
    begin(session)
    threads.watch(lambda exc: control.send(msg.Lacks(session.failure_of(exc).title)))
    sys.meta_path.insert(0, observer)
    observe.install(journal, executions.looked_at if executions.start() else None)
    return session


def _triggers(adapter: str) -> "dict[str, Callable[[ModuleType], None]]":
    if not adapter:
        return {}
    from importlib import import_module

    triggers: dict[str, Callable[[ModuleType], None]] = import_module(adapter).TRIGGERS
    return triggers


def report_end(session: Session, run: "Callable[[], object]") -> NoReturn:
    """Run the user's command, which returns only when it does not serve; tell the keeper why."""
    try:
        run()
    except SystemExit as exc:
        _exited(session, _status(exc.code))
    except KeyboardInterrupt:
        end(0)  # Ctrl+C reaches the whole process group; the keeper says what there is to say
    except BaseException as exc:
        fail(session, exc)
    _exited(session, 0)


def _exited(session: Session, status: int) -> NoReturn:
    session.flush()
    if session.has_command:
        whose = "The project's own server ended with status {}."
        ended = "The project ended its process with status {} while it was starting."
        title = (whose if session.own is not None and session.own.has_claimed else ended).format(status)
        # What it has printed is not known here: it may have found a port or a lock in use.
        session.control.send(msg.Failed(msg.Failure("exit", title), is_held=status != 0))
    else:
        session.control.send(msg.Refused())
    end(status, session.control.send)


def fail(session: Session, exc: BaseException) -> NoReturn:
    """The project raised `exc`: tell the keeper, and end the process."""
    if not session.has_command and session.declines(exc):
        sys.__excepthook__(type(exc), exc, exc.__traceback__)
        _exited(session, 1)
    session.flush()
    from afresh.boot.failure import may_be_held

    session.control.send(msg.Failed(session.failure_of(exc), may_be_held(exc)))
    end(1, session.control.send)


def _status(code: object) -> int:
    """What the interpreter makes of `SystemExit.code`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def observe_from_here(
    channel: socket.socket,
    lifeline: int,
    target: tuple[str, ...],
    port: int | None,
    adapter: str,
    allow_host: tuple[str, ...],
    places: "Iterable[str]",
) -> None:
    """Become a boot in the middle of a command that is already running (the entry through `manage.py`).

    What was imported before, and what may have been read in these `places`, is for others to tell
    (`afresh.boot.loaded`, `afresh.boot.assumed`). However the command ends, the keeper hears of it. `port`: see
    `Session.watch_binds`.
    """
    import atexit

    from afresh.boot.roots import ProjectRoots

    imported_before()
    control = Control(channel, lifeline=lifeline, first=True, given=given_at_exec())
    session = start_observing(control, ProjectRoots.of_target(target), adapter, allow_host=allow_host)
    session.may_have_read(places)
    session.watch_binds(port)
    _report_uncaught(session)

    def register() -> None:
        atexit.register(_ended_by_itself, session)

    # A fork forgets what was registered: each process has only its own ending to tell of.
    session.on_fork(register)
    register()


def _report_uncaught(session: Session) -> None:
    """Until the command runs, an exception that nobody catches is the project's failure."""
    before = sys.excepthook

    def hook(_: object, exc: BaseException, __: object) -> None:
        fail(session, exc)

    def put_back() -> None:
        if sys.excepthook is hook:  # else the project has its own by now
            sys.excepthook = before

    sys.excepthook = hook
    session.at_command = put_back


def _ended_by_itself(session: Session) -> None:
    if not session.has_command and not session.control.is_dormant:
        session.control.send(msg.Refused())
