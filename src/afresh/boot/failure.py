"""An exception of the project as a value that can be sent and shown. Loaded only when there is one.

Nothing about the exception is trusted: its `__str__` may raise, its message may be a megabyte, its chain a circle.
"""

from __future__ import annotations

import errno
import importlib
import re
import tokenize
import traceback
from collections.abc import Iterator
from types import TracebackType

import msgspec

from afresh.boot.roots import OWN, ProjectRoots, is_below
from afresh.channel.messages import ExceptionInfo, Failure, Frame

AROUND = 5
MAX_LINE = 500
MAX_MESSAGE = 4_000
MAX_TEXT = 40_000
MAX_CHAIN = 20
# Of a recursion without end, the way in and the end are worth showing.
MAX_FRAMES = 60
# Below what one message carries (afresh.channel.endpoint.MAX_BYTES).
MAX_BYTES = 150_000


def failure_of(exc: BaseException, roots: ProjectRoots) -> Failure:
    """What `exc` says: the chain with the source as it is on disk now, and the text as Python prints it."""
    title, text = _title(exc), _text_of(exc)
    try:
        infos = [_info(each, link, roots) for each, link in _chain(exc)]
    except Exception:  # attributes of an exception can be code that raises, too
        infos = []
    return _fit(Failure("error", title, text, tuple(reversed(infos))))


# What the system says of a port, a lock, a file or a name that another process has.
_HELD = frozenset(
    {errno.EADDRINUSE, errno.EAGAIN, errno.EACCES, errno.EBUSY, errno.EEXIST, errno.ETXTBSY, errno.EDEADLK}
)
# What libraries say of it, in messages and in the names of their exceptions.
_SAYS_HELD = re.compile(
    r"in use|busy\b|temporarily unavailable|being (?:accessed|used) by|already (?:running|started|listening|open|bound)"
    r"|(?<![bc])lock(?:ed|s|ing|file|error|exception|timeout|failed)*\b"
    r"|(?:fail\w*|unable|could ?n[o']t|can(?:not|'t)) (?:to )?(?:bind|listen|acquire)",
    re.IGNORECASE,
)
# What a mistake in the code raises, whatever words are in it.
_MISTAKES = (SyntaxError, ImportError, NameError, AttributeError, TypeError, LookupError, AssertionError)


def may_be_held(exc: BaseException) -> bool:
    """Whether a start that fails with `exc` may need what an older process of the project holds.

    Asked of the whole chain, also where its display is suppressed (`raise … from None`), and of groups. A start that
    was wrongly taken for one is only made once more.
    """
    waiting: list[BaseException | None] = [exc]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_CHAIN:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        try:
            if _says_held(current):
                return True
            waiting += [current.__cause__, current.__context__]
            waiting += current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        except Exception:
            continue  # attributes of an exception can be code that raises, too
    return False


def _says_held(exc: BaseException) -> bool:
    if isinstance(exc, OSError) and exc.errno is not None:
        return exc.errno in _HELD
    if isinstance(exc, _MISTAKES):
        return False
    # Those of C libraries have the number without being an OSError (zmq.ZMQError).
    return getattr(exc, "errno", None) in _HELD or bool(_SAYS_HELD.search(f"{_name(exc)}: {_message_of(exc)}"))


