"""What a process writes to one stream, collected while it runs and awaited by pattern."""

import os
import re
import select
import threading

from afresh.testing.deadline import PATIENCE, Deadline


class Transcript:
    """Everything that arrived on a file descriptor so far. A thread reads until the end of the stream, then closes it.

    Offsets count decoded characters; undecodable bytes are kept as surrogates. Line ends are `\\n` (a terminal's
    `\\r\\n` is folded), colours and other escape sequences are kept.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor
        self._text = ""
        self._ended = False
        self._news = threading.Condition()
        self._stop = os.eventfd(0)
        self._thread = threading.Thread(target=self._read, name=f"transcript {name}", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        pending = b""
        while chunk := self._chunk():
            pending += chunk
            # A chunk may end between "\r" and "\n", or inside a character: hold back what is not complete.
            keep = _incomplete(pending)
            ready, pending = pending[: len(pending) - keep], pending[len(pending) - keep :]
            self._append(ready)
        self._append(pending)
        with self._news:
            self._ended = True
            self._news.notify_all()
            os.close(self._descriptor)
            os.close(self._stop)

    def _chunk(self) -> bytes:
        # A blocked read() would keep the file open in the kernel after a close() elsewhere, and hanging up a terminal
        # would do nothing: wait in poll(), where nothing is held.
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        if any(ready == self._stop for ready, _ in poll.poll()):
            return b""
        try:
            return os.read(self._descriptor, 65536)
        except OSError:  # EIO: the last process with this terminal open is gone
            return b""

    def _append(self, data: bytes) -> None:
        with self._news:
            self._text += data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
            self._news.notify_all()

    def text(self, after: int = 0) -> str:
        """What arrived so far, from offset `after` on."""
        with self._news:
            return self._text[after:]

    def here(self) -> int:
        """The offset of the end, to be given as `after` to a later wait."""
        with self._news:
            return len(self._text)

    def wait_for(self, pattern: str, *, after: int = 0, within: float = PATIENCE) -> re.Match[str]:
        """Wait until `pattern` (multi-line regular expression) is found from offset `after` on, and return the match.

        AssertionError, with all that arrived, when the deadline passes or the stream ends first.
        """
        compiled, deadline = re.compile(pattern, re.MULTILINE), Deadline(within)
        with self._news:
            while not (found := compiled.search(self._text, after)):
                if self._ended or deadline.passed():
                    why = "the stream ended" if self._ended else f"{within:g} s passed"
                    raise AssertionError(f"{self.name}: {why} without {pattern!r}; got:\n{self._text[after:]}")
                self._news.wait(deadline.left())
            return found

    def wait_end(self, within: float = PATIENCE) -> str:
        """Wait until every process that had the stream open has closed it, and return all that arrived."""
        self._thread.join(within)
        assert not self._thread.is_alive(), f"{self.name}: still open after {within:g} s; got:\n{self.text()}"
        return self.text()

    def stop(self) -> None:
        """Stop reading and close the descriptor. Safe to call at any time, any number of times."""
        with self._news:
            if not self._ended:
                os.eventfd_write(self._stop, 1)
        self._thread.join()

    def __repr__(self) -> str:
        return f"<Transcript {self.name}: {self.here()} characters{', ended' if self._ended else ''}>"


def _incomplete(data: bytes) -> int:
    """Number of bytes at the end of `data` that may be the start of `\\r\\n` or of a UTF-8 character."""
    if data.endswith(b"\r"):
        return 1
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if wanted > back else 0
        if byte < 0x80:
            return 0
    return 0
