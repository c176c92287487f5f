"""The loop: turns what happens into the machine's events and performs its effects.

One thread does everything here except reading file events, which is the watcher's thread. Nothing wakes it
while nothing happens.
"""

import errno
import math
import os
import resource
import signal
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import msgspec

from afresh.channel import messages as msg
from afresh.channel.endpoint import MOST_PATHS, pair
from afresh.channel.listening import listening_inodes
from afresh.channel.wire import Decoder
from afresh.errors import Disconnected, UsageError
from afresh.handover.convoy import Convoy, unpack
from afresh.handover.parcel import Parcel
from afresh.keeper import console, machine
from afresh.keeper.actions import Reply
from afresh.keeper.children import Link, await_end, become_subreaper, kill, reap, spawn, spawn_apart
from afresh.keeper.chronicle import Chronicle
from afresh.keeper.echoes import Echoes
from afresh.keeper.editor import editor_command, project_file
from afresh.keeper.edits import UNDONE, Edits, PendingEdit, superseding
from afresh.keeper.eventloop import EventLoop, Timer
from afresh.keeper.front import Desk, Front
from afresh.keeper.inquiries import Inquiries
from afresh.keeper.interpreters import boot_command, isolated, own_library_path
from afresh.keeper.keys import CLEAR, HELP, Keys, browser_command, ignore_background_reads
from afresh.keeper.ledger import Ledger
from afresh.keeper.live import Live
from afresh.keeper.locks import waits_for_lock
from afresh.keeper.machine import Role, Stage
from afresh.keeper.prompts import Prompts
from afresh.keeper.sockets import bind, holder
from afresh.keeper.spec import RESTARTING, STOPPING, BootSpec, log_form, project_folder, read_address, verbosity_of
from afresh.keeper.terminal import Terminal
from afresh.keeper.texts import Texts
from afresh.keeper.twin import mentions_run_main
from afresh.live.kinds import are_swapped
from afresh.reload.journal import Edit, Entry, Exec, Read
from afresh.reload.orders import Course, Patch
from afresh.reload.plan import Plan, Way
from afresh.source.cache import default_directory
from afresh.source.notes import Notes
from afresh.watch.gate import Latch, Word
from afresh.watch.watcher import Watcher

if TYPE_CHECKING:
    from afresh.keeper.errand import Errand

STOP_SECONDS = 5.0
DASHBOARD_SECONDS = 1.0
CHECKS_SECONDS = 0.1
IDLE_SECONDS = 0.25
RESTLESS_BOOTS = 5
PROJECT_SECONDS = 1.0
LOCK_SECONDS = 1.0
A_BLINK = 0.02
PROMPT_SECONDS = 0.1
A_TURN = 0.01  # what work that nobody waits for may take of the loop at once
# What is noted of the project for its later starts: code of it runs only where RUN_MAIN is unset; the start takes what
# only one process can have.
TWIN, EXCLUSIVE = "twin", "exclusive"
SPAWNERS_HANDLE = 0
DASHBOARDS_HANDLE = -1
STOPPED_BY = {signal.SIGINT: "Ctrl+C", signal.SIGTERM: "asked to end (SIGTERM)", signal.SIGHUP: "the terminal closed"}
NOT_STARTED = 127  # the status of a process that could not be, as shells have it
A_MOMENT = 1.0  # a server that ends sooner than this after it began would only end again


class Member(msgspec.Struct, eq=False):
    """One process as the loop holds it."""

    handle: int
    role: Role
    link: Link
    pid: int | None = None
    began: int = msgspec.field(default_factory=time.time_ns)
    convoy: Convoy | None = None
    serving_since: float | None = None
    is_set_up: bool = False  # what a start may do but once lies behind it
    was_set_up: float | None = None  # when it came to that point by itself
    went_on: float | None = None  # when it came from the last checkpoint, if it may come that way again
    is_repeat: bool = False  # it goes a way that another one has gone before
    obstacles: list[str] = msgspec.field(default_factory=list)  # what kept it from leaving checkpoints on its way
    fork_took: float = 0.0  # seconds by which leaving it behind held up the boot that it is a copy of
    is_stale: bool = False
    is_warm: bool = False
    ready: machine.BootReady | None = None
    receivers: bool = False
    to_be_killed: signal.Signals | None = None  # as soon as its process id is known
    is_at_end: bool = False  # nobody holds the other end of its channel any more
    has_failed: bool = False
    has_refused: bool = False  # it ends by its command's own decision, not by a failure of the project
    timers: list[Timer] = msgspec.field(default_factory=list)


class FirstBoot(NamedTuple):
    """A boot that is already running. `consumed`, `began`: see `afresh.keeper.handoff.Handoff`."""

    channel: socket.socket
    pid: int
    consumed: bytes
    began: int


