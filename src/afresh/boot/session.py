"""One boot under way: what a framework's adapter talks to."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import msgspec

from afresh.boot import collecting, observe, silence, threads
from afresh.boot.application import Application
from afresh.boot.control import Control, import_needed
from afresh.boot.journal import JournalWriter
from afresh.boot.own import OwnServer
from afresh.boot.requests import Requests
from afresh.boot.roots import ProjectRoots
from afresh.boot.witness import reached
from afresh.channel import messages as msg
from afresh.channel.endpoint import MOST_PATHS

if TYPE_CHECKING:
    from afresh.boot.executions import Executions
    from afresh.boot.imports import Observer
    from afresh.boot.standing import Standing


class Observation(msgspec.Struct, frozen=True):
    """Who looks at what a boot does: see the modules of these names."""

    journal: JournalWriter
    roots: ProjectRoots
    observer: "Observer"
    executions: "Executions"
    standing: "Standing"


class Session:
    """The boot of this process. `role`: "boot", or "twin" for one that only stands in for Django's parent process.

    `allow_host`: the option of this name. `has_command`: the command runs, so that an exit from here on is a failure of
    the project and not the command's refusal.
    """

    def __init__(
        self, control: Control | None, role: str, observation: Observation | None, allow_host: tuple[str, ...] = ()
    ) -> None:
        self.role = role
        self.allow_host = allow_host
        self.has_command = False
        # What an exception of the project means; a framework's adapter knows its own.
        self.explain: Callable[[BaseException], msg.Failure | None] = lambda _: None
        # Whether an exception before the command runs is its way to decline, and no error of the project's code.
        self.declines: Callable[[BaseException], bool] = lambda _: False
        # Undoes what was arranged until the command runs.
        self.at_command: Callable[[], object] = lambda: None
        self._control = control
        self._observation = observation
        self._needed: tuple[str, ...] = ()
        # Where the command may bring a server of its own.
        self.own: OwnServer | None = None

    def __repr__(self) -> str:
        return f"<Session role={self.role} {self._control!r}>"

    @property
    def control(self) -> Control:
        assert self._control is not None, "a twin has no keeper to talk to"
        return self._control

    @property
    def is_first(self) -> bool:
        """Nothing has been served yet: start-up lines are wanted."""
        return self.control.first

    @property
    def _seen(self) -> Observation:
        assert self._observation is not None, "a twin observes nothing"
        return self._observation

    def command_runs(self) -> None:
        """The command has come to the point where it serves: from here on its caller reports how it ends."""
        self.has_command = True
        self.at_command()

    def reached(self, stage: str, details: str) -> None:
        """The boot has come past "settings", "routing" or "application"; `details` says what is loaded."""
        reached(self.control, stage, details)

    def may_have_read(self, folders: Iterable[str]) -> None:
        """Others tell that files in these folders were read: what the project writes there is its own work."""
        self._seen.journal.assumed = frozenset(folders)

    def set_up(self, *, has_own: bool) -> None:
        """What a start may do but once is done; `has_own`: some of that is the project's own."""
        self._seen.standing.set_up(has_own=has_own)

    def flush(self) -> None:
        """Tell the keeper all that was consumed, and what ran, so far."""
        if self._observation is not None:
            self._observation.executions.flush()
            self._observation.journal.flush()

    def on_fork(self, action: Callable[[], object]) -> None:
        """Do this in each process that goes on after a checkpoint was left behind."""
        self._seen.standing.on_fork = action

    def before_fork(self, action: Callable[[], object]) -> None:
        """Do this before it is looked whether the process may be forked."""
        if self._control is not None:
            self._control.before_fork = action

    def resumed(self, go: msg.Go) -> None:
        """This process goes on from a checkpoint: with the functions that the keeper has named exchanged."""
        self._needed = go.needed
        self.control.obey(go, self._seen.observer.patch)

    def watch_trees(self, trees: Sequence[tuple[str, str]]) -> None:
        """The project wants to be told about changes below these directories, each with a pattern."""
        for first in range(0, len(trees), MOST_PATHS):
            self.control.send(msg.WatchTrees(tuple(trees[first : first + MOST_PATHS])))

    def watch_binds(self, port: int | None) -> OwnServer:
        """Notice a server of the project's own: `port` is what the command line says, if it does."""
        self.own = OwnServer(self.control, port or None, self._serves_by_itself)
        return self.own

    def _serves_by_itself(self) -> None:
        collecting.as_before()
        self._end_start()
        self._seen.journal.serve(self.control.consumed)

    def is_project(self, file: str) -> bool:
        """Whether the file is the project's own."""
        return self._seen.roots.contains(file)

    def failure_of(self, exc: BaseException) -> msg.Failure:
        """`exc` as a value that can be shown elsewhere."""
        from afresh.boot.failure import failure_of

        return self.explain(exc) or failure_of(exc, self._seen.roots)

    def ready(self, application: Application) -> NoReturn:
        """Everything is loaded: serve. Ends the process."""
        seen = self._seen
        import_needed(self._needed)
        self._end_start()
        seen.journal.serve(self.control.confirm)
        patch = partial(seen.observer.patch, for_good=True)
        compiler = seen.observer.compiler if seen.executions.is_on else None
        requests = Requests(seen.journal, seen.roots, self.control.request_reads, application.drops)
        application = msgspec.structs.replace(
            application, roots=seen.roots, observe_requests=partial(observe.observe_requests, requests.handlers)
        )
        self.control.ready(application, compiler, patch)

    def _end_start(self) -> None:
        """The start is over: what is consumed from now on is consumed by a server."""
        seen = self._seen
        threads.is_ready()
        observe.stop()
        seen.executions.stop()
        seen.observer.expect_nothing()
        seen.standing.end()
        silence.end()
        self.flush()


_current: Session | None = None


def current() -> Session | None:
    """The session of this process, None where no keeper has started it."""
    return _current


def begin(session: Session) -> None:
    global _current
    _current = session
