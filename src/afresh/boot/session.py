"""One boot under way: what a framework's adapter talks to."""

from collections.abc import Callable, Iterable
from typing import NoReturn

from afresh.boot import observe
from afresh.boot.application import Application
from afresh.boot.control import Control
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots
from afresh.channel import messages as msg
from afresh.reload.journal import Entry


class Session:
    """The boot of this process. `role`: "boot", or "twin" for one that only stands in for Django's parent process.

    `has_command`: the command runs, so that an exit from here on is a failure of the project and not the command's
    refusal.
    """

    def __init__(
        self, control: Control | None, journal: JournalWriter | None, roots: ProjectRoots | None, role: str
    ) -> None:
        self.role = role
        self.has_command = False
        # What an exception of the project means; a framework's adapter knows its own.
        self.explain: Callable[[BaseException], msg.Failure | None] = lambda _: None
        # Whether an exception before the command runs is its way to decline, and no error of the project's code.
        self.declines: Callable[[BaseException], bool] = lambda _: False
        # Undoes what was arranged until the command runs.
        self.at_command: Callable[[], object] = lambda: None
        self._roots = roots
        self._control = control
        self._journal = journal

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

    def consumed(self, entries: Iterable[Entry]) -> None:
        """Tell the keeper what was consumed without being observed, in batches that a message can carry."""
        assert self._journal is not None
        for entry in entries:
            self._journal.add(entry)
        self._journal.flush()

    def command_runs(self) -> None:
        """The command has come to the point where it serves: from here on its caller reports how it ends."""
        self.has_command = True
        self.at_command()

    def flush(self) -> None:
        """Tell the keeper all that was consumed so far."""
        if self._journal is not None:
            self._journal.flush()

    def watch_tree(self, directory: str, glob: str) -> None:
        """The project wants to be told about changes below `directory`."""
        self.control.send(msg.WatchTree(directory, glob))

    def serves_by_itself(self) -> None:
        """The command brings its own server: give up the port, and only watch."""
        self.flush()
        self.control.send(msg.ServesByItself())

    def failure_of(self, exc: BaseException) -> msg.Failure:
        """`exc` as a value that can be shown elsewhere."""
        from afresh.boot.failure import failure_of

        assert self._roots is not None
        return self.explain(exc) or failure_of(exc, self._roots)

    def ready(self, application: Application) -> NoReturn:
        """Everything is loaded: serve. Ends the process."""
        assert self._journal is not None
        observe.stop()
        self._journal.serve(self.control.confirm)
        self.control.ready(application)


_current: Session | None = None


def current() -> Session | None:
    """The session of this process, None where no keeper has started it."""
    return _current


def begin(session: Session) -> None:
    global _current
    _current = session