class Keeper:
    """The parent process at work.

    `terminal`: as the shell gave it. `first_boot`: one that is already running; `spawner`: channel of the process that
    starts boots in its place (`afresh.keeper.spawner`).
    """

    def __init__(
        self,
        spec: BootSpec,
        lifeline: tuple[int, int],
        terminal: Terminal,
        first_boot: FirstBoot | None = None,
        spawner: socket.socket | None = None,
    ) -> None:
        self.spec = spec
        self._lifeline_read, self._lifeline_write = lifeline
        self._first_boot = first_boot
        self._loop = EventLoop()
        self._machine = machine.Machine()
        self._members: dict[int, Member] = {}
        self._status = 0
        # Why the command is to be run without Afresh, if it is.
        self.gives_way = ""
        self._listener: socket.socket | None = None
        self._bound: tuple[str, int, bool] | None = None
        self._is_handed = False  # Whether another process has the listening socket, too.
        self._standing: tuple[msg.Stood, socket.socket]
        self._rest_seconds = math.inf  # what a start took lately from where all was set up
        self._word_descriptor = Word.create()
        self._latch = Latch(Word(self._word_descriptor))
        self._latch.decide(0, self._machine.generation)
        self._held: list[Parcel] = []
        self._route: Member | None = None
        self._edits = Edits()
        self._answer_timer: Timer | None = None
        self._echoes = Echoes()
        self._follows = True  # whether open pages follow the generation
        self._edited_at = time.monotonic()
        self._is_announced = False
        self._is_dashboard_said = False
        self._hosts: tuple[str, ...] = spec.options.allow_host
        self._is_behind_proxy = False
        # Until the application says how: the flags of `manage.py` are Django's own.
        self._advice = "variable" if spec.door == "manage.py" else "option"
        self._executed: list[str] = []
        # Modules of the framework that requests have needed, in this order.
        self._needed: dict[str, None] = {}
        self._restless: Counter[str] = Counter()
        self._named_restless: set[str] = set()
        self._checks_output = ""
        self._doubtful: machine.Failed | None = None
        # Members whose process id is still to be told: by themselves, or, if they end before, by who forked them.
        self._nameless: dict[tuple[str, int], Member] = {}
        # Processes that are nobody's: editors.
        self._helpers: set[int] = set()
        # Processes that have ended before it was known which they are.
        self._unclaimed: dict[int, int] = {}
        # What is to be exchanged in whatever is forked from this checkpoint, in the current generation.
        self._patches: tuple[int | None, tuple[Patch, ...]] = (None, ())
        self._decision = Plan(Way.COLD, "start")
        self._edit = Edit(frozenset(), everything=True)
        # Files that ends of processes have changed since the last edit; and whose start began last, and when.
        self._undone: set[str] = set()
        self._began = (1, 0)
        self._first_answered: int | None = None
        self._obstacles_said: set[str] = set()
        self._is_exchange_said = False
        self._is_own_server_said = False
        self._is_complete = False
        self._looked_for_twin = spec.door == "wsgi" or spawner is not None  # which runs what Django's parent runs
        self._bound_timer: Timer | None = None
        self._idle_timer: Timer | None = None
        self._last_signal = signal.SIGINT
        if spec.options.log == "json":
            console.write_json()
        self._soft_files = self._raise_file_limit()
        self._folder = project_folder(spec.target, spec.cwd)
        self._verbosity = verbosity_of(spec.target)
        # Whether lines may be as long as what there is to say.
        self._is_verbose = self._verbosity > 1 or spec.options.log == "json"
        options = spec.options
        self._watcher = Watcher(
            self._latch,
            on_edit=lambda number, edit: self._loop.call_from_thread(self._edit_arrived, number, edit),
            on_decided=lambda: self._loop.call_from_thread(self._tell_servers),
            on_notice=lambda text: self._loop.call_from_thread(console.say, [text]),
            on_resaved=lambda paths: self._loop.call_from_thread(self._say_resaved, paths),
            settle_limit=options.settle,
            poll_interval=options.poll_interval,
            force_polling=options.poll,
        )
        settings = spec.environ.get("DJANGO_SETTINGS_MODULE", "")
        self._notes = Notes(default_directory(spec.environ), (spec.cwd, *spec.target[:2], settings))
        self._texts = Texts()
        self._ledger = Ledger(self._watcher.is_consumed, self._watcher.is_asked_for, self._texts.of)
        self._live = Live(self._watch_descriptor)
        self._front = Front(
            self._start_dashboard,
            {
                "reload": self._reload_all,
                "inquire": self._inquire,
                "processes": lambda _, reply: reply(self._processes()),
                "migrate": self._migrate,
                "open-editor": self._open_editor,
            },
            self._watch_descriptor,
            self._live,
            options.allow_host,
        )
        self._chronicle = Chronicle(self._front.publish, spec.cwd)
        self._inquiries = Inquiries()
        self._prompts = Prompts(terminal)
        self._errand: Errand | None = None
        self._keys = Keys(
            {
                "r": self._reload_now,
                "o": self._open_application,
                "d": self._open_dashboard,
                "c": partial(console.write, CLEAR),
                "q": self._stop_by_key,
                "?": partial(console.say, [HELP]),
            },
            self._watch_descriptor,
            self._may_read_keys,
        )
        self._has_lost_spawner = False
        self._spawner = None if spawner is None else self._add_member(SPAWNERS_HANDLE, Role.SPAWNER, spawner, None)

    def __repr__(self) -> str:
        return f"<Keeper {self._machine!r} members={sorted(self._members)} held={len(self._held)}>"

    def run(self) -> int:
        """Serve until the user ends it; returns the exit status."""
        become_subreaper()
        self._install_signals()
        self._watcher.start()
        if self.spec.address is not None:
            # Whoever connects from now on waits instead of being refused. If this fails, the command will ask for
            # the same address and report the error in Django's words.
            self._try_bind(*self.spec.address)
        self._bind_dashboard()
        began = 0 if self._first_boot is None else self._first_boot.began
        self._chronicle.began((os.path.basename(self.spec.python), *self.spec.flags, *self.spec.target), began)
        known = self._notes.known()
        self._machine.is_exclusive = EXCLUSIVE in known
        effects = self._machine.start(adopted=self._first_boot is not None)
        if self._first_boot is not None:
            member = self._add_member(1, Role.BOOT, self._first_boot.channel, self._first_boot.pid)
            self._ledger.spawned(1, self._machine.generation)
            self._chronicle.boot_began(1, self._machine.generation, began)
            self._received(member, Decoder[msg.FromApp](msg.FromApp).decode(self._first_boot.consumed), [])
        self._perform(effects)
        if TWIN in known and not self._looked_for_twin:
            self._step(machine.TwinWanted())  # beside the first boot; what it is for is waited for
        # Walking a large folder takes a while, and the first boot waits for us now. What it consumes is compared with
        # the disk anyway; the folder matters for code that nobody has told us of.
        self._loop.call_later(PROJECT_SECONDS, self._cover_project)
        self._reap()  # the first boot may have ended before there was a handler of SIGCHLD to tell of it
        try:
            self._loop.run()
        finally:
            self._watcher.stop()
            if self._listener is not None:
                self._listener.close()
            self._end_dashboard()
            self._keys.close()
        return self._status

    def become_the_command(self) -> NoReturn:
        """Run the user's command in place of this process, as the shell would have run it."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._soft_files, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        signal.signal(signal.SIGTTIN, signal.SIG_DFL)
        become_subreaper(False)
        os.execve(self.spec.python, [self.spec.python, *self.spec.flags, *self.spec.target], self.spec.environ)

    @property
    def last_signal(self) -> signal.Signals:
        """The signal that asked for the end."""
        return self._last_signal

    # ---- signals --------------------------------------------------------------------------------------------------

    def _install_signals(self) -> None:
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in STOPPING:
            # nohup and background jobs of scripts start us with some of them ignored, and that is to stay so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._loop.add_signal_handler(number, self._stop_asked, number)
        if self._keys.has_terminal:
            ignore_background_reads()
            self._loop.add_signal_handler(signal.SIGCONT, self._keys.look)
        self._loop.add_signal_handler(RESTARTING, self._reload_now)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)  # blocked by the entry before its exec

    def _stop_by_key(self) -> None:
        self._step(machine.StopAsked())

    def _stop_asked(self, number: signal.Signals) -> None:
        self._last_signal = number
        if self._errand is not None:
            kill(self._errand.pid, signal.SIGTERM)
        self._step(machine.StopAsked())

    def _reap(self) -> None:
        for pid, status in reap():
            self._ended(pid, status)

    def _ended(self, pid: int, status: int) -> None:
        """A process has ended. Who that was is only known when all that it has said is read: a boot leaves a checkpoint
        behind, and from then on its process is the checkpoint."""
        if pid in self._helpers:
            self._helpers.discard(pid)
            return
        member = self._member_with(pid)
        if member is not None:
            self._drain_channel(member)
        if self._errand is not None and pid == self._errand.pid:
            self._errand_ended(self._errand, status)
        elif member is not self._member_with(pid):
            self._ended(pid, status)
        elif member is not None:
            self._gone(member, status)
        elif self._nameless:  # else it is nobody's: what a view has started, and left
            self._unclaimed[pid] = status

    def _member_with(self, pid: int) -> Member | None:
        return next((member for member in self._members.values() if member.pid == pid), None)

    # ---- machine --------------------------------------------------------------------------------------------------

    def _step(self, event: machine.Event) -> None:
        self._perform(self._machine.step(event))

    def _perform(self, effects: list[machine.Effect]) -> None:
        for effect in effects:
            try:
                self._perform_one(effect)
            except Exception:
                # The machine takes all of them for done: without those that follow, nobody would answer any more.
                traceback.print_exc()

    def _perform_one(self, effect: machine.Effect) -> None:
        match effect:
            case machine.Spawn(handle, role, generation, failure):
                if failure is not None:
                    failure = msgspec.structs.replace(failure, changes=self._texts.changes(self.spec.cwd))
                self._spawn(handle, role, generation, failure)
            case machine.ForkFrom(parent, handle, role):
                self._fork(parent, handle, role)
            case machine.GoOn(handle, parent):
                self._go_on(handle, parent)
            case machine.KeepCheckpoint(handle, boot):
                self._keep_checkpoint(handle, boot)
            case machine.Serve(handle, generation):
                live = self._live.stamp(generation, by_page=False) if self.spec.options.live else None
                has_events = self._watcher.events is not None
                limits = self.spec.options.limits()
                message = msg.Serve(generation, has_events, limits, live, self._dashboard_origin(), self._log_form())
                if handle in self._members:
                    self._members[handle].link.send(message, self._serving_descriptors())
            case machine.Yield(handle):
                self._yield_port(handle)
            case machine.RunChecks(handle):
                self._send(handle, msg.RunChecks())
            case machine.Drain(handle):
                self._drain(handle)
            case machine.Stop(handle):
                self._send(handle, msg.Stop())
                self._arm_drain(handle, STOP_SECONDS)  # a start may wait for the end of its exit handlers
            case machine.Kill(handle, force):
                self._kill(handle, signal.Signals[force.value])
                if force is machine.Force.TERMINATE:
                    self._kill_later(handle)
            case machine.Route(handle):
                self._route_to(None if handle is None else self._members.get(handle))
            case machine.Answering(generation, reason, by_page):
                self._answering(generation, reason, by_page=by_page)
            case machine.ShowFailure(failure, generation):
                self._ledger.failed()
                self._chronicle.failed(generation, failure.title, self._texts.changes(self.spec.cwd))
                fields = console.failure_fields(failure, generation)
                console.tell("failure", fields, console.failure_lines(failure))
            case machine.ShowHeld(generation, by):
                self._say_held(generation, by)
            case machine.FoundExclusive():
                self._notes.note(EXCLUSIVE)
                console.say([console.EXCLUSIVE])
            case machine.ShowReplaced(status):
                console.say([console.replaced_line(status)])
            case machine.ArmBound(generation):
                self._arm_bound(generation)
            case machine.ArmChecks(generation):
                self._loop.call_later(CHECKS_SECONDS, self._step, machine.ChecksDue(generation))
            case machine.ArmStop():
                self._loop.call_later(STOP_SECONDS, self._step, machine.StopOverdue())
            case machine.Finish(status):
                self._status = status
                self._chronicle.stopped(STOPPED_BY.get(self._last_signal, self._last_signal.name))
                self._loop.stop()

    # ---- processes ------------------------------------------------------------------------------------------------

    def _spawn(self, handle: int, role: Role, generation: int, failure: msg.Failure | None) -> None:
        ours, theirs = pair()
        if role is Role.BOOT:
            self._chronicle.interpreter_started(time.monotonic_ns())
        try:
            with theirs:
                pid = self._start(handle, role, theirs)
        except OSError as exc:
            ours.close()
            console.say([f"A process cannot be started: {exc}. Save any file to try again."])
            self._loop.call_later(0, self._step, machine.Ended(handle, NOT_STARTED, lasted=False))
            return
        member = self._add_member(handle, role, ours, pid)
        if pid is None:
            self._nameless["forked", handle] = member
        begin = msg.Begin(
            role=role.value,
            target=self.spec.target,
            orig_argv=(self.spec.python, *self.spec.flags, *self.spec.target),
            soft_files=self._soft_files,
            first=self._is_first(),
            adapter="" if self.spec.door == "wsgi" else "afresh.django.seams",
            address=self.spec.address,
            course=self._course(member),
            allow_host=self.spec.options.allow_host,
        )
        member.link.send(begin, [self._lifeline_read])
        if role is Role.BOOT:
            self._began = (generation, time.time_ns())
            self._chronicle.boot_began(handle, generation)
            self._ledger.spawned(handle, generation)
            self._executed.clear()
            self._needed.clear()
            self._is_complete = False
        if failure is not None:
            self._offer_page(member, generation, failure)

    def _start(self, handle: int, role: Role, channel: socket.socket) -> int | None:
        """Start the process; returns its id, None where the spawner is going to tell it."""
        if role is Role.PAGE:
            command = isolated(self.spec.python, "from afresh.boot.page import main; main()", own_library_path())
            return spawn(command, {"LC_ALL": "C.UTF-8"}, channel)
        if self._spawner is not None:
            self._spawner.link.send(msg.Fork(role.value, handle), [channel.fileno()])
            return None
        environ = self.spec.environ | (self._run_main() if role is Role.BOOT else {})
        return spawn(boot_command(self.spec), environ, channel)

    def _run_main(self) -> dict[str, str]:
        return {} if self.spec.door == "wsgi" else {"RUN_MAIN": "true"}

    def _offer_page(self, member: Member, generation: int, failure: msg.Failure) -> None:
        if self._listener is None and not self._bind_for_page():
            return
        waits = failure.kind == "slow"
        live = self._live.stamp(generation, by_page=True, waits=waits) if self.spec.options.live else None
        has_events = self._watcher.events is not None
        message = msg.ServePage(
            generation,
            has_events,
            failure,
            self._hosts,
            self._is_behind_proxy,
            self._advice,
            self.spec.options.limits(),
            live,
            self._dashboard_origin(),
            self._log_form(),
        )
        member.link.send(message, self._serving_descriptors())

    def _is_first(self) -> bool:
        """Whether start-up lines are wanted from what begins now."""
        return self._first_answered in (None, self._machine.generation)

    def _fork(self, parent: int, handle: int, role: Role) -> None:
        if parent not in self._members:
            return  # It is gone, and the machine is about to hear of it.
        ours, theirs = pair()
        with theirs:
            self._members[parent].link.send(msg.Fork(role.value, handle), [theirs.fileno()])
        member = self._add_member(handle, role, ours, None)
        member.receivers = self._members[parent].receivers
        self._nameless["forked", handle] = member

    def _go_on(self, handle: int, parent: int) -> None:
        member = self._members.get(handle)
        if member is None or parent not in self._members:
            return  # as above
        at, patches = self._patches
        if at != parent:
            patches = ()
        self._ledger.forked(handle, parent, patches)
        member.is_repeat = handle == self._machine.second
        if self._began[0] != self._machine.generation:  # else what is forked now only serves
            self._began = (self._machine.generation, time.time_ns())
        if member.role is Role.BOOT and not member.is_repeat:  # else its steps have been told
            self._chronicle.boot_began(handle, self._machine.generation)
            self._is_complete = False
        is_short = self._is_short(parent)
        member.is_set_up = self._members[parent].is_set_up
        member.went_on = time.monotonic() if is_short or member.is_set_up else None
        if not member.is_set_up:
            self._needed.clear()  # it may come to other settings
        needed = tuple(self._needed) if member.role is Role.BOOT else ()
        member.link.send(msg.Go(self._is_first(), patches, self._course(member, is_short=is_short), needed))

    def _is_short(self, checkpoint: int) -> bool:
        return self._ledger.rest_of(checkpoint) < self.spec.options.serve_first

    def _course(self, member: Member, *, is_short: bool = False) -> Course:
        is_short_in_the_end = self._rest_seconds < self.spec.options.serve_first
        return Course(self._ledger.places, is_short, is_short_in_the_end, member.is_repeat)

    def _prepare(self) -> None:
        """While nothing happens: let the ready checkpoint import what servers of it have imported, and fork ahead of
        time what the next edit may need."""
        self._idle_timer = None
        self._ledger.prepare()
        self._texts.want(path for path in self._executed if self._is_project_code(path))
        self._executed.clear()
        self._learn()
        self._fork_ahead()

    def _fork_ahead(self) -> None:
        self._idle_timer = None
        server = self._members.get(self._machine.server or 0)
        if server is None:
            return
        ready = self._members.get(self._machine.ready or 0)
        modules = () if ready is None else self._ledger.lazily_imported(server.handle, ready.handle)
        if ready is not None and (modules or not ready.is_warm):
            ready.is_warm = True
            self._step(machine.StandbyOutdated())
            ready.link.send(msg.Warm(modules))
        self._needed.update(dict.fromkeys(modules))
        place = self._ledger.at_last_place(self._machine.checkpoints)
        for effect in self._machine.step(machine.StandbyDue(self._machine.generation, place)):
            self._perform_one(effect)
            if not isinstance(effect, machine.ForkFrom):
                continue
            if effect.role is Role.BOOT:
                self._let_expect(effect.handle, self._ledger.executed_after(effect.parent))
            if self._wrote_the_same(server, effect.parent):
                self._send(effect.handle, msg.Prefault(server.pid or 0))

    def _let_expect(self, standby: int, executions: tuple[Exec, ...]) -> None:
        """Have a standby in the middle of a boot load the code of what was executed from there on."""
        for first in range(0, len(executions), MOST_PATHS):
            self._send(standby, msg.Ahead(executions[first : first + MOST_PATHS]))

    def _wrote_the_same(self, server: Member, checkpoint: int) -> bool:
        """Whether what the server has written to is what one that goes on from the checkpoint will write to.

        One that was forked elsewhere has written to other pages: far more where it has loaded the application by
        itself and the next finds it loaded.
        """
        record = self._machine.records.get(server.handle)
        return record is not None and record.parent == checkpoint

    def _learn(self) -> None:
        """A few texts at a time, so that no event waits for it."""
        if self._texts.learn():
            self._loop.call_later(A_BLINK, self._learn)

    def _cover_project(self) -> None:
        if self._folder and self._watcher.cover_project(self._folder, A_TURN):
            self._loop.call_later(A_BLINK, self._cover_more)

    def _cover_more(self) -> None:
        """Some folders at a time, as above: a home folder has thousands."""
        if self._watcher.cover_more(A_TURN):
            self._loop.call_later(A_BLINK, self._cover_more)

    def _prepare_when_idle(self) -> None:
        self._when_idle(self._prepare)

    def _when_idle(self, call: Callable[[], None]) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = self._loop.call_later(IDLE_SECONDS, call)

    def _stood(self, boot: Member, stood: msg.Stood, descriptor: int) -> None:
        self._standing = (stood, socket.socket(fileno=descriptor))
        self._step(machine.Stood(boot.handle))

    def _keep_checkpoint(self, handle: int, boot: int) -> None:
        stood, channel = self._standing
        member = self._members[boot]
        checkpoint = self._add_member(handle, Role.BOOT, channel, member.pid)
        checkpoint.began = member.began
        checkpoint.is_set_up = stood.is_set_up
        if stood.is_set_up:
            member.went_on = time.monotonic()
            if not member.is_set_up:
                member.is_set_up, member.was_set_up = True, member.went_on
        # The boot is the checkpoint's child from now on. If it was to be killed, what got the signal is the checkpoint.
        member.pid = None
        self._nameless["continued", handle] = member
        self._ledger.split(boot, handle, stood.unfinished, stood.inside)

    def _named(self, key: tuple[str, int], pid: int) -> None:
        """Whoever forked it tells the id of a process that has not told it itself."""
        member = self._nameless.get(key)
        if member is not None:
            self._here(member, pid)

    def _here(self, member: Member, pid: int) -> None:
        self._nameless = {key: other for key, other in self._nameless.items() if other is not member}
        member.pid = pid
        status = self._unclaimed.get(pid)
        if not self._nameless:
            self._unclaimed.clear()  # ids come again
        if status is not None:
            self._ended(pid, status)
        elif member.to_be_killed is not None:
            kill(pid, member.to_be_killed)

    def _add_member(self, handle: int, role: Role, channel: socket.socket, pid: int | None) -> Member:
        member = Member(handle, role, Link(channel, lambda wanted: self._want_write(member, wanted)), pid)
        member.convoy = Convoy(member.link.send)
        self._members[handle] = member
        self._loop.add_reader(member.link.fileno(), self._readable, member)
        return member

    def _want_write(self, member: Member, wanted: bool) -> None:
        if wanted:
            self._loop.add_writer(member.link.fileno(), member.link.flush)
        else:
            self._loop.remove_writer(member.link.fileno())

    def _send(self, handle: int, message: msg.ToApp) -> None:
        member = self._members.get(handle)
        if member is not None:
            member.link.send(message)

    def _kill(self, handle: int, number: signal.Signals) -> None:
        member = self._members.get(handle)
        if member is None:
            return
        # Kept, since the process with this id may turn out to be the checkpoint that the boot has left behind.
        member.to_be_killed = number
        if member.pid is not None:
            kill(member.pid, number)

    def _kill_later(self, handle: int) -> None:
        """A server of the project's own has as long to end as one of ours has to finish."""
        member = self._members.get(handle)
        if member is not None and not self.spec.is_debugged:
            kill_it = partial(self._kill, handle, signal.SIGKILL)
            member.timers.append(self._loop.call_later(self.spec.options.drain, kill_it))

    def _gone(self, member: Member, status: int) -> None:
        """A process has ended, its status is known, and what it still had to say has been read."""
        if self._members.get(member.handle) is not member:
            return
        self._drain_channel(member)
        self._loop.remove_reader(member.link.fileno())
        self._loop.remove_writer(member.link.fileno())
        del self._members[member.handle]
        self._ledger.gone(member.handle)
        for timer in member.timers:
            timer.cancel()
        if self._route is member:
            self._route = None
        parcels = [] if member.convoy is None else member.convoy.take_back()
        member.link.close()
        if member.role is Role.DASHBOARD:
            self._front.gone(parcels)
            return
        self._held += parcels
        self._inquiries.gone(member.handle)
        if member.serving_since is not None or status:
            self._chronicle.ended(member.handle, f"the process {machine.describe(status)}")
        serving = [other for other in self._members.values() if other.serving_since is not None]
        served = member.serving_since is not None
        self._prompts.ended(member.handle, status, served=served, others_serve=bool(serving))
        self._keys.look()
        self._bury_the_unborn()
        if member.has_refused:
            self._step(machine.Refused(member.handle, status))
        lasted = member.serving_since is not None and time.monotonic() - member.serving_since > A_MOMENT
        ended = machine.Ended(member.handle, status, lasted, member.has_failed)
        if member.serving_since is None:
            self._step(ended)
        else:
            # A signal for the whole process group may end the server before our own handler for it has run: whoever
            # is stopping must not start a successor.
            self._loop.call_later(A_BLINK, self._step, ended)

    def _bury_the_unborn(self) -> None:
        """End members that never became a process, or whose end nobody is left to tell of: the checkpoint that was to
        fork them, or that they were to leave behind, is gone, and so is the other end of their channel."""
        for member in list(self._members.values()):
            record = self._machine.records.get(member.handle)
            parent = None if record is None else record.parent
            if member.is_at_end and member.pid is None and parent is not None and parent not in self._members:
                assert record is not None
                member.has_failed = True  # it is nothing that the project did
                self._gone(member, -signal.SIGKILL)
                if record.generation == self._machine.generation and record.role is not Role.CHECKS:
                    self._edits.put_back(PendingEdit(None, self._edit, self._edited_at, record.generation))
                    self._decide_next()

    def _drain_channel(self, member: Member) -> None:
        try:
            while (received := member.link.receive()) is not None:
                self._received(member, *received)
        except (Disconnected, OSError):
            member.is_at_end = True

    def _drain(self, handle: int) -> None:
        member = self._members.get(handle)
        if member is None:
            return
        member.link.send(msg.Drain(self.spec.options.stream_drain))
        self._look_for_prompt(member)
        # Those that stand at no prompt are gone by then.
        member.timers.append(self._loop.call_later(PROMPT_SECONDS, self._look_for_prompt, member, True))
        self._arm_drain(handle)

    def _look_for_prompt(self, member: Member, is_late: bool = False) -> None:
        if self._prompts.stands(member.handle) if is_late else self._prompts.is_known(member.handle):
            self._say_debugger(member)

    def _arm_drain(self, handle: int, at_least: float = 0.0) -> None:
        member = self._members.get(handle)
        if member is not None:
            seconds = max(self.spec.options.drain, at_least)
            member.timers.append(self._loop.call_later(seconds, self._drain_overdue, member))

    def _drain_overdue(self, member: Member) -> None:
        # Who can be followed by a debugger may stand in it without having said so: all of its threads are stopped.
        seconds = self.spec.options.drain
        if self.spec.is_debugged or self._prompts.keeps(member.handle, seconds=seconds, now=time.monotonic()):
            self._arm_drain(member.handle)
        else:
            self._step(machine.DrainOverdue(member.handle))

    def _look_for_lock(self, generation: int) -> None:
        """A start that waits for a lock which an older process has would wait for ever: nothing else tells of it."""
        is_over = self._machine.server is not None or self._machine.failure is not None
        if is_over or generation != self._machine.generation:
            return
        member = self._members.get(self._machine.starting or 0)
        if member is not None and waits_for_lock(member.pid or 0):
            self._step(machine.Stuck(generation))
        self._loop.call_later(LOCK_SECONDS, self._look_for_lock, generation)

    def _arm_bound(self, generation: int) -> None:
        if self._bound_timer is not None:
            self._bound_timer.cancel()
        self._loop.call_later(LOCK_SECONDS, self._look_for_lock, generation)
        seconds = self.spec.options.wait
        self._bound_timer = self._loop.call_later(seconds, self._step, machine.TooSlow(generation, seconds))

    # ---- messages -------------------------------------------------------------------------------------------------

    def _readable(self, member: Member) -> None:
        try:
            while (received := member.link.receive()) is not None:
                self._received(member, *received)
                if self._members.get(member.handle) is not member:
                    return
        except Disconnected:
            # Its status follows: by SIGCHLD for a child of ours, in `ChildEnded` for a checkpoint's.
            self._loop.remove_reader(member.link.fileno())
            member.is_at_end = True
            if self._route is member:
                self._route = None
            self._bury_the_unborn()
            if member is self._spawner:
                self._has_lost_spawner = True
                self._step(machine.StopAsked())
            elif self._has_lost_spawner:
                self._gone(member, 0)  # nobody is left to tell how it ended

    def _received(self, member: Member, message: msg.FromApp, descriptors: list[int]) -> None:
        match message:
            case msg.Consumed(entries, ticket):
                self._consumed(member, entries, ticket)
            case msg.RequestReads(entry, ticket):
                self._request_reads(member, entry, ticket)
            case msg.WatchTrees(trees):
                for directory, glob in trees:
                    self._watcher.cover_tree(directory, glob, self._generation_of(member))
            case msg.Bind(address, port, ipv6):
                self._bind_asked(member, address, port, ipv6=ipv6)
            case msg.Ready():
                self._ready(member, message)
            case msg.Claim():
                self._step(machine.Claims(member.handle))
            case msg.ServesByItself(receivers, why):
                self._serves_by_itself(member, why or console.OWN_SERVER, receivers=receivers)
            case msg.Lacks(title):
                self._lacks(member, title)
            case msg.Undoes(path, changed):
                self._undoes(member, path, changed)
            case msg.Serving():
                member.serving_since = time.monotonic()
                self._chronicle.mark(self._generation_of(member), "served")
                self._step(machine.Serving(member.handle))
                # What was decided before it was known to serve was not told to it, and a request may wait there.
                member.link.send(msg.Decided(self._live.number))
            case msg.Failed(failure, is_held):
                self._failed(member, failure, is_held=is_held)
            case msg.Refused():
                member.has_refused = True
            case msg.GivesWay(why):
                self.gives_way = why
                self._step(machine.StopAsked())
            case msg.Forked(handle, pid):
                self._named(("forked", handle), pid)
            case msg.Continued(pid, seconds):
                member.fork_took = seconds
                self._named(("continued", member.handle), pid)
            case msg.Here(pid):
                self._here(member, pid)
            case msg.Stood():
                self._stood(member, message, descriptors[0])
            case msg.Obstructed(obstacle):
                member.obstacles.append(obstacle)
            case msg.Unpatchable(file, reason):
                self._unpatchable(member, file, reason)
            case msg.Spoilt(reason):
                self._spoilt(member, reason)
            case msg.ChildEnded(pid, status):
                self._ended(pid, status)
            case msg.Parcels():
                parcels = unpack(message, descriptors)
                member.link.send(msg.ParcelsTaken(len(parcels)))
                for parcel in parcels:
                    if parcel.for_keeper:
                        self._front.take(parcel)
                    else:
                        self._held.append(parcel)
                self._deliver()
            case msg.ParcelsTaken(count):
                if member.convoy is not None:
                    member.convoy.acknowledge(count)
            case msg.DebuggerHeld(held):
                self._prompts.told(member.handle, stands=held, now=time.monotonic())
                if held and self._route is not member:
                    self._say_debugger(member)
                self._keys.look()
            case msg.FileChangedAnswer(ticket, dealt):
                self._file_changed_answered(ticket, dealt)
            case msg.ChecksDone(output, failure):
                self._checked(member, output, failure)
            case msg.Happened(events):
                self._chronicle.tell(member.handle, events, member.pid or 0)
            case msg.Answered():
                self._inquiries.answered(message)
            case msg.NotLive(path, reason):
                generation = self._generation_of(member)
                self._front.publish("live", {"path": path, "reason": reason, "generation": generation})
            case msg.Asked():
                self._front.asked(message)
            case msg.Drained():
                pass

    def _failed(self, member: Member, failure: msg.Failure, *, is_held: bool) -> None:
        """A boot that fails while an edit is being settled has probably read a half-written file: what it says counts
        only if the edit turns out to mean nothing."""
        self._is_complete = member.has_failed = True
        if member.handle == self._machine.second:
            return  # the same has just been loaded, and answers
        self._arm_drain(member.handle, STOP_SECONDS)
        self._doubtful = machine.Failed(self._generation_of(member), failure, is_held)
        self._settle_doubts()

    def _undoes(self, member: Member, path: str, changed: int) -> None:
        """An exit handler is about to change a file. Under Django's reloader that is before the next start; here it has
        begun, and must not lose what it has made, nor go on with what it has read."""
        self._undone.add(path)
        generation = self._machine.generation
        if member.has_failed:
            # What was ready before it may have made the same file.
            self._ledger.doubt_beside(member.handle)
        was_made = (
            self._generation_of(member) != generation and self._began[0] == generation and changed > self._began[1]
        )
        if (was_made or member.is_repeat) and not self._machine.is_stopping:
            self._start_again(Edit(frozenset({path})), UNDONE)

    def _lacks(self, member: Member, title: str) -> None:
        is_current = self._generation_of(member) == self._machine.generation and not member.is_repeat
        if is_current and not (self._machine.is_alone or self._machine.is_exclusive):
            self._start_again(Edit(frozenset()), f"the previous server may hold what a thread needs ({title})")

    def _start_again(self, edit: Edit, reason: str) -> None:
        self._edits.put(PendingEdit(None, edit, time.monotonic(), self._machine.generation, again=reason))
        self._decide_next()

    def _settle_doubts(self) -> None:
        if self._doubtful is not None and not self._latch.is_open and self._edits.is_idle:
            event, self._doubtful = self._doubtful, None
            self._step(event)

    def _checked(self, member: Member, output: str, failure: msg.Failure | None) -> None:
        """On reloads the checks' output is shown where it differs from the last: every save would repeat it."""
        if self._generation_of(member) != self._machine.generation:
            return
        if not self._is_first() and output != self._checks_output:
            console.say(output.splitlines())
        self._checks_output = output
        self._front.publish(
            "checks",
            {"generation": self._machine.generation, "output": output, "failed": failure is not None},
        )
        if failure is not None:
            self._step(machine.Failed(self._machine.generation, failure))

    def _consumed(self, member: Member, entries: tuple[Entry, ...], ticket: int) -> None:
        self._ledger.consumed(member.handle, entries)
        if self._verbosity > 1 and not member.is_repeat:
            console.say(console.journal_lines(entries, self.spec.cwd, everything=self._verbosity > 2))
        changed = self._watcher.cover(entries, self._generation_of(member), member.began)
        if member.role in (Role.BOOT, Role.SERVER):
            self._executed += [entry.file for entry in entries if isinstance(entry, Exec)]
        if ticket:
            member.link.send(msg.Covered(ticket))
        if member is self._route and ticket:
            self._prepare_when_idle()  # a module was imported by a request
        record = self._machine.records.get(member.handle)
        if changed and record is not None and record.generation == self._machine.generation:
            self._overtaken(member, record.generation, changed)

    def _request_reads(self, member: Member, entry: Read, ticket: int) -> None:
        """A request is about to read a file, which counts as consumed from now on."""
        generation, changed = self._generation_of(member), []
        if generation == self._machine.generation and self._watcher.is_data(entry.file, self._folder):
            self._ledger.consumed(member.handle, (entry,), by_request=True)
            self._echoes.read(entry.file, time.monotonic())
            changed = self._watcher.cover((entry,), generation, member.began)
            if self._verbosity > 1:
                console.say(console.journal_lines((entry,), self.spec.cwd, everything=self._verbosity > 2))
        member.link.send(msg.Covered(ticket))
        if changed:
            # It was saved before the watch stood. The request reads it later than that, unless it did not wait so long.
            self._edits.put(PendingEdit(None, Edit(frozenset(changed)), time.monotonic()))
            self._decide_next()

    def _overtaken(self, member: Member, generation: int, changed: list[str]) -> None:
        """What a process has consumed was saved over before the watch stood: its generation must never answer."""
        member.is_stale = True
        self._ledger.doubt(member.handle)
        if member.handle == self._machine.second:
            self._kill(member.handle, signal.SIGKILL)
            return
        self._edits.put(PendingEdit(None, Edit(frozenset(changed)), time.monotonic(), generation))
        self._decide_next()

    def _ready(self, member: Member, ready: msg.Ready) -> None:
        member.receivers = ready.receivers
        self._is_announced = True  # the command has said where it serves
        self._chronicle.mark(self._generation_of(member), "ready")
        self._say_obstacles(member, ready.obstacle)
        if ready.forks and ready.compiler is None and not self._is_exchange_said:
            self._is_exchange_said = True
            console.say([console.NO_EXCHANGE])
        self._hosts = (*ready.hosts, *self.spec.options.allow_host)
        self._is_behind_proxy = ready.is_behind_proxy
        self._advice = ready.advice
        self._is_complete = True
        self._ledger.ready(member.handle, ready.compiler, ready.obstacle)
        is_second = member.handle == self._machine.second
        now = time.monotonic()
        took = math.inf if member.went_on is None or not ready.is_repeatable else now - member.went_on
        is_quick = took < self.spec.options.serve_first
        if member.was_set_up is not None and not is_second:
            self._rest_seconds = now - member.was_set_up
        member.ready = machine.BootReady(member.handle, ready.forks, ready.checks, is_quick)
        if not member.is_stale:
            self._step(member.ready)
        if is_second:
            self._prepare_when_idle()

    def _say_obstacles(self, member: Member, at_end: str) -> None:
        """What keeps reloads slow, when it is known whether it lasts until the end of the start: each text once."""
        for obstacle in filter(None, (*member.obstacles, at_end)):
            self._chronicle.obstructed(self._generation_of(member), obstacle)
        record = self._machine.records.get(member.handle)
        has_checkpoints = record is not None and record.parent is not None
        for obstacle in filter(None, (at_end, *member.obstacles)):
            if obstacle not in self._obstacles_said:
                self._obstacles_said.add(obstacle)
                is_at_end = obstacle == at_end
                console.say([console.obstacle_line(obstacle, is_at_end=is_at_end, has_checkpoints=has_checkpoints)])

    def _unpatchable(self, member: Member, file: str, reason: str) -> None:
        """Only the process itself could see that: find another way, for the same edit."""
        record = self._machine.records.get(member.handle)
        member.has_failed = True
        if record is None or record.generation != self._machine.generation or member.handle == self._machine.second:
            return
        if record.parent is not None:
            self._ledger.refused(record.parent, file, reason)
        edit = Edit(frozenset({file}))
        self._edits.put_back(PendingEdit(None, edit, self._edited_at, record.generation))
        self._decide_next()

    def _spoilt(self, member: Member, reason: str) -> None:
        """No process can go on from where it was forked: find another way, for the same edit."""
        record = self._machine.records.get(member.handle)
        member.has_failed = True
        if record is None or record.parent is None:
            return
        self._ledger.spoil(record.parent, reason)
        if record.generation == self._machine.generation and member.handle != self._machine.second:
            self._edits.put_back(PendingEdit(None, self._edit, self._edited_at, record.generation))
            self._decide_next()

    def _generation_of(self, member: Member) -> int:
        record = self._machine.records.get(member.handle)
        return self._machine.generation if record is None else record.generation

    def _say_debugger(self, member: Member) -> None:
        if self._prompts.say_once(member.handle):
            console.say(
                [
                    f"A request stands in the debugger of the previous server (pid {member.pid}): it keeps the "
                    "terminal and goes on with the old code; new requests get the new code."
                ]
            )

    # ---- the listening socket -------------------------------------------------------------------------------------

    def _bind_asked(self, member: Member, address: str, port: int, *, ipv6: bool) -> None:
        try:
            self._bind(address, port, ipv6)
        except OverflowError:
            member.has_refused = True
            member.link.send(msg.BindFailed(0, f"The port must be between 0 and 65535, not {port}."))
        except OSError as exc:
            member.has_refused = True
            member.link.send(msg.BindFailed(exc.errno or 0, str(exc)))
            self._say_holder(port)
        else:
            assert self._listener is not None
            self._step(machine.Binds(member.handle))
            member.link.send(msg.Bound(self._listener.getsockname()[1]))

    def _bind(self, address: str, port: int, ipv6: bool) -> None:
        """Bind unless it is bound to just that already: so a port that the system chose stays over all reloads."""
        wanted = (address, port, ipv6)
        if self._bound == wanted:
            return
        try:
            listener = bind(address, port, ipv6=ipv6)
        except OSError as exc:
            # Our own may be in the way, bound ahead of time: one for all addresses where it has one of them.
            is_own = self._bound is not None and self._bound[1] == port and not self._is_handed
            if exc.errno != errno.EADDRINUSE or not is_own:
                raise
            self._release_listener()
            listener = bind(address, port, ipv6=ipv6)
        self._release_listener()
        self._listener, self._bound = listener, wanted
        self._front.application_port = listener.getsockname()[1]

    def _try_bind(self, address: str, port: int, ipv6: bool) -> bool:
        try:
            self._bind(address, port, ipv6)
        except (OSError, OverflowError):
            return False
        return True

    def _release_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._listener = self._bound = None

    def _yield_port(self, handle: int) -> None:
        """A server of the project's own binds the address: connections on their way to one of ours end here."""
        port = 0 if self.spec.address is None else self.spec.address[1]
        if self._listener is None and self._machine.generation == 1 and port and listening_inodes(port):
            # Not each server ends by that (daphne's does not), and the first start of Django's ends with this status.
            console.say(["Error: That port is already in use."])
            self._say_holder(port)
            self._step(machine.Refused(handle, 1))
            return
        self._release_listener()
        for parcel in self._held:
            parcel.sock.close()
        self._held.clear()
        self._send(handle, msg.Yielded())

    def _serves_by_itself(self, member: Member, said: str, *, receivers: bool) -> None:
        member.receivers = receivers
        member.serving_since = time.monotonic()
        self._is_announced = True
        self._chronicle.mark(self._generation_of(member), "served")
        if not self._is_own_server_said:
            self._is_own_server_said = True
            console.say([said])
        self._step(machine.ServesByItself(member.handle))

    def _bind_for_page(self) -> bool:
        """The boot failed before its command could say where to serve: use what the command line says, or Django's
        default."""
        address, port, ipv6 = self.spec.address or ("127.0.0.1", 8000, False)
        if self._try_bind(address, port, ipv6):
            return True
        console.say([f"Error: {address}:{port} cannot be bound either, so the error cannot be shown in a browser."])
        self._say_holder(port)
        return False

    def _say_holder(self, port: int) -> None:
        found = holder(port)
        if found is not None:
            console.say([f"Port {port} is held by {found}."])

    def _serving_descriptors(self) -> list[int]:
        assert self._listener is not None
        self._is_handed = True
        events = self._watcher.events
        return [self._listener.fileno(), *([] if events is None else [events]), self._word_descriptor]

    # ---- connections on their way -----------------------------------------------------------------------------------

    def _route_to(self, member: Member | None) -> None:
        self._route = member
        self._deliver()

    def _deliver(self) -> None:
        if self._route is not None and self._route.convoy is not None and self._held:
            parcels, self._held = self._held, []
            self._route.convoy.send(parcels)

    # ---- the keeper's own pages -------------------------------------------------------------------------------------

    def _start_dashboard(self) -> Desk:
        ours, theirs = pair()
        command = isolated(self.spec.python, "from afresh.dashboard.process import main; main()", own_library_path())
        with theirs:
            pid = spawn(command, {"LC_ALL": "C.UTF-8"}, theirs)
        member = self._add_member(DASHBOARDS_HANDLE, Role.DASHBOARD, ours, pid)
        assert member.convoy is not None
        return Desk(member.link, member.convoy, partial(kill, pid, signal.SIGKILL))

    def _bind_dashboard(self) -> None:
        asked = self.spec.options.dashboard_addr
        if not asked:
            return
        address = read_address(asked)
        try:
            if address is None:
                raise OSError("it is not an address")
            self._front.listen(bind(address[0], address[1], ipv6=address[2]))
        except (OSError, OverflowError) as exc:
            console.say([f"Error: the dashboard has no address of its own: {asked} cannot be bound ({exc})."])

    def _watch_descriptor(self, descriptor: int, call: Callable[[], None] | None) -> None:
        if call is None:
            self._loop.remove_reader(descriptor)
        else:
            self._loop.add_reader(descriptor, call)

    def _end_dashboard(self) -> None:
        """It ends at the end of its channel, when its streams have told how the server ended."""
        member = self._members.get(DASHBOARDS_HANDLE)
        if member is not None and member.pid is not None:
            member.link.close()
            await_end(member.pid, DASHBOARD_SECONDS)

    def _log_form(self) -> str:
        return log_form(self.spec.options.log, self._verbosity)

    def _dashboard_origin(self) -> str:
        return "" if self._bound is None else self._front.origin(self._bound[0])

    def _say_dashboard(self) -> None:
        link = "" if self._bound is None else self._front.link(self._bound[0])
        if link and not self._is_dashboard_said:
            self._is_dashboard_said = True
            console.say([f"Dashboard: {link}"])

    def _inquire(self, value: object, reply: Reply) -> None:
        """Ask the application that answers now."""
        member = self._route
        if member is None or member.role is Role.PAGE:
            self._inquiries.ask(value, reply, None, lambda _: None)
        else:
            self._inquiries.ask(value, reply, member.handle, member.link.send)

    def _processes(self) -> list[dict[str, object]]:
        """All processes of the project, with what a checkpoint stands before."""
        told: list[dict[str, object]] = []
        for record in self._machine.records.values():
            member = self._members.get(record.handle)
            progress, inside, unfinished = self._ledger.progress_of(record.handle)
            names = [console.relative(path, self.spec.cwd) for path in unfinished]
            serves = record.role is Role.BOOT and record.stage is Stage.SERVING
            told.append(
                {
                    "handle": record.handle,
                    "role": Role.SERVER.value if serves else record.role.value,
                    "stage": record.stage.value,
                    "generation": record.generation,
                    "parent": record.parent,
                    "pid": None if member is None else member.pid,
                    "is_ready": record.is_ready,
                    "progress": progress,
                    "took": 0.0 if member is None else member.fork_took,
                    "inside": None if inside is None else console.relative(inside.file, self.spec.cwd),
                    "line": None if inside is None else inside.line,
                    "unfinished": names,
                }
            )
        return told

    def _migrate(self, _: object, reply: Reply) -> None:
        """Run the project's `migrate` beside the server."""
        from afresh.keeper.errand import Errand, migrate_command

        command = migrate_command(self.spec)
        if command is None:
            reply(error="The server was not started by a runserver command, so there is no migrate beside it.")
        elif self._errand is not None:
            reply(error="It is being run already.")
        else:
            self._errand = errand = Errand(command, self.spec, lambda text: self._say_migrate(text=text))
            self._say_migrate(command=" ".join(command[1:]))
            self._loop.add_reader(errand.fileno(), self._read_errand, errand)
            reply()

    def _say_migrate(self, **said: object) -> None:
        self._front.publish("migrate", said)

    def _read_errand(self, errand: "Errand") -> None:
        if not errand.read():
            self._loop.remove_reader(errand.fileno())

    def _errand_ended(self, errand: "Errand", status: int) -> None:
        self._errand = None
        self._loop.remove_reader(errand.fileno())
        os.set_blocking(errand.fileno(), False)
        try:
            while errand.read():
                pass
        except BlockingIOError:
            pass  # a process that it has left behind holds the other end
        errand.close()
        self._say_migrate(status=status)

    # ---- keys -------------------------------------------------------------------------------------------------------

    def _may_read_keys(self) -> bool:
        """Not while a boot runs, which may ask the user something, nor once a request has stood in a debugger: what is
        typed ahead there is as well a debugger's command ("c", "q"). The next server begins anew."""
        return not self._prompts.has_had_any and not self._machine.is_stopping and self._is_announced

    def _reload_now(self) -> None:
        self._reload_all(None, lambda value=None, error="": None)

    def _open_application(self) -> None:
        if self._bound is not None:
            host = {"0": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._bound[0], self._bound[0])
            self._show(f"http://{f'[{host}]' if self._bound[2] else host}:{self._front.application_port}/")

    def _open_dashboard(self) -> None:
        link = "" if self._bound is None else self._front.link(self._bound[0])
        if link:
            self._show(link)
        else:
            console.say(["The dashboard cannot be reached at this address: start with --dashboard-addr."])

    def _show(self, address: str) -> None:
        command = browser_command(self.spec.environ, address)
        try:
            if command is not None:
                self._helpers.add(spawn_apart(command, self.spec.environ))
                return
        except OSError:
            pass
        console.say([f"Open {address}"])

    def _reload_all(self, _: object, reply: Reply) -> None:
        """Load everything anew, as after an edit of everything."""
        edit = Edit(frozenset(), everything=True)
        self._edits.put(PendingEdit(None, edit, time.monotonic(), self._machine.generation, is_wish=True))
        self._decide_next()
        reply()

    def _open_editor(self, value: object, reply: Reply) -> None:
        """Open a file of the project where it says: `{"file": path, "line": number}`."""
        asked = value if isinstance(value, dict) else {}
        file = project_file(asked.get("file"), self._folder, self._watcher.is_code)
        line = str(asked.get("line", "1"))
        if file is None:
            reply(error="Only files of the project are opened.")
            return
        try:
            number = int(line) if line.isascii() and line.isdecimal() and len(line) < 8 else 1
            command = editor_command(self.spec.options.editor, self.spec.environ, file, number)
            self._helpers.add(spawn_apart(command, self.spec.environ))
        except (UsageError, OSError, ValueError) as exc:
            reply(error=f"{exc} {getattr(exc, 'hint', '')}".strip())
        else:
            reply({"opened": file})

    # ---- edits ------------------------------------------------------------------------------------------------------

    def _edit_arrived(self, number: int, edit: Edit) -> None:
        stages = (Stage.OFFERED, Stage.SERVING, Stage.DRAINING, Stage.ENDING)
        for record in list(self._machine.records.values()):
            # What one has changed by itself it has told before, and that may be still to be read.
            if record.stage in stages and record.handle in self._members:
                self._drain_channel(self._members[record.handle])
        self._edits.put(PendingEdit(number, edit, time.monotonic()))
        self._decide_next()

    def _decide_next(self) -> None:
        """Decide the oldest edit; the next one waits for the outcome, so that decisions keep their order."""
        pending = self._edits.next()
        if pending is None:
            return
        if pending.generation is not None:
            self._supersede(pending)
            return
        server = self._application()
        decision = self._plan(pending.edit)
        if decision.way is not Way.NOTHING and self._was_changed_before(pending.edit):
            decision = Plan(Way.NOTHING, decision.place, "the previous server changed it at its end")
        if not decision.ask or server is None:
            self._conclude(pending, decision)
            return
        ticket = self._edits.ask(pending, decision)
        late = partial(self._file_changed_late, ticket)
        self._answer_timer = self._loop.call_later(self.spec.options.file_changed_wait, late)
        for first in range(0, len(decision.ask), MOST_PATHS):
            server.link.send(msg.FileChanged(ticket, decision.ask[first : first + MOST_PATHS]))

    def _application(self) -> Member | None:
        """The process that answers with the present code, and what it has consumed is known whole."""
        member = self._members.get(self._machine.application or 0)
        return None if member is None or member.has_failed else member

    def _plan(self, edit: Edit) -> Plan:
        """What the edit asks for. Texts of the project are compiled and compared for it: whatever that may raise, a
        fresh interpreter is always right, and an edit without a decision would keep the gate closed for good."""
        try:
            return self._plan_exactly(edit)
        except Exception as error:
            console.say([f"An edit could not be judged ({console.printable(repr(error))}): all is loaded anew."])
            return Plan(Way.COLD, min(edit.changed, default="nothing"), "the edit could not be judged")

    def _was_changed_before(self, edit: Edit) -> bool:
        """Whether the start under way began after the change, or has not begun: the ends of older processes come first.
        What it has looked at and not told yet is compared when it is told."""
        is_theirs = bool(edit.changed) and self._undone.issuperset(edit.changed)
        if not (is_theirs and self._machine.is_exclusive and self._machine.server is None):
            return False
        boot = self._machine.starting
        return self._machine.failure is None and (boot is None or self._ledger.holds(boot, edit))

    def _plan_exactly(self, edit: Edit) -> Plan:
        self._ledger.touch(edit)
        server = self._application()
        records = self._machine.records.values()
        checkpoints = [record.handle for record in records if record.stage is Stage.CHECKPOINT]
        return self._ledger.plan(
            edit,
            serving=None if server is None else server.handle,
            candidates=[] if self._machine.has_own_server else checkpoints,
            is_project_code=lambda path: not self._is_complete and self._is_project_code(path),
            receivers=server is not None and server.receivers,
        )

    def _supersede(self, pending: PendingEdit) -> None:
        is_current = pending.is_wish or pending.generation == self._machine.generation
        self._conclude(pending, superseding(pending, self._plan(pending.edit), self._machine.generation))
        if is_current and pending.generation == self._machine.generation:
            self._accept_restless()

    def _accept_restless(self) -> None:
        """The boot may answer although data it has consumed has changed: the next one would find the same."""
        for member in list(self._members.values()):
            if member.is_stale and self._generation_of(member) == self._machine.generation:
                member.is_stale = False
                if member.ready is not None:
                    self._step(member.ready)

    def _is_restless(self, edit: Edit) -> bool:
        """Whether these changes are the project's own work at every start (a cache it rebuilds, a folder it lists and
        writes into): the same data, not code, has changed in so many starts in a row that none has answered."""
        if edit.everything or not edit.changed or any(path.endswith(".py") for path in edit.changed):
            return False
        places = {path if self._watcher.is_read(path) else os.path.dirname(path) for path in edit.changed}
        if self._machine.server is not None:
            return False
        self._restless.update(places)
        if min(self._restless[place] for place in places) <= RESTLESS_BOOTS:
            return False
        if places - self._named_restless:
            self._named_restless |= places
            name = console.printable(console.relative(min(places), self.spec.cwd))
            console.say([f"{name} changes whenever the project starts: that alone does not start it again."])
        return True

    def _file_changed_answered(self, ticket: int, dealt: Sequence[msg.Dealt]) -> None:
        decided = self._edits.answered(ticket, dealt)
        if decided is not None:
            if self._answer_timer is not None:
                self._answer_timer.cancel()
            self._conclude(*decided)

    def _file_changed_late(self, ticket: int) -> None:
        decided = self._edits.conclude(ticket)
        if decided is not None:
            self._conclude(*decided)

    def _conclude(self, pending: PendingEdit, decision: Plan) -> None:
        effects: list[machine.Effect] = []
        before = self._machine.generation
        self._texts.edited(path for path in pending.edit.changed if self._watcher.is_consumed(path))
        again = pending.again
        if decision.way is not Way.NOTHING and pending.edit.changed and self._undone.issuperset(pending.edit.changed):
            again = again or UNDONE
            decision = Plan(Way.COLD, decision.place, again)
        if decision.way is not Way.NOTHING and not self._is_restless(pending.edit):
            self._edited_at = pending.since
            self._edit = pending.edit
            self._decision = decision
            self._patches = (decision.at, decision.patches)
            if decision.is_only_read:
                self._follows = self._may_follow(decision.stale)
            else:
                self._echoes.calm()
                self._follows = True
            effects = self._machine.step(machine.Edited(decision.place, decision.at, is_again=bool(again)))
            self._undone.clear()
        elif decision.way is Way.NOTHING:
            self._say_nothing(pending.edit, decision)
        if pending.number is None:
            self._latch.advance(self._machine.generation)
        else:
            self._latch.decide(pending.number, self._machine.generation)
        self._perform(effects)
        pages = decision.ask if decision.way is Way.NOTHING else ()
        files = pending.edit.changed.difference(pages) if self._folder else ()
        self._live.changed(files, pages, self._folder)
        self._tell_servers()
        if self._machine.generation != before:
            # Last: whoever waits for the new code does not wait for this.
            self._chronicle.edited(self._machine.generation, pending.edit, decision, pending.since)
        self._decide_next()

    def _may_follow(self, paths: Sequence[str]) -> bool:
        """Whether pages are to show what has become of these files, which only requests have read."""
        if are_swapped(paths, self._folder):
            return False  # the page stays, and takes the new ones from the next server
        may_follow = self._echoes.changed(paths, time.monotonic())
        if self._follows and not may_follow:
            name = console.printable(console.relative(min(paths), self.spec.cwd))
            console.say([f"{name} changes whenever it is read: open pages do not follow it."])
        return may_follow

    def _say_nothing(self, edit: Edit, decision: Plan) -> None:
        # Not of any file of the folder: our own output may go to one, which would have no end.
        if self._is_verbose and (decision.ask or any(map(self._watcher.is_consumed, edit.changed))):
            place, reason = (console.relative(text, self.spec.cwd) for text in (decision.place, decision.reason))
            console.say([console.nothing_line(place, reason)])

    def _say_resaved(self, paths: frozenset[str]) -> None:
        if self._is_verbose:
            console.say([console.resaved_line([console.relative(path, self.spec.cwd) for path in paths], os.getpid())])

    def _tell_servers(self) -> None:
        self._settle_doubts()
        for member in self._members.values():
            if member.serving_since is not None:
                member.link.send(msg.Decided(self._live.number))

    def _is_project_code(self, path: str) -> bool:
        return bool(self._folder) and path.endswith(".py") and path.startswith(self._folder + os.sep)

    # ---- what the user sees -----------------------------------------------------------------------------------------

    def _answering(self, generation: int, reason: str, *, by_page: bool) -> None:
        if self._bound_timer is not None:
            self._bound_timer.cancel()
            self._bound_timer = None
        if by_page:
            self._say_where()
        self._say_dashboard()
        self._keys.look()
        self._front.publish("state", self._state())
        if self._follows:
            self._live.answers(generation, by_page=by_page, waits=by_page and self._machine.failure is None)
        if by_page:
            self._chronicle.page_answers(self._address())
            if self._machine.failure is not None:
                self._when_idle(self._fork_ahead)  # for the edit that mends it
            return
        self._restless.clear()
        self._texts.good()
        if self._first_answered is None:
            self._first_answered = generation
        self._forget_older(generation)
        self._prepare_when_idle()
        modules = self._modules_loaded()
        if generation > 1:
            self._say_reload(generation, reason, modules)
        changes = () if generation == 1 else self._texts.changes(self.spec.cwd)
        self._chronicle.answering(generation, self._address(), modules, changes)
        if not self._looked_for_twin:
            self._looked_for_twin = True
            look = partial(self._look_for_twin, list(self._executed))
            threading.Thread(target=look, name="afresh-twin", daemon=True).start()

    def _forget_older(self, generation: int) -> None:
        """What only boots of the past consumed is of no interest any more, once nothing can go on from there."""
        root = self._ledger.root_of(self._machine.server or 0)
        if root == generation:
            self._watcher.forget(root)
            self._ledger.forget(root)

    def _modules_loaded(self) -> int:
        """How many modules were executed for the generation that answers."""
        server = self._machine.records.get(self._machine.server or 0)
        loaded_by = None if server is None else server.parent if server.role is Role.SERVER else server.handle
        return 0 if loaded_by is None or loaded_by == self._decision.at else self._ledger.modules_of(loaded_by)

    def _say_reload(self, generation: int, place: str, modules: int) -> None:
        elapsed = 1000 * (time.monotonic() - self._edited_at)
        decision = self._decision
        told = console.Reload(
            generation,
            decision.way.value,
            console.relative(place, self.spec.cwd),
            elapsed,
            console.relative(decision.reason, self.spec.cwd),
            modules,
        )
        console.tell("reload", told.fields(), [told.line(is_verbose=self._is_verbose)])

    def _say_held(self, generation: int, by: msg.Failure | None) -> None:
        """The start is made again, or waits: what is told of the reload is the way that is gone in the end."""
        if by is not None:
            self._decision = Plan(Way.COLD, self._decision.place, console.HELD)
            self._patches = (None, ())
        console.say([console.held_line(by)])

    def _state(self) -> dict[str, object]:
        return {
            "generation": self._machine.generation,
            "command": " ".join(self.spec.target),
            "host": "" if self._bound is None else self._bound[0],
            "port": 0 if self._listener is None else self._listener.getsockname()[1],
            "cwd": self.spec.cwd,
            "is_django": self.spec.door != "wsgi",
            "starts": self._chronicle.starts,
        }

    def _address(self) -> str:
        """Where the application is served, as in "127.0.0.1:8000"."""
        if self._bound is None or self._listener is None:
            return "an address of its own"
        host, _, ipv6 = self._bound
        return f"{f'[{host}]' if ipv6 else host}:{self._listener.getsockname()[1]}"

    def _say_where(self) -> None:
        """Where to look, if no command has come so far as to say it in its own words."""
        if self._bound is not None and not self._is_announced:
            self._is_announced = True
            console.say([f"This is shown at http://{self._address()}/ as well. Quit with CONTROL-C."])

    def _look_for_twin(self, files: list[str]) -> None:
        """On a thread of its own: it reads all that was executed."""
        self._loop.call_from_thread(self._twin_looked_for, any(map(mentions_run_main, files)))

    def _twin_looked_for(self, is_wanted: bool) -> None:
        self._notes.note(TWIN, holds=is_wanted)
        if is_wanted:
            self._step(machine.TwinWanted())

    # ---- limits -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _raise_file_limit() -> int:
        """Let the keeper hold as many connections as the system allows; returns the limit that the project gets."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return soft
