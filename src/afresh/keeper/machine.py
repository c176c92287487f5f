"""What happens to which process, as a pure machine: `step(event) -> effects`.

A *handle* names a process from before it exists until after it is gone. The machine owns the records of all processes
and the number of the current generation; it knows no clock, no descriptor and no process id. The loop
(`afresh.keeper.loop`) turns what happens into events and performs the effects, in order.

One generation lives like this: a boot loads the project, leaving checkpoints behind; when it is ready it is one itself
and forks a server (or serves by itself where forking is not safe); the server answers until an edit makes the next
generation, from a checkpoint or afresh. A generation that fails is answered by a page server. Whoever is replaced
drains: it keeps what it is answering and hands over everything else.
"""

import enum
from collections.abc import Generator, Iterator
from typing import TypeAlias

import msgspec

from afresh.channel.messages import Failure


class Role(enum.Enum):
    """What a process is for."""

    BOOT = "boot"  # loads the project; then a checkpoint, or a server by itself
    SERVER = "server"  # fork of a checkpoint
    CHECKS = "checks"  # fork of a checkpoint that runs the system checks
    PAGE = "page"  # answers for a generation that cannot
    TWIN = "twin"  # runs what a project does only where RUN_MAIN is unset
    SPAWNER = "spawner"  # starts the boots where a debugger has to follow them; not in the records
    DASHBOARD = "dashboard"  # shows what happens; not in the records


class Stage(enum.Enum):
    """How far a process is."""

    STARTING = "starting"
    OFFERED = "offered"  # has been sent the listening socket: it may hold connections before it says so
    CHECKPOINT = "checkpoint"
    STANDBY = "standby"  # forked ahead of time; holds nothing and waits to be told to go on
    SERVING = "serving"
    FOREIGN = "foreign"  # has, or makes, a server of its own; Afresh only starts and ends it
    DRAINING = "draining"
    ENDING = "ending"


# A process of these stages has the listening socket, or may have it still.
HOLDING = (Stage.OFFERED, Stage.SERVING, Stage.DRAINING)


class Record(msgspec.Struct, frozen=True):
    """What is known of one process. `parent` is the checkpoint it was forked from.

    `is_ready`: a checkpoint with the application loaded. `checks`: it has deferred checks to run. `forks`: a boot that
    could have stayed behind as a checkpoint. `is_foreign`: it has a server of its own.
    """

    handle: int
    role: Role
    generation: int
    stage: Stage = Stage.STARTING
    parent: int | None = None
    is_ready: bool = False
    checks: bool = False
    forks: bool = False
    is_foreign: bool = False


# ---- events -----------------------------------------------------------------------------------------------------


class Edited(msgspec.Struct, frozen=True):
    """The code on disk is no longer that of the current generation. `at`: the checkpoint to go on from, if any.
    `is_again`: nobody has edited; an older process has disturbed the start, which is to be made again without it."""

    reason: str
    at: int | None = None
    is_again: bool = False


class Stood(msgspec.Struct, frozen=True):
    """A boot has left a checkpoint behind."""

    handle: int


class BootReady(msgspec.Struct, frozen=True):
    """The boot's journal is complete, watched and still true. `is_quick`: it took no longer to come here from where it
    was forked than may be done a second time, while nobody waits."""

    handle: int
    forks: bool
    checks: bool
    is_quick: bool = False


class Claims(msgspec.Struct, frozen=True):
    """The project's own code binds the command's address, and waits until it may."""

    handle: int


class Binds(msgspec.Struct, frozen=True):
    """The command has come to Django's `run`, and the address is bound for it."""

    handle: int


class ServesByItself(msgspec.Struct, frozen=True):
    """The command brought a server of its own, which answers without Afresh."""

    handle: int


class Serving(msgspec.Struct, frozen=True):
    handle: int


