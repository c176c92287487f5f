"""What a boot opens, lists and asks about, seen by an audit hook and by wrapping what raises no audit event.

An audit hook cannot be taken away (PEP 578): `stop` leaves it one look into an empty table. It never raises, since that
would make the observed call fail.

A server is observed whole only while it executes a module of the project for the first time: what that reads is part of
the code. What requests read is for `afresh.boot.requests`.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock, get_ident
from functools import partial
from posix import readlink as system_readlink

from afresh.boot.roots import OWN, STDLIB, is_interpreters
from afresh.reload.journal import Listing, Read, Stat
from afresh.source.reading import absolute, kind_in, kind_of, signature_in, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType
    from typing import Any

    from afresh.boot.journal import JournalWriter

    Handler = Callable[[tuple[Any, ...]], None]

PSEUDO = ("/proc/", "/sys/", "/dev/")
IMPORTERS = ("<frozen importlib", "<frozen zipimport")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Functions of `os.path` and `pathlib` that take no more from a file's state than whether it is there, and of what kind.
QUESTIONS = frozenset(
    {
        *("exists", "lexists", "isfile", "isdir", "islink", "ismount", "isjunction"),
        *("is_file", "is_dir", "is_symlink", "is_mount", "is_junction"),
        *("is_block_device", "is_char_device", "is_fifo", "is_socket"),
    }
)
# What a handler of the logging module looks at is its own file, which servers go on writing to.
LOGGING = STDLIB + "/logging/"
REAL_PATH = ("realpath", "_joinrealpath")
REAL_PATH_FILE = os.path.realpath.__code__.co_filename
# The arguments of an event that name what the process itself makes, moves or removes, each with that which says in
# which directory a relative path is.
OUTPUTS = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.link": ((1, 3),),
    "os.truncate": ((0, None),),
    "socket.bind": ((1, None),),  # of a socket in the file system; any other address is no name
}
# The kernel takes no longer one (limits.h), whatever there is on the disk.
PATH_MAX = 4096
# What raises no event that says all. The value: whether it follows a symbolic link at the end of the path.
WRAPPED = {"stat": True, "lstat": False, "access": True, "readlink": False, "open": True}

_handlers: dict[str, Handler] = {}
# Of those threads of a server that execute no module.
_handlers_of_requests: dict[str, Handler] = {}
_wrapped: list[_Wrapper] = []
_is_hooked = False
# Threads that execute modules of the project in a server, with how many each is in the middle of; None in a boot, where
# everybody is observed.
_importing: dict[int, int] | None = None
_lock = allocate_lock()


def install(journal: JournalWriter, code_read: Handler | None = None) -> None:
    """Journal what this process reads, lists and asks about, until `stop`.

    `code_read`: what to call with the arguments of `object.__getattr__`, the event of reading a function's code.
    """
    global _is_hooked
    if code_read is not None:
        _handlers["object.__getattr__"] = code_read
    _start(_Seen(journal))
    if not _is_hooked:
        _is_hooked = True
        sys.addaudithook(_hook)


def observe_requests(handlers: dict[str, Handler]) -> None:
    """From here on this process is a server, and what its threads do is for these, by audit event."""
    global _importing
    with _lock:
        _importing = _importing or {}
        _handlers_of_requests.update(handlers)


def also(event: str, handler: Handler) -> None:
    """Call the handler with the arguments of this audit event too, until `stop`."""
    _handlers[event] = handler


def stop() -> None:
    """End the observation; the functions of `os` are Python's own again."""
    _handlers.clear()
    for wrapper in _wrapped:
        if getattr(os, wrapper.__name__) is wrapper:
            setattr(os, wrapper.__name__, wrapper.__wrapped__)
        wrapper.seen = None
    _wrapped.clear()


class Importing:
    """For as long as it is entered, by any number of threads, what each of them consumes is journalled again."""

    def __init__(self, journal: JournalWriter) -> None:
        self._seen = _Seen(journal)

    def __enter__(self) -> None:
        global _importing
        with _lock:
            _importing = _importing or {}
            if not _importing:
                _start(self._seen)
            _importing[get_ident()] = _importing.get(get_ident(), 0) + 1

    def __exit__(self, *_: object) -> None:
        with _lock:
            assert _importing is not None
            _importing[get_ident()] -= 1
            if not _importing[get_ident()]:
                del _importing[get_ident()]
            if not _importing:
                stop()


def _start(seen: _Seen) -> None:
    _handlers.update({"open": seen.opened, "os.listdir": seen.listed, "os.scandir": seen.listed})
    _handlers.update({event: seen.changer(positions) for event, positions in OUTPUTS.items()})
    for name in WRAPPED:
        _wrap(name, seen)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _importing is None or (_importing and get_ident() in _importing):
        handler = _handlers.get(event)
    else:
        handler = _handlers_of_requests.get(event)
    if handler is not None:
        try:
            handler(arguments)
        except Exception:
            pass  # the project's call must go on, whatever it was given


