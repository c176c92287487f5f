"""The access log: Django's own, through the logger `django.server` (django/core/servers/basehttp.py)."""

import logging
import time
from functools import partial
from operator import attrgetter
from typing import TextIO

from django.utils.log import DEFAULT_LOGGING, ServerFormatter

from afresh.serve.log import AccessEntry, escaped, timestamp
from afresh.serve.output import Output, is_writable

_LOGGER = logging.getLogger("django.server")
_FORMAT = DEFAULT_LOGGING["formatters"]["django.server"]["format"]
_MESSAGE = '"%s" %s %s'
_MESSAGE_WITH_NOTE = _MESSAGE + " · %s"
_TLS_HANDSHAKE = "\x16\x03"
_TLS = "You're accessing the development server over HTTPS, but it only supports HTTP."


def access_log(entry: AccessEntry) -> object:
    """Log one answer with the level, the arguments and the extra fields that Django's request handler gives.

    Where the project handles its records in its own way, not before all is sent, as Django does: it may take long.
    """
    if entry.request_line.startswith(_TLS_HANDSHAKE):
        if entry.is_sent:
            _LOGGER.error(_TLS, extra=_extra(entry, 500))
        return entry.is_sent
    level = logging.ERROR if entry.status >= 500 else logging.WARNING if entry.status >= 400 else logging.INFO
    if not _LOGGER.isEnabledFor(level):
        return True
    handler = _only_handler()
    if handler is not None and level < handler.level:
        return True
    if handler is None and not entry.is_sent:
        return False
    # Escaped as Django does since CVE-2025-48432: a line end or a terminal sequence in a path is not to reach the log.
    line = escaped(entry.request_line)
    if handler is not None:
        output = _outputs.get(handler) or _outputs.setdefault(handler, _output(handler))
        output.add(_formatted(handler, entry, line))
        return True
    arguments: tuple[str, ...] = (line, str(entry.status), str(entry.length))
    if entry.note:
        _LOGGER.log(level, _MESSAGE_WITH_NOTE, *arguments, entry.note, extra=_extra(entry, entry.status))
    else:
        _LOGGER.log(level, _MESSAGE, *arguments, extra=_extra(entry, entry.status))
    return True


_outputs: "dict[logging.StreamHandler[TextIO], Output]" = {}
"""One, or as many as a project has replaced."""


_MARK = "\0"
"""Stands for what differs between two lines of one second and status; an escaped request line holds none."""

_pieces: "dict[int, tuple[logging.Formatter | None, str, list[str]]]" = {}
"""By status: the formatter and the second, and what was formatted then. Threads may replace each other's alike."""


def _formatted(handler: "logging.StreamHandler[TextIO]", entry: AccessEntry, line: str) -> str:
    """The line as the handler's formatter has it, which is asked once a second for each status: it takes twice as long
    as all else that an entry costs."""
    now = timestamp(time.time())
    formatter, second, pieces = _pieces.get(entry.status, (None, "", []))
    if second != now or formatter is not handler.formatter:
        extra = {"request": entry.sock, "server_time": now, "status_code": entry.status}
        record = _bare_record(_MESSAGE, (_MARK, str(entry.status), _MARK), extra)
        pieces = (handler.format(record) + handler.terminator).split(_MARK)
        _pieces[entry.status] = (handler.formatter, now, pieces)
    note = f" · {entry.note}" if entry.note else ""
    return f"{pieces[0]}{line}{pieces[1]}{entry.length}{note}{pieces[2]}"


def _output(handler: "logging.StreamHandler[TextIO]") -> Output:
    return Output(partial(_write, handler), lambda: is_writable(handler.stream))


def _write(handler: "logging.StreamHandler[TextIO]", text: str) -> None:
    """As `StreamHandler.emit` writes one record."""
    handler.acquire()
    try:
        handler.stream.write(text)
        handler.flush()
    finally:
        handler.release()


def _extra(entry: AccessEntry, status_code: int) -> dict[str, object]:
    return {"request": entry.sock, "server_time": timestamp(time.time()), "status_code": status_code}


def _only_handler() -> "logging.StreamHandler[TextIO] | None":
    """Django's default handler where it alone gets the records, so that nobody sees more of one than its line.

    Where a project has configured logging in another way, or something watches it, there is none.
    """
    if len(_LOGGER.handlers) != 1 or _LOGGER.propagate or _LOGGER.filters or _methods() != _ORIGINAL:
        return None
    handler = _LOGGER.handlers[0]
    formatter: logging.Formatter | None = handler.formatter
    if type(handler) is not logging.StreamHandler or handler.filters:
        return None
    if formatter is None or type(formatter) is not ServerFormatter:
        return None
    return handler if formatter._fmt == _FORMAT else None


def _bare_record(message: str, arguments: tuple[str, ...], extra: dict[str, object]) -> logging.LogRecord:
    """A record with what Django's formatter reads: the other fields take two thirds of the time that an entry costs."""
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__.update(extra, msg=message, args=arguments, exc_info=None, exc_text=None, stack_info=None)
    return record


_of_loggers = attrgetter("log", "_log", "makeRecord", "handle", "callHandlers")
_of_handlers = attrgetter("handle", "format", "emit", "handleError")


def _methods() -> tuple[object, ...]:
    """All that takes part in logging a record, and may be replaced by what watches or changes records."""
    of_factories = type(_LOGGER), logging.getLogRecordFactory(), ServerFormatter.format
    return (*of_factories, *_of_loggers(logging.Logger), *_of_handlers(logging.StreamHandler))


_FILES = {function.__code__.co_filename for function in (logging.getLogger, ServerFormatter.__init__)}


def _is_original(part: object) -> bool:
    """By its code: what replaces a function may have borrowed its name and module."""
    code = getattr(part, "__code__", None)
    return code.co_filename in _FILES if code is not None else part in (logging.Logger, logging.LogRecord)


_ORIGINAL = _methods() if all(map(_is_original, _methods())) else None
