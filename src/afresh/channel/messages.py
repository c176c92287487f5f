"""The vocabulary between the keeper and the processes that hold the project.

Each message is a frozen value. Descriptors travel beside it; the docstring of a message says which, in order.
"""

import enum
from typing import TypeAlias

import msgspec

from afresh.reload.journal import Entry, Exec, Read
from afresh.reload.orders import Course, Inside, Patch


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base: encoded as a msgpack array whose first element is the class name."""


# ---- values inside messages -------------------------------------------------------------------------------------


class Dealt(enum.IntEnum):
    """Who has dealt with a changed file in the server that runs, so that this server need not be replaced for it."""

    BY_NOBODY = 0
    BY_FRAMEWORK = 1  # whose own copies of it are dropped
    BY_PROJECT = 2


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One frame of a traceback, with the source around the line as it was when the error happened.

    `lines` are the source lines from number `first_line` on, without line ends. `in_project` tells the project's own
    frames from those of Python, Django and installed packages.
    """

    file: str
    line: int
    function: str
    in_project: bool
    first_line: int
    lines: tuple[str, ...]


class ExceptionInfo(msgspec.Struct, frozen=True, array_like=True):
    """One exception of a chain. `link` says how it led to the next: "", "cause" or "context"."""

    type: str
    message: str
    frames: tuple[Frame, ...]
    link: str = ""


class ChangedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file that has changed since all was well. `diff`: the lines of a unified diff; empty where it is not known."""

    name: str
    path: str
    diff: tuple[str, ...]


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """Why a generation cannot answer, ready to be shown.

    `kind`: "error" (the project's code raised), "exit" (the process ended by itself: status or signal in `title`),
    "checks" (Django's system checks found errors), "slow" (the boot takes longer than the bound), "request" (the
    application raised while it answered, and has no page for that).
    `title`: one line for the terminal. `text`: the full text (traceback, or the checks' output). `exceptions`: the
    chain, first raised first; empty where there is no traceback. `changes`: since the last generation that answered.
    """

    kind: str
    title: str
    text: str = ""
    exceptions: tuple[ExceptionInfo, ...] = ()
    hint: str = ""
    changes: tuple[ChangedFile, ...] = ()


class Compiler(msgspec.Struct, frozen=True, array_like=True):
    """How a process compiles: the key of its code cache (`CodeCache.compiler`), where that is, the level of -O."""

    key: str
    cache: str | None
    optimize: int


class ParcelHead(msgspec.Struct, frozen=True, array_like=True):
    """One parcel without its socket. `received` is empty and `spilled` true where the bytes are in a memfd instead."""

    peer: tuple[str, int]
    scheme: str
    received: bytes
    spilled: bool = False
    for_keeper: bool = False


class Live(msgspec.Struct, frozen=True, array_like=True):
    """What pages carry that are to be reloaded (`afresh.live.record`). `script`: its address on the page's origin."""

    script: str
    start: str
    turn: int
    number: int


class News(msgspec.Struct, frozen=True, array_like=True):
    """One thing to be shown in the dashboard. `number`: counts all news since the start. `data`: JSON."""

    number: int
    topic: str
    data: bytes


# ---- from an app process to the keeper --------------------------------------------------------------------------


class Consumed(_Message):
    """Journal entries, in order. With a `ticket`, the sender waits for `Covered` before it goes on."""

    entries: tuple[Entry, ...]
    ticket: int = 0


class RequestReads(_Message):
    """A request is about to read a file. The sender waits for `Covered`, for a moment."""

    entry: Read
    ticket: int


class WatchTrees(_Message):
    """Directory trees the project wants to be told about, each with a pattern (`watch_dir` of Django's
    `autoreload_started`)."""

    trees: tuple[tuple[str, str], ...]


class Bind(_Message):
    """The address the command wants to serve on. The answer is `Bound` or `BindFailed`."""

    address: str
    port: int
    ipv6: bool


class Stood(_Message):
    """The boot leaves a checkpoint behind where it is now, and goes on. Descriptor: the checkpoint's channel.

    `unfinished`: project files of which a part is still to be executed. `inside`: the one it stands in, if any.
    `is_set_up`: what a start may do but once, such as Django's `AppConfig.ready`, lies behind it.
    """

    unfinished: tuple[str, ...]
    inside: Inside | None = None
    is_set_up: bool = False


class Obstructed(_Message):
    """The boot would have left a checkpoint where it is now, and could not: an `obstacle` as of `Ready`, each once."""

    obstacle: str


class Here(_Message):
    """The first word of a process that was forked from a checkpoint, or that left one behind: its process id."""

    pid: int


class Continued(_Message):
    """A new checkpoint's first word: the process id of the child that goes on as the boot it was, and how long that
    child waited for the fork."""

    pid: int
    seconds: float


class Unpatchable(_Message):
    """What `Go` asked for cannot be done with `file`, for a `reason` that only the process could see. It ends.

    An empty reason: the file was saved again, and what is asked for next may be possible.
    """

    file: str
    reason: str


class Spoilt(_Message):
    """The process was forked from a checkpoint of which nothing can go on any more, for this reason. It ends."""

    reason: str


class Ready(_Message):
    """The application is loaded and its journal is complete.

    `forks`: the sender stays as a checkpoint and waits for `Fork`; else it will serve by itself (`obstacle` says why).
    `checks`: deferred checks exist and may be asked for. `receivers`: `file_changed` receivers besides Django's own.
    `hosts`: host names that the application answers to (patterns of Django's ALLOWED_HOSTS), and further ones where it
    `is_behind_proxy` (`afresh.serve.hosts.Names`); `advice`: how to allow another (`afresh.pages.refusal`).
    `compiler`: how its code was compiled; None where functions cannot be exchanged. `is_repeatable`: nothing since all
    was set up is the kind of act that a start may do but once.
    """

    forks: bool
    obstacle: str = ""
    checks: bool = False
    receivers: bool = False
    hosts: tuple[str, ...] = ()
    is_behind_proxy: bool = False
    advice: str = "option"
    compiler: Compiler | None = None
    is_repeatable: bool = True


class Failed(_Message):
    """The boot ended in a failure. `is_held`: perhaps on something that an older process holds."""

    failure: Failure
    is_held: bool = False


class Refused(_Message):
    """The command declines to run (usage, CommandError, `--help`) and the process ends in an orderly way."""


class GivesWay(_Message):
    """The command is to be run without Afresh, for the reason `why`, in words; the process ends."""

    why: str


class Forked(_Message):
    """A checkpoint answers `Fork`: the process id of the child that the keeper calls `handle`."""

    handle: int
    pid: int


class ChildEnded(_Message):
    """A checkpoint's child ended; `status` as of `os.waitstatus_to_exitcode`."""

    pid: int
    status: int


class Lacks(_Message):
    """A thread of the start has ended by an exception, perhaps since an older process holds what it needs. `title`: one
    line for the terminal."""

    title: str


class Undoes(_Message):
    """The process ends, and an exit handler is about to remove or write a file. `changed`: its ctime up to here, in
    nanoseconds; 0 where it is not there."""

    path: str
    changed: int


class Serving(_Message):
    """The server accepts connections from now on."""


class Parcels(_Message):
    """Connections that move (both directions). Descriptors: per parcel its socket, then its memfd if `spilled`."""

    heads: tuple[ParcelHead, ...]


class ParcelsTaken(_Message):
    """Acknowledges `count` parcels (both directions): they are the receiver's now."""

    count: int


class Drained(_Message):
    """The server holds no connection any more and ends."""


class DebuggerHeld(_Message):
    """A request stands in a debugger (`held`), or left it."""

    held: bool


class FileChangedAnswer(_Message):
    """Answer to `FileChanged`: who has dealt with each of its paths, in their order."""

    ticket: int
    dealt: tuple[Dealt, ...]


class ChecksDone(_Message):
    """The deferred checks have ended. `output`: what they print; `failure` where they found errors."""

    output: str
    failure: Failure | None


class Happened(_Message):
    """What the process did, as rows of `afresh.record.rows`, oldest first."""

    events: tuple[tuple[str | int, ...], ...]


class Answered(_Message):
    """A piece of the answer to `Inquire`: JSON; the last one has no `more`."""

    ticket: int
    data: bytes
    more: bool


class Asked(_Message):
    """The dashboard wants something done or told: an entry of `afresh.keeper.actions`. `data`: JSON.

    Answer wanted: `Told` with this ticket.
    """

    ticket: int
    action: str
    data: bytes


class NotLive(_Message):
    """A page stays without the script of the live reload, for a `reason` in words."""

    path: str
    reason: str


class Claim(_Message):
    """The project's own code is about to bind the address of its command. Answer: `Yielded`, when it may."""


class ServesByItself(_Message):
    """A server of the project's own accepts connections. `receivers`: as in `Ready`. `why`: what there is to say of it,
    if not that the command brings it."""

    receivers: bool = False
    why: str = ""


# ---- from the keeper to an app process --------------------------------------------------------------------------


class Begin(_Message):
    """The first message to a fresh interpreter. Descriptor: the read end of the lifeline.

    `role`: "boot", "page" or "twin". `target`: what to run, in the words of Python's command line. `orig_argv`: what
    `sys.orig_argv` is to be. `soft_files`: the soft limit of open files that the project is to have. `first`: nothing
    has been served yet, so Django's start-up lines are wanted. `adapter`: the module that knows the framework, or
    empty. `address`: where a bare WSGI application is to be served. `course`: where to leave checkpoints. `allow_host`:
    the option of this name.
    """

    role: str
    target: tuple[str, ...]
    orig_argv: tuple[str, ...]
    soft_files: int
    first: bool
    adapter: str = ""
    address: tuple[str, int, bool] | None = None
    course: Course = Course()
    allow_host: tuple[str, ...] = ()


class Bound(_Message):
    """The address is bound. `port` is the real one."""

    port: int


class Yielded(_Message):
    """Nobody under the keeper holds the address any more."""


class BindFailed(_Message):
    """The address cannot be bound. `errno` and `text` as of the OSError; `errno` 0 for an OverflowError."""

    errno: int
    text: str


class Covered(_Message):
    """Everything in the `Consumed` with this ticket is watched and unchanged."""

    ticket: int


class Fork(_Message):
    """To a checkpoint: fork a child that goes on as `role` ("boot", "server" or "checks") once it is sent `Go`.

    `handle`: what the keeper calls it. Descriptor: its channel.
    """

    role: str
    handle: int


class Go(_Message):
    """To a process that was forked from a checkpoint: go on. `first` and `course` as in `Begin`.

    `needed`: modules of the framework that a boot is to import at its end, since requests have needed them.
    """

    first: bool
    patches: tuple[Patch, ...] = ()
    course: Course = Course()
    needed: tuple[str, ...] = ()


class Warm(_Message):
    """To a ready checkpoint: import these, so that no request has to, and what exchanging functions needs."""

    modules: tuple[str, ...]


class Ahead(_Message):
    """To a standby in the middle of a boot: these will be executed, if nothing of them is edited; load their code."""

    executions: tuple[Exec, ...]


class Prefault(_Message):
    """To a standby: copy the pages that process `pid`, which serves from the same checkpoint, has copied."""

    pid: int


class Serve(_Message):
    """To a server: answer requests as `generation`. Descriptors: listening socket, inotify (or none), gate word.

    `limits`: the options that bound what a client may take, by name. `live`: what its pages carry, None where they are
    not to be reloaded. `dashboard`: its origin, or empty. `log`: "plain", "verbose" or "json".
    """

    generation: int
    events: bool
    limits: dict[str, float] = {}
    live: Live | None = None
    dashboard: str = ""
    log: str = "plain"


class ServePage(_Message):
    """To a page server: answer every request with this failure's page. Descriptors: as in `Serve`.

    `hosts`: further names that are answered to; `is_behind_proxy`, `advice`: as in `Ready`.
    """

    generation: int
    events: bool
    failure: Failure
    hosts: tuple[str, ...]
    is_behind_proxy: bool = False
    advice: str = "option"
    limits: dict[str, float] = {}
    live: Live | None = None
    dashboard: str = ""
    log: str = "plain"


class BeginDashboard(_Message):
    """The first message to the dashboard's process. Descriptor: a listening socket, if there is `--dashboard-addr`.

    `name`: the host name it answers to on the application's socket. `host`, `port`: of its own socket, empty and 0
    without one. `hosts`: further names for that. `token`: the secret in the link; `session`: the one in the cookie.
    `application_port`: of the application's socket.
    """

    name: str
    host: str
    port: int
    hosts: tuple[str, ...]
    token: str
    session: str
    application_port: int


class Published(_Message):
    """News for the dashboard, oldest first. Longer data come in pieces: `more` follows in the next message."""

    news: tuple[News, ...]
    more: bool = False


class Told(_Message):
    """Answer to `Asked`: JSON, or in `error` one sentence that says why not. `more` as in `Published`."""

    ticket: int
    data: bytes
    error: str = ""
    more: bool = False


class Decided(_Message):
    """What the gate was waiting for is decided: look again. `number`: of `Live`, for pages made from now on."""

    number: int = 0


class Drain(_Message):
    """Stop accepting, hand over what is idle, finish what is in flight, say `Drained`, end.

    Responses that are still being produced after `streams` seconds are cut.
    """

    streams: float


class Stop(_Message):
    """The end: run exit handlers and exit with 0."""


class FileChanged(_Message):
    """Files changed that the project may handle without a reload (`file_changed` of Django). Answer wanted.

    Of many paths several messages are made, with the same `ticket`.
    """

    ticket: int
    paths: tuple[str, ...]


class Inquire(_Message):
    """To a server: tell about the application. `topic`: an entry of `afresh.boot.inquiry`; `argument`: what about it.

    Answer wanted: `Answered`, in pieces.
    """

    ticket: int
    topic: str
    argument: str = ""


class RunChecks(_Message):
    """To a boot that serves by itself: run the deferred checks beside the serving threads."""


FromApp: TypeAlias = (
    Consumed
    | RequestReads
    | WatchTrees
    | Bind
    | Stood
    | Obstructed
    | Here
    | Continued
    | Unpatchable
    | Spoilt
    | Ready
    | Failed
    | Refused
    | GivesWay
    | Forked
    | ChildEnded
    | Lacks
    | Undoes
    | Serving
    | Parcels
    | ParcelsTaken
    | Drained
    | DebuggerHeld
    | FileChangedAnswer
    | ChecksDone
    | Happened
    | Answered
    | Asked
    | NotLive
    | Claim
    | ServesByItself
)

ToApp: TypeAlias = (
    Begin
    | Bound
    | BindFailed
    | Yielded
    | Covered
    | Fork
    | Go
    | Warm
    | Ahead
    | Prefault
    | Serve
    | ServePage
    | BeginDashboard
    | Published
    | Told
    | Decided
    | Parcels
    | ParcelsTaken
    | Drain
    | Stop
    | FileChanged
    | Inquire
    | RunChecks
)