class Failed(msgspec.Struct, frozen=True):
    """The boot of a generation, or its checks, failed. `is_held`: perhaps on something that only one process can have,
    such as a port or a lock (`afresh.boot.failure.may_be_held`)."""

    generation: int
    failure: Failure
    is_held: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The command declined to run (usage error, CommandError, `--help`)."""

    handle: int
    status: int


class Ended(msgspec.Struct, frozen=True):
    """A process is gone.

    `status` as of `os.waitstatus_to_exitcode`. `lasted`: it served for more than a moment. `explained`: it has said
    itself why it ends, and `Failed` tells it, or will.
    """

    handle: int
    status: int
    lasted: bool = True
    explained: bool = False


class TooSlow(msgspec.Struct, frozen=True):
    """The generation has not answered within the bound."""

    generation: int
    seconds: float


class Stuck(msgspec.Struct, frozen=True):
    """The boot of the generation waits for a lock."""

    generation: int


class DrainOverdue(msgspec.Struct, frozen=True):
    """A process that drains, or runs its exit handlers, has had its time."""

    handle: int


class StopAsked(msgspec.Struct, frozen=True):
    """The user wants the end; asked twice, at once."""


class StopOverdue(msgspec.Struct, frozen=True):
    """The end takes too long."""


class ChecksDue(msgspec.Struct, frozen=True):
    """Whoever waited for the generation has been answered: what is left of it may have the processor now."""

    generation: int


class StandbyDue(msgspec.Struct, frozen=True):
    """Nothing happens: there is time to fork those who may be needed next.

    `place`: the checkpoint in the middle of a boot that another edit where the last was would go on from, if that is
    known.
    """

    generation: int
    place: int | None = None


class StandbyOutdated(msgspec.Struct, frozen=True):
    """The next server lacks what its checkpoint has by now."""


class TwinWanted(msgspec.Struct, frozen=True):
    """The project does something only where RUN_MAIN is unset."""


Event: TypeAlias = (
    Edited
    | Stood
    | BootReady
    | Claims
    | Binds
    | ServesByItself
    | Serving
    | Failed
    | Refused
    | Ended
    | TooSlow
    | Stuck
    | DrainOverdue
    | StopAsked
    | StopOverdue
    | ChecksDue
    | StandbyDue
    | StandbyOutdated
    | TwinWanted
)

# ---- effects ----------------------------------------------------------------------------------------------------


class Spawn(msgspec.Struct, frozen=True):
    """Start a fresh interpreter. `failure`: what a page server shows."""

    handle: int
    role: Role
    generation: int
    failure: Failure | None = None


class KeepCheckpoint(msgspec.Struct, frozen=True):
    """What `boot` was until now stays behind as the process `handle`; `boot` is its child."""

    handle: int
    boot: int


class ForkFrom(msgspec.Struct, frozen=True):
    """Tell the checkpoint `parent` to fork a child that will go on as `role` when it is told to."""

    parent: int
    handle: int
    role: Role


class GoOn(msgspec.Struct, frozen=True):
    """Tell a process that was forked from `parent` to go on, with the functions of the current generation."""

    handle: int
    parent: int


class Serve(msgspec.Struct, frozen=True):
    """Give the process the listening socket and the gate."""

    handle: int
    generation: int


class Yield(msgspec.Struct, frozen=True):
    """Give up the listening socket, which no other process has any more, and tell the process that it may bind."""

    handle: int


class RunChecks(msgspec.Struct, frozen=True):
    """Tell a boot that serves by itself to run its checks."""

    handle: int


class Drain(msgspec.Struct, frozen=True):
    handle: int


class Stop(msgspec.Struct, frozen=True):
    """Ask the process to run its exit handlers and end."""

    handle: int


class Force(enum.Enum):
    TERMINATE = "SIGTERM"
    KILL = "SIGKILL"


class Kill(msgspec.Struct, frozen=True):
    handle: int
    force: Force


class Route(msgspec.Struct, frozen=True):
    """Connections on their way go to this process from now on; None: the keeper holds them."""

    handle: int | None


class Answering(msgspec.Struct, frozen=True):
    """The generation answers, said once. `by_page`: it is a failure, or a waiting page, that is shown."""

    generation: int
    reason: str
    by_page: bool


class ShowFailure(msgspec.Struct, frozen=True):
    failure: Failure
    generation: int


class ShowHeld(msgspec.Struct, frozen=True):
    """The start of the generation needs what an older process may hold: those end, and then it is made again. `by`: the
    failure that told it, None where the start waits for a lock."""

    generation: int
    by: Failure | None = None


class FoundExclusive(msgspec.Struct, frozen=True):
    """The start succeeded when no older process was left: it is `Machine.is_exclusive` from now on."""


class ShowReplaced(msgspec.Struct, frozen=True):
    """A server ended unasked and another takes over."""

    status: int


class ArmChecks(msgspec.Struct, frozen=True):
    """Start the clock that leads to `ChecksDue`."""

    generation: int


class ArmBound(msgspec.Struct, frozen=True):
    """Start the clock that leads to `TooSlow` for this generation."""

    generation: int


class ArmStop(msgspec.Struct, frozen=True):
    """Start the clock that leads to `StopOverdue`."""


class Finish(msgspec.Struct, frozen=True):
    """Every process is gone: the keeper ends with this status."""

    status: int


Effect: TypeAlias = (
    Spawn
    | KeepCheckpoint
    | ForkFrom
    | GoOn
    | Serve
    | Yield
    | RunChecks
    | Drain
    | Stop
    | Kill
    | Route
    | Answering
    | ShowFailure
    | ShowHeld
    | FoundExclusive
    | ShowReplaced
    | ArmBound
    | ArmChecks
    | ArmStop
    | Finish
)

Effects: TypeAlias = Iterator[Effect]


class Machine(msgspec.Struct):
    """The state. `generation` counts from 1; `server` is the process that answers now.

    `is_exclusive`: the project's start takes something that only one process can have. Then whatever is older ends
    before a start begins, as under a server that has one process. `is_alone`: when the generation's start began, there
    was no other process of ours that it could fail on.
    """

    generation: int = 1
    reason: str = "start"
    server: int | None = None
    failure: Failure | None = None
    is_stopping: bool = False
    is_exclusive: bool = False
    is_alone: bool = True
    has_answered: bool = False
    exit_status: int = 0
    records: dict[int, Record] = msgspec.field(default_factory=dict)
    _next_handle: int = 1
    ready: int | None = None  # the newest checkpoint with the application loaded
    second: int | None = None  # a boot that is to become that checkpoint, while another of its kind answers
    _place: int | None = None  # the checkpoint in the middle of a boot that is gone on from next
    _was_patched: bool = False  # by the last edit: a function is edited next, more often than what a start executes
    _kept: set[int] = msgspec.field(default_factory=set)  # checkpoints that may be gone on from
    _checks_begun: int = 0  # the generation whose checks were started last
    _waits: bool = False  # the generation's start begins when nobody is in its way any more,
    _waits_at: int | None = None  # from this checkpoint
    _suspects: bool = False  # as `is_exclusive`, but only a start that succeeds will prove it
    _told: tuple[int, bool] = (0, False)
    _ended_early: int = 0  # the generation of which a server ended as soon as it served
    _claimant: int | None = None  # waits until nobody else holds the listening socket

    def __repr__(self) -> str:
        records = self.records.values()
        processes = ", ".join(f"{r.handle}:{r.role.value}/{r.stage.value}@{r.generation}" for r in records)
        return f"<Machine generation={self.generation} server={self.server} [{processes}]>"

    def start(self, *, adopted: bool) -> list[Effect]:
        """Begin. `adopted`: the first boot is already running; it gets handle 1."""
        handle = self._new(Role.BOOT)
        first = [] if adopted else [Spawn(handle, Role.BOOT, self.generation)]
        return [*first, ArmBound(self.generation)]

    def step(self, event: Event) -> list[Effect]:
        """Take in one event; the effects are to be performed in order."""
        return list(self._handle(event))

    def _handle(self, event: Event) -> Effects:
        match event:
            case Edited(reason, at, is_again):
                self._suspects |= is_again
                yield from self._edited(reason, at)
            case Stood(handle):
                yield from self._stood(handle)
            case BootReady(handle, forks, checks, is_quick):
                yield from self._boot_ready(handle, forks=forks, checks=checks, is_quick=is_quick)
            case Claims(handle):
                yield from self._claims(handle)
            case Binds(handle):
                if self._is_current(handle) and self.records[handle].stage is Stage.FOREIGN:
                    self._set(handle, stage=Stage.STARTING, is_foreign=False)
            case ServesByItself(handle):
                if self._is_current(handle) and self.records[handle].stage is Stage.FOREIGN:
                    yield from self._now_answering(by_page=False)
            case Serving(handle):
                yield from self._serving(handle)
            case Failed(generation, failure, is_held):
                if generation == self.generation and not self.is_stopping:
                    yield from self._start_failed(failure, is_held=is_held)
            case Refused(handle, status):
                yield from self._refused(handle, status)
            case Ended():
                yield from self._ended(event)
            case TooSlow(generation, seconds):
                yield from self._too_slow(generation, seconds)
            case Stuck(generation):
                yield from self._stuck(generation)
            case DrainOverdue(handle):
                if handle in self.records and self.records[handle].stage in (Stage.DRAINING, Stage.ENDING):
                    yield Kill(handle, Force.KILL)
            case StopAsked():
                yield from self._stop()
            case StopOverdue():
                yield from (Kill(handle, Force.KILL) for handle in self.records)
                # The kernel ends whatever is left when the keeper's end of the lifeline closes.
                yield Finish(self.exit_status)
            case StandbyDue(generation, place):
                yield from self._prepare_standby(generation, place)
            case StandbyOutdated():
                yield from self._end_standby(self.ready)
            case ChecksDue(generation):
                yield from self._start_checks(generation)
            case TwinWanted():
                if not self.is_stopping and not self._having(Role.TWIN):
                    yield Spawn(self._new(Role.TWIN), Role.TWIN, self.generation)

    @property
    def application(self) -> int | None:
        """The process that may have answered requests with the code of this generation: that it serves is known only
        after it has begun to. None while there is none, as while a page answers, and until a server of the project's
        own accepts."""
        if self.failure is not None:
            return None
        accepts = self._told == (self.generation, False)
        places = (Stage.OFFERED, Stage.SERVING, Stage.FOREIGN) if accepts else (Stage.OFFERED, Stage.SERVING)
        found = (
            record.handle
            for record in self.records.values()
            if record.generation == self.generation and record.stage in places and record.role is not Role.PAGE
        )
        return next(found, None)

    # ---- the next generation ------------------------------------------------------------------------------------

    def _edited(self, reason: str, at: int | None) -> Effects:
        if self.is_stopping:
            return
        self.generation += 1
        self.reason = reason
        self.failure = None
        origin = self.records.get(at or 0)
        self._was_patched = origin is not None and origin.is_ready
        self._place = None if self._was_patched else at
        yield Route(None)
        self.server = None
        # A boot that fails leaves its checkpoints to the next; of more than one such boot they would pile up.
        self._kept = self._line(self.ready) | self._line(at)
        self.second = None
        older = list(self.records)
        # First what the user waits for. That the old server still accepts does no harm: the gate tells it that it is
        # stale, and it hands over.
        yield from self._begin(at)
        for handle in older:
            if self.records[handle].generation != self.generation:
                yield from self._retire(self.records[handle])
        yield ArmBound(self.generation)

    def _begin(self, at: int | None) -> Effects:
        """Start the generation from the checkpoint, or afresh; or end those in its way, and be called again by the end
        of each of them. Meanwhile one of them may be the checkpoint itself, and an edit may ask for another."""
        if at is not None and (at not in self.records or self.records[at].stage is not Stage.CHECKPOINT):
            at = None
        in_the_way = self._in_the_way(at)
        self._waits, self._waits_at = bool(in_the_way), at
        if in_the_way:
            if self._is_careful:
                self._kept = self._line(at)
            for record in in_the_way:
                yield from self._retire(record)
            return
        self.is_alone = not self._others(None)
        if at is None:
            yield Spawn(self._new(Role.BOOT), Role.BOOT, self.generation)
        elif self.records[at].is_ready:
            yield from self._fork_server(at)
        else:
            yield from self._resume(at)

    @property
    def _is_careful(self) -> bool:
        return self.is_exclusive or self._suspects

    def _in_the_way(self, at: int | None) -> list[Record]:
        """Who has to end before the generation starts from there."""
        if self._is_careful:
            return self._others(at)
        # It holds the port itself: its successor can only bind when it is gone.
        return [record for record in self.records.values() if record.is_foreign]

    def _others(self, at: int | None) -> list[Record]:
        """Who may hold something of the project's that a process which comes from there does not hold as well."""
        line = self._line(at)
        return [
            record
            for record in self.records.values()
            if record.handle not in line
            and record.role not in (Role.PAGE, Role.TWIN)
            and not (record.stage is Stage.STANDBY and record.parent in line)
        ]

    @property
    def has_own_server(self) -> bool:
        """Whether the project is served by a server of its own."""
        return any(record.is_foreign for record in self.records.values())

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Those in the middle of a boot that may be gone on from."""
        return tuple(handle for handle in self._kept if handle in self.records and not self.records[handle].is_ready)

    def _line(self, handle: int | None) -> set[int]:
        """A checkpoint and those it descends from."""
        line = set()
        while handle is not None and handle in self.records:
            line.add(handle)
            handle = self.records[handle].parent
        return line

    def _retire(self, record: Record) -> Effects:
        """Send one process of an older generation on its way out."""
        match record.role, record.stage:
            case (Role.TWIN, _) | (_, Stage.DRAINING | Stage.ENDING):
                return
            case _, Stage.SERVING | Stage.OFFERED:
                self._set(record.handle, stage=Stage.DRAINING)
                yield Drain(record.handle)
            case _, Stage.FOREIGN:
                self._set(record.handle, stage=Stage.ENDING)
                yield Kill(record.handle, Force.TERMINATE)
            case _, Stage.STANDBY if record.parent in self._kept:
                return  # it has done nothing yet, and what it was forked from is what it was
            case _, Stage.CHECKPOINT:
                yield from self._release(record.handle)
            case _:
                # A boot that is not ready, or checks: no connection is in their hands.
                self._set(record.handle, stage=Stage.ENDING)
                yield Kill(record.handle, Force.KILL)

    def _release(self, checkpoint: int) -> Effects:
        """End a checkpoint of the past once nothing forked from it lives: exit handlers of its part of the boot run
        then."""
        record = self.records.get(checkpoint)
        if record is None or record.stage is not Stage.CHECKPOINT or self._is_needed(record):
            return
        self._set(checkpoint, stage=Stage.ENDING)
        yield Stop(checkpoint)

    def _is_needed(self, checkpoint: Record) -> bool:
        if checkpoint.handle in self._kept and not self.is_stopping:
            return True
        return any(record.parent == checkpoint.handle for record in self.records.values())

    # ---- a generation comes up ----------------------------------------------------------------------------------

    def _boot_ready(self, handle: int, *, forks: bool, checks: bool, is_quick: bool) -> Effects:
        if not self._is_starting(handle) or self.is_stopping:
            return
        self._set(handle, checks=checks, forks=forks)
        is_second = handle == self.second
        if is_second:
            self.second = None
        parent = self.records.get(self.records[handle].parent or 0)
        if not forks and is_second:
            self._set(handle, stage=Stage.ENDING)
            yield Kill(handle, Force.KILL)
            return
        # Where a start takes what only one can have, none is made beside a server that lives.
        if forks and (is_second or not is_quick or parent is None or self._is_careful):
            self._set(handle, stage=Stage.CHECKPOINT, is_ready=True)
            self.ready = handle
            self._kept = self._line(handle)
            yield from self._start_checks(self.generation) if is_second else self._fork_server(handle)
        else:
            # To fork here would cost whoever waits as much as all the rest: it answers itself, and another one comes
            # here later and stays (`_start_checks`).
            self._set(handle, stage=Stage.OFFERED)
            yield Serve(handle, self.generation)
            # Nor is what was ready before: it has the code of another generation.
            self.ready = None
            self._kept = self._line(self.records[handle].parent)
        if is_second:
            yield from self._tidy()

    def _tidy(self) -> Effects:
        """End who will not be gone on from any more. Not before the generation answers: to end a process is work, and
        who waits for the answer would wait for that too."""
        for record in list(self.records.values()):
            if record.stage is Stage.STANDBY and record.parent not in self._kept:
                yield from self._retire_standby(record)
        for record in list(self.records.values()):
            yield from self._release(record.handle)

    def _stood(self, boot: int) -> Effects:
        record = self.records.get(boot)
        if record is None:
            return
        handle = self._new(Role.BOOT, parent=record.parent, stage=Stage.CHECKPOINT)
        self.records[boot] = msgspec.structs.replace(record, parent=handle)
        yield KeepCheckpoint(handle, boot)
        if self._is_current(boot) and record.stage is Stage.STARTING:
            self._kept.add(handle)

    def _fork_server(self, checkpoint: int) -> Effects:
        standby = self._standby_of(checkpoint)
        if standby is not None:
            self.records[standby.handle] = msgspec.structs.replace(
                standby, generation=self.generation, stage=Stage.OFFERED
            )
            handle = standby.handle
            yield GoOn(handle, checkpoint)
        else:
            handle = yield from self._fork(checkpoint, Role.SERVER, Stage.OFFERED)
        yield Serve(handle, self.generation)

    def _resume(self, checkpoint: int) -> Effects:
        """Go on with the boot from a checkpoint in the middle of it."""
        standby = self._standby_of(checkpoint)
        if standby is None:
            yield from self._fork(checkpoint, Role.BOOT)
            return
        self.records[standby.handle] = msgspec.structs.replace(
            standby, generation=self.generation, stage=Stage.STARTING
        )
        yield GoOn(standby.handle, checkpoint)

    def _fork(self, checkpoint: int, role: Role, stage: Stage = Stage.STARTING) -> Generator[Effect, None, int]:
        handle = self._new(role, parent=checkpoint, stage=stage)
        yield ForkFrom(checkpoint, handle, role)
        yield GoOn(handle, checkpoint)
        return handle

    def _standby_of(self, checkpoint: int) -> Record | None:
        found = (each for each in self.records.values() if each.stage is Stage.STANDBY and each.parent == checkpoint)
        return next(found, None)

    def _prepare_standby(self, generation: int, place: int | None) -> Effects:
        """Fork ahead of time what an edit of a function would need, and what another one where the last was would.

        The latter costs the memory of a server, so it ends with the first edit after which it was not needed. Both also
        wait while a failure is shown: what mends it is the next edit.
        """
        if generation != self.generation or self.server is None or self.is_stopping:
            return
        if place in self._kept and not self._was_patched:
            self._place = place
        for record in list(self.records.values()):
            if record.stage is Stage.STANDBY and record.parent not in (self.ready, self._place):
                yield from self._retire_standby(record)
        for checkpoint, role in ((self.ready, Role.SERVER), (self._place, Role.BOOT)):
            if checkpoint in self._kept and self._standby_of(checkpoint) is None:
                handle = self._new(role, parent=checkpoint, stage=Stage.STANDBY)
                yield ForkFrom(checkpoint, handle, role)

    def _end_standby(self, checkpoint: int | None) -> Effects:
        standby = None if checkpoint is None else self._standby_of(checkpoint)
        if standby is not None:
            yield from self._retire_standby(standby)

    def _retire_standby(self, standby: Record) -> Effects:
        self._set(standby.handle, stage=Stage.ENDING)
        yield Kill(standby.handle, Force.KILL)

    def _claims(self, handle: int) -> Effects:
        """Whoever holds the listening socket ends first: a server of the generation before, a page of this one."""
        if not self._is_starting(handle) or self.is_stopping:
            return
        if handle == self.second:  # it only tries the port, as the one before it did, which answers by now
            self.second = None
            self._set(handle, stage=Stage.ENDING)
            yield Kill(handle, Force.KILL)
            return
        self._set(handle, stage=Stage.FOREIGN, is_foreign=True)
        self._claimant = handle
        if self.server is not None:
            self.server = None
            yield Route(None)
        for record in list(self.records.values()):
            if record.stage in (Stage.OFFERED, Stage.SERVING):
                yield from self._retire(record)
        yield from self._yield_port()

    def _yield_port(self) -> Effects:
        claimant = self._claimant
        if claimant is None or not self._is_current(claimant):
            return
        if not any(record.stage in HOLDING for record in self.records.values()):
            self._claimant = None
            yield Yield(claimant)

    def _serving(self, handle: int) -> Effects:
        record = self.records.get(handle)
        if record is None or record.stage is not Stage.OFFERED or self.is_stopping:
            return
        if self._is_overtaken(record):
            self._set(handle, stage=Stage.DRAINING)
            yield Drain(handle)
            return
        self._set(handle, stage=Stage.SERVING)
        previous, self.server = self.server, handle
        yield Route(handle)
        if previous is not None and previous in self.records:
            self._set(previous, stage=Stage.DRAINING)
            yield Drain(previous)
        if record.role is Role.PAGE:
            yield from self._now_answering(by_page=True)
            return
        yield from self._now_answering(by_page=False)
        yield from self._tidy()
        if record.forks or self._holder_of_checks(record).checks:
            yield ArmChecks(self.generation)

    def _is_overtaken(self, record: Record) -> bool:
        """A server whose generation has failed meanwhile, or a waiting page whose project is ready after all."""
        if record.role is Role.PAGE:
            return self.failure is None and self.server is not None
        return self.failure is not None

    def _now_answering(self, *, by_page: bool) -> Effects:
        if not by_page:
            if self._suspects and not self.is_exclusive:
                self.is_exclusive = True
                yield FoundExclusive()
            self._suspects = False
        if self._told != (self.generation, by_page):
            self._told = (self.generation, by_page)
            yield Answering(self.generation, self.reason, by_page)
        self.has_answered = True

    def _holder_of_checks(self, server: Record) -> Record:
        """The checkpoint with the application loaded, or the server itself where there can be none."""
        return self.records.get(self.ready or 0, server)

    def _start_checks(self, generation: int) -> Effects:
        server = self.records.get(self.server or 0)
        if generation != self.generation or server is None or self.is_stopping:
            return
        if self.ready is None and server.forks and not self._is_careful:
            # What answers was not left behind as a checkpoint. Whoever is to be comes the same way once more.
            if self.second is None and server.parent in self._kept:
                self.second = yield from self._fork(server.parent, Role.BOOT)
            return
        boot = self._holder_of_checks(server)
        if not boot.checks or self._checks_begun == generation:
            return
        self._checks_begun = generation
        if boot.handle == server.handle:
            yield RunChecks(server.handle)
        else:
            yield from self._fork(boot.handle, Role.CHECKS)

    # ---- a generation fails -------------------------------------------------------------------------------------

    def _start_failed(self, failure: Failure, *, is_held: bool) -> Effects:
        """Show it, unless an older process may be the cause: then the start is made again when all of them are gone.

        Made once: it is alone then, and what it fails on is no process of ours.
        """
        if not is_held or self.is_alone or self.failure is not None or self._has_server():
            yield from self._fail(failure)
            return
        self._suspects = True
        yield ShowHeld(self.generation, failure)
        if (boot := self.starting) is not None:
            self._set(boot, stage=Stage.ENDING)  # by itself: its exit handlers run
        yield from self._begin(None)

    def _has_server(self) -> bool:
        """Whether the generation is answered, and not by a waiting page."""
        return self.server is not None and self.records[self.server].role is not Role.PAGE

    def _stuck(self, generation: int) -> Effects:
        """The start goes on as soon as whoever has the lock is gone."""
        boot = self.starting
        if generation != self.generation or boot is None or self._has_server() or self.is_stopping:
            return
        if not self._suspects and self._others(boot):
            self._suspects = True
            yield ShowHeld(generation)
        yield from self._end_others(boot)

    def _end_others(self, boot: int) -> Effects:
        self._kept = self._line(self.records[boot].parent)
        for record in self._others(boot):
            yield from self._retire(record)

    @property
    def starting(self) -> int | None:
        """The boot of the generation that is not ready yet."""
        found = (
            record.handle
            for record in self.records.values()
            if record.role is Role.BOOT and record.stage is Stage.STARTING and record.generation == self.generation
        )
        return next(found, None)

    def _fail(self, failure: Failure) -> Effects:
        if self.failure is not None:
            return
        self.failure = failure
        self._suspects = self._waits = False
        yield ShowFailure(failure, self.generation)
        if self.server is not None:
            # Failing checks. It leaves first: with two that accept, an error page could be followed by a good answer.
            yield Route(None)
            yield from self._retire(self.records[self.server])
            self.server = None
        yield from self._spawn_page(failure)

    def _spawn_page(self, failure: Failure) -> Effects:
        handle = self._new(Role.PAGE, stage=Stage.OFFERED)
        yield Spawn(handle, Role.PAGE, self.generation, failure)

    def _refused(self, handle: int, status: int) -> Effects:
        if not self._is_current(handle) or self.is_stopping or self.failure is not None or handle == self.second:
            return
        if self.has_answered or self.generation > 1:
            title = f"The command ended with status {status} instead of serving; its message is in the terminal."
            yield from self._start_failed(Failure("exit", title), is_held=status > 0)
            return
        self.exit_status = status
        yield from self._stop()

    def _too_slow(self, generation: int, seconds: float) -> Effects:
        if generation != self.generation or self.server is not None or self.failure or self.is_stopping:
            return
        if self.has_own_server:
            return
        title = f"The project has been starting for {seconds:.0f} seconds and is not ready yet."
        if self._waits:
            title = f"For {seconds:.0f} seconds the start has waited for the end of the previous server."
        yield from self._spawn_page(Failure("slow", title))
        if (boot := self.starting) is not None:
            # It may ask again and again for what one of these has.
            yield from self._end_others(boot)

    # ---- processes end ------------------------------------------------------------------------------------------

    def _ended(self, event: Ended) -> Effects:
        record = self.records.pop(event.handle, None)
        if record is None:
            return
        if event.handle == self.server:
            self.server = None
            yield Route(None)
        if self.is_stopping:
            yield from self._continue_stop()
            return
        yield from self._yield_port()
        if record.parent is not None:
            yield from self._release(record.parent)
        if event.handle == self.ready:
            self.ready = None
        if event.handle == self.second:
            self.second = None
            return  # the generation has a server; only the next edit will take longer
        yield from self._end_standby(event.handle)
        if self._waits:
            yield from self._begin(self._waits_at)
            return
        is_expected = record.stage in (Stage.ENDING, Stage.DRAINING) or event.explained
        if record.generation == self.generation and not is_expected:
            yield from self._replace(record, event.status, lasted=event.lasted)

    def _replace(self, record: Record, status: int, *, lasted: bool) -> Effects:
        """A process of the current generation ended unasked."""
        match record.role, record.stage:
            case Role.PAGE, _:
                if lasted and self.failure is not None:
                    yield from self._spawn_page(self.failure)
            case Role.BOOT, Stage.STARTING:
                title = f"The project's process {describe(status)} while it was starting."
                yield from self._start_failed(Failure("exit", title), is_held=status > 0)
            case Role.BOOT, Stage.FOREIGN:
                yield from self._fail(Failure("exit", f"The project's own server {describe(status)}."))
            case ((Role.SERVER | Role.BOOT), Stage.OFFERED | Stage.SERVING):
                if self.failure is not None:
                    return
                # Once may be what a request did to it; twice, and every further one would end so.
                if not lasted and self._ended_early == self.generation:
                    title = f"The server process {describe(status)} as soon as it served."
                    yield from self._fail(Failure("exit", title))
                    return
                if not lasted:
                    self._ended_early = self.generation
                yield ShowReplaced(status)
                checkpoint = self.records.get(record.parent or 0)
                is_usable = checkpoint is not None and checkpoint.stage is Stage.CHECKPOINT
                yield from self._begin(self.ready or (record.parent if is_usable else None))
                yield ArmBound(self.generation)

    # ---- the end ------------------------------------------------------------------------------------------------

    def _stop(self) -> Effects:
        if self.is_stopping:
            yield from (Kill(handle, Force.KILL) for handle in self.records)
            return
        self.is_stopping = True
        yield ArmStop()
        for record in list(self.records.values()):
            match record.role, record.stage:
                case ((Role.SERVER | Role.BOOT | Role.PAGE), Stage.OFFERED | Stage.SERVING | Stage.DRAINING):
                    yield Stop(record.handle)
                case _, Stage.STANDBY:
                    yield Stop(record.handle)
                case Role.CHECKS, _:
                    yield Kill(record.handle, Force.KILL)
                case _, Stage.CHECKPOINT | Stage.ENDING:
                    pass
                case _:
                    yield Kill(record.handle, Force.TERMINATE)
        yield from self._continue_stop()

    def _continue_stop(self) -> Effects:
        if not self.records:
            yield Finish(self.exit_status)
            return
        for handle in list(self.records):
            yield from self._release(handle)

    # ---- records ------------------------------------------------------------------------------------------------

    def _new(self, role: Role, parent: int | None = None, stage: Stage = Stage.STARTING) -> int:
        handle = self._next_handle
        self._next_handle += 1
        self.records[handle] = Record(handle, role, self.generation, stage, parent)
        return handle

    def _set(self, handle: int, **changes: object) -> None:
        self.records[handle] = msgspec.structs.replace(self.records[handle], **changes)

    def _is_current(self, handle: int) -> bool:
        record = self.records.get(handle)
        return record is not None and record.generation == self.generation

    def _is_starting(self, handle: int) -> bool:
        return self._is_current(handle) and self.records[handle].stage is Stage.STARTING

    def _having(self, role: Role) -> bool:
        return any(record.role is role for record in self.records.values())


def describe(status: int) -> str:
    """How a process ended, in words: `status` as of `os.waitstatus_to_exitcode`."""
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
