"""One request and its response through a WSGI application (PEP 3333)."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeAlias, cast

import msgspec

from afresh.serve.body import SocketBody
from afresh.serve.complaint import tell, tell_error
from afresh.serve.environ import Environ
from afresh.serve.files import FileWrapper, plain_extent
from afresh.serve.head import Head
from afresh.serve.response import (
    Framing,
    ResponseHead,
    choose_framing,
    encode_head,
    http_date,
    read_head,
    replace_length,
)
from afresh.serve.wire import PeerGone, Wire

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
WSGIApplication: TypeAlias = Callable[[dict[str, Any], Callable[..., Callable[[bytes], object]]], Iterable[bytes]]

# Up to this size a copy is cheaper than a second buffer in the system call.
_JOIN_UP_TO = 1 << 15
_ERROR_STATUS = "500 Internal Server Error"
_ERROR_BODY = b"A server error occurred.  Please contact the administrator."


Rewrite: TypeAlias = Callable[[int, str, bytes], bytes | None]
"""From the status, the header section and the whole body of a response to another body, or None."""


ErrorPage: TypeAlias = Callable[[BaseException, Head], tuple[list[tuple[str, str]], bytes]]
"""From what an application raised, and the request, to the header fields and the body of the answer."""


class Terms(msgspec.Struct, frozen=True):
    """What an exchange is told besides its request. `may_keep`: connections may stay open; the others as in Config.

    `error_page`: the answer where the application raises; without it, that of `wsgiref.handlers`.
    """

    software: str
    unread_limit: int
    may_keep: bool
    error_page: ErrorPage | None = None


class Exchange:
    """Runs an application once. Afterwards:

    `status` and `sent` are what the access log says; `status` is 0 where no response was completed or begun.
    `keeps`: the connection may carry another request. `is_lost`: the client went away.
    """

    __slots__ = (
        "_added", "_before_last", "_body", "_environ", "_framing", "_head", "_left", "_request", "_rewrite", "_terms",
        "_wire", "has_begun", "is_lost", "keeps", "sent",
    )  # fmt: skip

    def __init__(
        self,
        wire: Wire,
        request: Head,
        environ: Environ,
        body: SocketBody | None,
        terms: Terms,
        rewrite: Rewrite | None = None,
    ) -> None:
        self._wire = wire
        self._request = request
        self._environ = environ
        self._body = body
        self._terms = terms
        self._rewrite = rewrite
        self._added = 0  # Bytes of the body that are not the application's; the access log does not count them.
        self._before_last: Callable[[], None] | None = None
        self._head: ResponseHead | None = None
        self._framing = Framing.NONE
        self._left = 0  # Bytes of Content-Length still to be sent.
        self.has_begun = False  # The head is on its way, so the status cannot change any more.
        self.keeps = terms.may_keep and request.persistent
        self.is_lost = False
        self.sent = 0

    def __repr__(self) -> str:
        return f"<Exchange {self._request.request_line!r} status={self.status} sent={self.sent} keeps={self.keeps}>"

    @property
    def is_stream(self) -> bool:
        """Whether the response has begun and nobody knows how long it will be; for any thread."""
        return self.has_begun and self._framing in (Framing.CHUNKED, Framing.CLOSE)

    @property
    def status(self) -> int:
        return self._head.code if self._head is not None else 0

    @property
    def length(self) -> int:
        """Of the body so far, as the access log says it."""
        return self.sent - min(self._added, self.sent)

    def run(
        self,
        application: WSGIApplication,
        when_sent: Callable[["Exchange"], None],
        when_returned: Callable[[object, int], None] | None = None,
        before_last: Callable[[], None] | None = None,
    ) -> None:
        """Call the application and send its response; `when_sent` is called before its iterable is closed,
        `when_returned` with what the application has returned, and the status so far. `before_last` is called before
        the last bytes, where they are known to be the last and few enough to be sent at once.

        An exception of the application becomes a traceback and a plain 500, or the end of the connection where the
        response has begun. A client that went away is no error.
        """
        result: Iterable[bytes] | None = None
        self._before_last = before_last
        try:
            try:
                result = application(self._environ, self.start_response)
                if when_returned is not None:
                    when_returned(result, self.status)
                self._send_result(result)
            except PeerGone:
                raise
            except BaseException as exc:
                self._fail(exc)
            when_sent(self)
        except PeerGone:
            self.keeps = False
            self.is_lost = True
        finally:
            self._close(result)

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        """PEP 3333's callable of this name."""
        if exc_info:
            try:
                if self.has_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # Avoids a cycle through this frame.
        elif self._head is not None:
            raise AssertionError("Headers already set! start_response() was called twice without exc_info.")
        self._head = read_head(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body at once; PEP 3333's `write()`."""
        if not isinstance(data, bytes):
            raise AssertionError(f"The body must be bytes, not {type(data).__name__}.")
        if self._head is None:
            raise AssertionError("The body began before start_response() was called.")
        if data:
            if self._rewrite is not None and not self.has_begun and self._head.length == len(data):
                data = self._rewritten(self._rewrite, self._head, data)
            before = b"" if self.has_begun else self._begin()
            self._send_data(before, data)

    def _rewritten(self, rewrite: Rewrite, head: ResponseHead, body: bytes) -> bytes:
        """The body to be sent instead of the one that is complete here."""
        changed = rewrite(head.code, head.lines, body)
        if changed is None or self._request.method == "HEAD":
            return body
        head.length = len(changed)
        head.lines = replace_length(head.lines, len(changed))
        self._added = len(changed) - len(body)
        return changed

    def _begin(self) -> bytes:
        """Settle how the response is framed; returns its head."""
        head, request = self._head, self._request
        assert head is not None
        framing = self._framing = choose_framing(request.method, request.version, head)
        self._left = head.length or 0
        if head.wants_close or framing is Framing.CLOSE or not self._can_finish_body():
            self.keeps = False
        data = encode_head(
            head,
            request.method,
            framing,
            keeps=self.keeps,
            version=request.version,
            software=self._terms.software,
            date=http_date(),
        )
        self.has_begun = True
        return data

    def _can_finish_body(self) -> bool:
        return self._body is None or self._body.can_finish(self._terms.unread_limit)

    def _send_data(self, before: bytes, data: bytes) -> None:
        framing = self._framing
        if framing is Framing.LENGTH:
            if len(data) > self._left:
                self._complain(f"{len(data) - self._left} bytes more than its Content-Length; they are dropped")
                data = data[: self._left]
            self._left -= len(data)
        elif framing is Framing.NONE:
            data = b""
        self.sent += len(data)
        if framing is Framing.CHUNKED:
            before, data = b"%s%x\r\n" % (before, len(data)), data + b"\r\n"
        if len(data) <= _JOIN_UP_TO:
            before, data = before + data, b""
            if framing is Framing.NONE or (framing is Framing.LENGTH and not self._left):
                self._ends()
        if before or data:
            self._wire.send(before or data, data if before else b"")

    def _ends(self) -> None:
        if self._before_last is not None:
            self._before_last()

    def _send_result(self, result: Iterable[bytes]) -> None:
        if isinstance(result, FileWrapper) and self._send_file(result):
            pass
        elif isinstance(result, (list, tuple)) and not self.has_begun:
            self._send_blocks(cast("list[bytes]", result))
        elif self._rewrite is not None and not self.has_begun and getattr(result, "streaming", None) is False:
            # Django's responses say so of themselves where their whole body is there (HttpResponseBase.streaming).
            self._send_blocks(list(result))
        else:
            for block in result:
                self.write(block)
        self._finish()

    def _send_blocks(self, blocks: list[bytes]) -> None:
        """Send a body that is complete: its length is known, and one write is enough."""
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        if self._head is not None and self._head.length is None and self._request.method != "HEAD":
            self._set_length(len(body))
        self.write(body)

    def _set_length(self, length: int) -> None:
        head = self._head
        assert head is not None
        if head.status[:3] not in ("204", "304"):
            head.length = length
            head.lines += f"Content-Length: {length}\r\n"

    def _send_file(self, result: FileWrapper) -> bool:
        """Let the kernel send a plain file; false if the wrapper must be iterated instead."""
        extent = plain_extent(result.filelike)
        head = self._head
        if extent is None or head is None or self.has_begun:
            return False
        descriptor, position, size = extent
        if head.length is None and self._request.method != "HEAD":
            self._set_length(size)
        data = self._begin()
        if self._framing is not Framing.LENGTH:
            self._wire.send(data)
            return True
        self._wire.send_ahead(data)
        count = self._wire.send_file(descriptor, position, min(size, self._left))
        self.sent += count
        self._left -= count
        return True

    def _finish(self) -> None:
        """End the response: its head if nothing was sent yet, the last chunk, a check of its length."""
        if self._head is None:
            raise AssertionError("The application returned without calling start_response().")
        if not self.has_begun:
            self._send_empty()
        elif self._framing is Framing.CHUNKED:
            self._ends()
            self._wire.send(b"0\r\n\r\n")
        elif self._framing is Framing.LENGTH and self._left:
            self._complain(f"{self._left} bytes less than its Content-Length; the connection closes")
            self.keeps = False
        self._finish_body()

    def _send_empty(self) -> None:
        head, request = self._head, self._request
        assert head is not None
        if head.length is None and request.method != "HEAD":
            self._set_length(0)
        data = self._begin()
        self._ends()
        self._wire.send(data)
        if self._framing is Framing.LENGTH and self._left:
            self._complain(f"no body for its Content-Length of {self._left}; the connection closes")
            self.keeps = False

    def _finish_body(self) -> None:
        if self._body is None:
            return
        if self.keeps and self._can_finish_body():
            self._body.finish()
        elif self._body.left:
            self.keeps = False

    def _fail(self, exc: BaseException) -> None:
        """Print the traceback and answer 500, as `wsgiref.handlers.BaseHandler.handle_error` does."""
        tell_error(exc)
        if isinstance(exc, KeyboardInterrupt):
            raise exc
        if self.has_begun:
            self.keeps = False
            return
        fields, body = self._error(exc)
        self._head = read_head(_ERROR_STATUS, fields)
        self._send_blocks([body])
        self._finish()

    def _error(self, exc: BaseException) -> tuple[list[tuple[str, str]], bytes]:
        if self._terms.error_page is not None:
            try:
                return self._terms.error_page(exc, self._request)
            except Exception as own:  # nothing about an exception can be trusted
                tell_error(own)
        return [("Content-Type", "text/plain")], _ERROR_BODY

    def _close(self, result: Iterable[bytes] | None) -> None:
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except Exception as exc:
                tell_error(exc)

    def _complain(self, what: str) -> None:
        tell(f"The application sent {what}: {self._request.request_line!r}")