def _fit(failure: Failure) -> Failure:
    """Leave out what matters least until a message can carry it."""
    *earlier, last = failure.exceptions or (ExceptionInfo("", "", ()),)
    bare = tuple(map(_without_lines, earlier))
    for exceptions in (failure.exceptions, (*bare, last), (*bare[-2:], _without_lines(last))):
        smaller = msgspec.structs.replace(failure, exceptions=exceptions)
        if len(msgspec.msgpack.encode(smaller)) <= MAX_BYTES:
            return smaller
    return msgspec.structs.replace(failure, text=_cut_middle(failure.text, MAX_TEXT // 4), exceptions=())


def _without_lines(info: ExceptionInfo) -> ExceptionInfo:
    frames = tuple(msgspec.structs.replace(frame, lines=()) for frame in info.frames)
    return msgspec.structs.replace(info, frames=frames)


def _title(exc: BaseException) -> str:
    lines = [line for line in _message_of(exc).splitlines() if line.strip()]
    return _cut(f"{_name(exc)}: {lines[0]}" if lines else _name(exc), MAX_LINE)


def _name(exc: BaseException) -> str:
    kind = type(exc)
    is_known = kind.__module__ in ("builtins", "__main__")
    return _printable(kind.__qualname__ if is_known else f"{kind.__module__}.{kind.__qualname__}")


def _message_of(exc: BaseException) -> str:
    try:
        return _printable(str(exc.msg if isinstance(exc, SyntaxError) else exc))
    except Exception:
        return "<exception str() failed>"  # as traceback has it


def _chain(exc: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exception and what led to it, last raised first, each with how it led to the one before."""
    seen: set[int] = set()
    current: BaseException | None = exc
    link = ""
    while current is not None and id(current) not in seen and len(seen) < MAX_CHAIN:
        seen.add(id(current))
        yield current, link
        if current.__cause__ is not None:
            current, link = current.__cause__, "cause"
        elif not current.__suppress_context__:
            current, link = current.__context__, "context"
        else:
            return


def _info(exc: BaseException, link: str, roots: ProjectRoots) -> ExceptionInfo:
    frames = _frames(exc.__traceback__, roots)
    if isinstance(exc, SyntaxError) and isinstance(exc.filename, str) and isinstance(exc.lineno, int):
        frames.append(_frame(exc.filename, exc.lineno, "", roots))
    message = _message_of(exc)
    if isinstance(exc, BaseExceptionGroup):
        message += "".join(f"\n  {number}. {_title(each)}" for number, each in enumerate(exc.exceptions, 1))
    return ExceptionInfo(_name(exc), _cut(message, MAX_MESSAGE), tuple(frames), link)


def _frames(tb: TracebackType | None, roots: ProjectRoots) -> list[Frame]:
    walked = [(frame.f_code, line or 0) for frame, line in traceback.walk_tb(tb)]
    shown = [(code, line) for code, line in walked if not _is_machinery(code.co_filename)]
    if len(shown) > MAX_FRAMES:
        shown = shown[: MAX_FRAMES // 2] + shown[-MAX_FRAMES // 2 :]
    return [_frame(code.co_filename, line, code.co_qualname, roots) for code, line in shown]


def _is_machinery(file: str) -> bool:
    return file.startswith("<frozen ") or file == importlib.__file__ or is_below(file, OWN)


def _frame(file: str, line: int, function: str, roots: ProjectRoots) -> Frame:
    first = max(1, line - AROUND)
    lines = tuple(_cut(text, MAX_LINE) for text in _read_lines(file)[first - 1 : line + AROUND])
    name = _cut(_printable(file), MAX_LINE)
    return Frame(name, line, _cut(_printable(function), MAX_LINE), roots.contains(file), first, lines)


def _read_lines(file: str) -> list[str]:
    # Not linecache: what it keeps may be older than the disk.
    try:
        with tokenize.open(file) as source:
            return source.read().splitlines()
    except (OSError, SyntaxError, ValueError):
        return []


def _text_of(exc: BaseException) -> str:
    """The traceback as Python prints it, without the frames of this package."""
    try:
        report = traceback.TracebackException.from_exception(exc, compact=True)
        _leave_own_out(report)
        text = "".join(report.format())
    except Exception:
        text = f"{_name(exc)}: {_message_of(exc)}\n"
    return _cut_middle(_printable(text), MAX_TEXT)


def _leave_own_out(report: traceback.TracebackException) -> None:
    waiting: list[traceback.TracebackException | None] = [report]
    while waiting:
        current = waiting.pop()
        if current is not None:
            current.stack[:] = [frame for frame in current.stack if not is_below(frame.filename, OWN)]
            waiting += [current.__cause__, current.__context__, *(current.exceptions or ())]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut_middle(text: str, limit: int) -> str:
    """The end says what happened, the beginning where it came from."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 3]}\n[…]\n{text[-limit * 2 // 3 :]}"


def _printable(text: str) -> str:
    """Without lone surrogates (file names, `surrogateescape`), which neither a page nor a terminal can show."""
    return text.encode("utf-8", "backslashreplace").decode()