class _Seen:
    """Turns events into entries."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal
        self._files = journal.files

    def opened(self, arguments: tuple[Any, ...]) -> None:
        target, mode, flags = arguments
        # Nearly all events of a boot: the importer reads the .pyc of a module whose look-up was seen.
        if isinstance(target, int) or (type(target) is str and target[-4:] == ".pyc" and target in self._files):
            return
        # hook, this method, whoever opens; ourselves twice for each module of the project
        frame = sys._getframe(2)
        directory = None
        if frame.f_code is _Wrapper.__call__.__code__:
            directory = frame.f_locals["options"].get("dir_fd")
            frame = frame.f_back or frame
        opener = frame.f_code.co_filename
        if opener.startswith(OWN):
            return
        path = _place(target, directory)
        is_writing = flags & WRITING if mode is None else mode.strip("rbtU")
        if path is None:
            return
        if is_writing:
            self._is_own(path)
        elif opener.startswith(IMPORTERS) and not _is_for_somebody(frame):
            self._imported(path)
        elif not self._is_ignored(path):
            self._read(path, _blocked(target, directory))

    def listed(self, arguments: tuple[Any, ...]) -> None:
        target = arguments[0]
        opener = sys._getframe(2).f_code.co_filename
        if opener.startswith(IMPORTERS) or opener.startswith(OWN):
            return
        path = _place("." if target is None else target)
        if path is None or self._is_ignored(path + "/"):
            return
        asked = _blocked(target) or path
        kind = kind_of(asked)
        self._journal.add(Stat(asked, kind))
        if asked == path and kind == "directory":
            self._journal.add(Listing(path))

    def asked(self, question: Question) -> None:
        """The question was answered."""
        path = _place(question.target, question.directory)
        # this method, the wrapper's two, whoever asks
        frame = sys._getframe(3)
        asker = frame.f_code
        if path is None or self._is_ignored(path) or asker.co_filename.startswith(OWN):
            return
        status = question.status
        found = question.found(path)
        if found is None:
            return
        # realpath() asks about every name on the way, up to the root, and takes note of links alone.
        is_plain = found and not found.startswith("link")
        if is_plain and asker.co_name in REAL_PATH and asker.co_filename == REAL_PATH_FILE:
            return
        signature = None if status is None or _asks_for_existence(frame) else signature_in(status)
        if signature is not None:
            self._journal.add(Read(path, signature))
        elif not question.is_answered and (blocked := _blocked(question.target, question.directory)):
            self._journal.add(Stat(blocked, kind_of(blocked)))
        else:
            self._journal.add(Stat(path, found, question.follows))

    def changer(self, positions: tuple[tuple[int, int | None], ...]) -> Handler:
        def changed(arguments: tuple[Any, ...]) -> None:
            for path in places(arguments, positions):
                self._is_own(path)

        return changed

    def _is_own(self, path: str) -> None:
        self._journal.outputs[path] = None
        self._journal.forget(path)

    def _imported(self, path: str) -> None:
        """The import system reads a file: news only where no look-up was seen (`spec_from_file_location`)."""
        directory, is_cache, name = path.rpartition("/__pycache__/")
        source = f"{directory}/{name.partition('.')[0]}.py" if is_cache else path
        if source not in self._files and not self._is_ignored(source):
            self._read(source)

    def _read(self, path: str, blocked: str = "") -> None:
        signature = signature_of(path)
        if blocked:
            self._journal.add(Stat(blocked, kind_of(blocked)))
        elif signature is None and (kind := kind_of(path)):
            self._journal.add(Stat(path, kind))  # another kind of file there could be read
        else:
            self._journal.add(Read(path, signature))

    def _is_ignored(self, path: str) -> bool:
        return path in self._journal.outputs or is_passed_over(path)


def is_passed_over(path: str) -> bool:
    """Whether nobody depends on what is there: bytecode, no files at all, or Python itself."""
    return path.startswith(PSEUDO) or path.endswith(".pyc") or "/__pycache__" in path or is_interpreters(path)


def _is_for_somebody(frame: FrameType) -> bool:
    """Whether a loader was asked for the content of a file, and not for the code that is made of it."""
    if frame.f_code.co_name != "get_data":
        return False
    caller = frame.f_back.f_code if frame.f_back else None
    return caller is None or caller.co_name != "get_code" or not caller.co_filename.startswith(IMPORTERS)


def _asks_for_existence(asker: FrameType) -> bool:
    """Whether it is Python's own code that asks, which keeps nothing of a file's size and times."""
    frame: FrameType | None = asker
    while frame is not None and _is_pythons(frame.f_code.co_filename):
        code = frame.f_code
        if code.co_name in QUESTIONS or code.co_filename.startswith(LOGGING):
            return True
        if code.co_name not in ("stat", "lstat"):
            return False
        frame = frame.f_back  # of `pathlib`, whose methods ask each other
    return False


def _is_pythons(file: str) -> bool:
    return file.startswith(("<frozen ", STDLIB + "/")) and "-packages/" not in file


class Question:
    """A question about a path that was answered by `result`, or by an error where that is None.

    `directory`: the descriptor of where a relative path is, if not of the working directory.
    """

    __slots__ = ("_again", "directory", "follows", "is_answered", "status", "target")

    def __init__(self, wrapper: _Wrapper, arguments: tuple[Any, ...], options: dict[str, Any], result: object) -> None:
        self.target = arguments[0] if arguments else options.get("path")
        self.directory = options.get("dir_fd")
        self.follows = WRAPPED[wrapper.__name__] and options.get("follow_symlinks") is not False
        self.is_answered = bool(result)
        self.status = result if isinstance(result, os.stat_result) else None
        self._again = partial(wrapper.__wrapped__, *arguments, **options)

    def found(self, path: str) -> str | None:
        """What the answer says of `path` in terms in which it can be asked again later; None where it cannot.

        What cannot be told apart by looking at the path has to be asked once more: a file that cannot be reached by the
        path as it was given ("file/"), or not be opened, from one that has come since the answer was no.
        """
        if self.status is not None:
            return kind_in(self.status, path) if kind_of(path, follows=self.follows) else self._if_still(answered=True)
        now = kind_of(path, follows=self.follows)
        return now if bool(now) == self.is_answered else self._if_still(now, answered=self.is_answered)

    def _if_still(self, now: str | None = None, *, answered: bool) -> str | None:
        try:
            is_answered = bool(self._again())
        except (OSError, ValueError):
            is_answered = False
        if is_answered is answered:
            return now
        return "other" if answered else ""  # what is not there any more, or was not there yet


class _Wrapper:
    """Stands for a function of `os`. An object and not a function, so that it does not become a method in a class."""

    def __init__(self, function: Callable[..., Any], seen: _Seen) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.seen: _Seen | None = seen

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        try:
            result = self.__wrapped__(*arguments, **options)
        except BaseException as exc:
            if isinstance(exc, OSError):
                self._note(arguments, options, None)
            # A bare `raise` adds no entry for this frame, so that the traceback is as without us.
            BaseException.with_traceback(exc, None)
            raise
        self._note(arguments, options, result)
        return result

    def _note(self, arguments: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        seen = self.seen
        if seen is None or self.__name__ == "open" or (_importing is not None and get_ident() not in _importing):
            return  # of what is opened there is an event
        try:
            question = Question(self, arguments, options, result)
            if not isinstance(question.target, int):
                seen.asked(question)
        except Exception:
            pass  # as in the hook


def _wrap(name: str, seen: _Seen) -> None:
    function = getattr(os, name)
    wrapper = _Wrapper(function, seen)
    # `shutil` asks at its import whether `os.stat` is in these sets, and is less safe for ever if not.
    for features in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks):
        if function in features:
            features.add(wrapper)
    setattr(os, name, wrapper)
    _wrapped.append(wrapper)


def places(arguments: tuple[Any, ...], positions: Sequence[tuple[int, int | None]]) -> Iterator[str]:
    """The paths that an event of `OUTPUTS` is about."""
    for position, directory in positions:
        path = _place(arguments[position], None if directory is None else arguments[directory])
        if path is not None and not isinstance(arguments[position], int):
            yield path


def _place(target: Any, directory: int | None = None) -> str | None:
    """The absolute path that is meant; None where nothing on the disk decides the answer, or it cannot be named."""
    if isinstance(target, int):
        return _place_of_descriptor(target)
    try:
        path = os.fsdecode(target)
    except TypeError:
        return None
    # The empty path is none, with nothing else said; nor does the kernel take these, or Python hand them on.
    if not path or "\0" in path or not _is_short(path):
        return None
    if directory is not None and directory >= 0 and not path.startswith("/"):
        base = _place_of_descriptor(directory)
        if base is None:
            return None
        path = f"{base}/{path}"
    try:
        path = absolute(path)
    except FileNotFoundError:
        return None  # the working directory is gone for good, and with it all that is relative to it
    return path if _is_short(path) else None


def _is_short(path: str) -> bool:
    try:
        return len(path) < PATH_MAX and len(os.fsencode(path)) < PATH_MAX
    except UnicodeEncodeError:
        return False


def _place_of_descriptor(descriptor: int) -> str | None:
    try:
        path = system_readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return None  # there is no such descriptor
    return path if path.startswith("/") and not path.endswith(" (deleted)") else None


def _blocked(target: Any, directory: int | None = None) -> str:
    """The directory on the way of a path that has to be one before a ".." in the path leads anywhere, and is none;
    empty where there is nothing like it."""
    path = "" if target is None or isinstance(target, int) else os.fsdecode(target)
    at = path.find("/..")
    while at > 0:
        place = _place(path[:at], directory)
        if place is not None and kind_of(place) != "directory":
            return place
        at = path.find("/..", at + 3)
    return ""
