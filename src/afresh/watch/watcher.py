"""The watcher: one thread that turns what happens on the disk into edits and drives the gate's latch.

Must live here: the thread, the lock, the order of raising, reading and deciding.
Must not know: what the keeper does with an edit.

Why no change is lost and none is decided too early:

- An event is in the kernel's queue before the save returns, and a server that sees the queue not empty waits. The latch
  is raised before the queue is read, so a server that finds it empty finds the latch raised.
- Each batch has a number of its own. The keeper can decide only numbers it was given, so a batch that is being settled
  keeps the latch raised whatever the keeper decides meanwhile; and a batch that turns out to mean nothing withdraws its
  own number only, so an edit that the keeper has in hand stays open.
- What is still queued when a batch ends (the limit was reached) makes the descriptor readable, and another begins.
- `cover` holds the lock from before it adds a watch until it knows the watch's number, and events are resolved under
  the same lock: no event meets an unknown number. It adds watches first and compares afterwards: a change before the
  watch is seen by the comparison, one after it is an event, one at the same time is both, which does no harm (see
  `coverage`).
"""

import contextlib
import errno
import math
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from afresh.reload.journal import Edit, Entry
from afresh.watch import disk, filters, states
from afresh.watch.batch import Batch
from afresh.watch.coverage import Coverage
from afresh.watch.filters import ProjectFilter
from afresh.watch.gate import Latch
from afresh.watch.inotify import Edge, Inotify
from afresh.watch.mounts import Mounts
from afresh.watch.points import Points
from afresh.watch.polling import Signal

POLLING_NOTICE = (
    "The kernel does not tell of file changes ({reason}). All files are looked at every {interval:.0f} ms: an answer "
    "can be that much behind a save."
)
FAILED_NOTICE = "Watching failed ({error!r}): everything is reloaded, now and whenever that happens again."
_POLLING_SHARE = 10
"""Polling takes one part in this many of a processor's time at most: the interval grows with what one look costs."""


class Watcher:
    """Watches what boots consumed and reports settled edits.

    `on_edit(number, edit)`: called in the watcher's thread with the latch number the edit settles; the latch stays
    raised until `latch.decide(number, generation)`. `on_decided()`: a batch meant nothing and the latch is lowered
    again; servers must be told to look. `on_resaved(paths)`: it was code that was saved with the text that it had.
    `on_notice(text)`: one line for the user, each once.
    `settle_limit`, `poll_interval`: seconds.
    """

    def __init__(
        self,
        latch: Latch,
        on_edit: Callable[[int, Edit], None],
        on_decided: Callable[[], None],
        on_notice: Callable[[str], None],
        *,
        on_resaved: Callable[[frozenset[str]], object] = len,
        settle_limit: float = 1.0,
        poll_interval: float = 0.1,
        force_polling: bool = False,
        open_edge: Callable[[], Edge] = Inotify,
    ) -> None:
        self._latch = latch
        self._on_edit = on_edit
        self._on_decided = on_decided
        self._on_notice = on_notice
        self._on_resaved = on_resaved
        self._settle_limit = settle_limit
        self._poll_interval = poll_interval
        edge, reason = (None, "polling was asked for") if force_polling else _open(open_edge)
        if edge is None:
            on_notice(POLLING_NOTICE.format(reason=reason, interval=poll_interval * 1000))
        mounts = Mounts(disk.read_text("/proc/self/mountinfo") or "")
        self._points = Points(edge, mounts, on_notice, poll_interval)
        self._coverage = Coverage(self._points)
        self._lock = threading.RLock()
        self._next_look = math.inf
        self._stopping = threading.Event()
        self._wakeup = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._wakeup, select.POLLIN)
        self.events: int | None = edge.descriptor if edge else None
        if edge is not None:
            self._poll.register(edge.descriptor, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="afresh-watch", daemon=True)

    def __repr__(self) -> str:
        return f"<Watcher {self._points} {self._coverage.index}>"

    def start(self) -> None:
        """Begin to report. What is covered before counts as watched already; nothing is lost in between."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the descriptors; once is enough. The latch stays as it is."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()
        os.close(self._wakeup)
        if self._points.edge is not None:
            self._points.edge.close()

    # ---- coverage, from any thread ----------------------------------------------------------------------------

    def cover(self, entries: Sequence[Entry], boot: int = 0, since: int | None = None) -> list[str]:
        """Watch what the entries of a journal name; the paths that are not any more what was consumed.

        `boot` numbers the boots, ascending; `forget` goes by it. `since`: when that boot began, nanoseconds of the wall
        clock (`time.time_ns()`): what changed later than that is looked at more closely, and without it a name that
        appeared between its look-up and this call is missed. The latch is not raised for the paths returned: the caller
        does that, or does not let the server answer.
        """
        with self._covering():
            return self._coverage.cover(entries, boot, since)

    def is_data(self, path: str, folder: str) -> bool:
        """As of `filters.is_data`; a database by its content, too."""
        return filters.is_data(path, folder) and not states.is_database(path)

    def cover_tree(self, directory: str, glob: str = "**/*", boot: int = 0) -> None:
        """Report every change below a directory, if the relative path matches `glob` (as of `pathlib.Path.glob`)."""
        with self._covering():
            self._coverage.cover_tree(directory, glob, boot)

    def cover_project(self, root: str, seconds: float = math.inf) -> bool:
        """Report every change of a project folder's files, but for what `.gitignore` and `filters` leave out.

        Returns after about so many seconds: true if there is more to walk, which is for `cover_more` to do.
        """
        root = disk.plain(root)
        with self._covering():
            project = ProjectFilter(root, disk.repository_of(root), disk.read_text)
            return self._coverage.cover_project(project, seconds)

    def cover_more(self, seconds: float) -> bool:
        """Go on with `cover_project` for about so long; true if there is still more."""
        with self._covering():
            return self._coverage.cover_more(seconds)

    def forget(self, before: int) -> None:
        """Drop what only boots with a smaller number consumed. What newer ones share stays watched without a gap."""
        with self._lock:
            self._coverage.forget(before)

    def is_consumed(self, path: str) -> bool:
        """Whether code depends on `path`: its content, its existence or its name; false for trees and project files."""
        with self._lock:
            return self._coverage.index.is_consumed(path)

    def is_read(self, path: str) -> bool:
        """Whether the content of the file at `path` was consumed, not only its name."""
        with self._lock:
            return path in self._coverage.index.files

    def is_code(self, path: str) -> bool:
        """Whether the file at `path` was loaded as code of the project: of other modules no digest is told."""
        with self._lock:
            known = self._coverage.index.files.get(path)
            return known is not None and bool(known.digest)

    def is_asked_for(self, path: str) -> bool:
        """Whether `path` lies in a tree of `cover_tree`."""
        with self._lock:
            return self._coverage.index.is_asked_for(path)

    @contextlib.contextmanager
    def _covering(self) -> Iterator[None]:
        with self._lock:
            yield
        if len(self._points.poller) and self._next_look == math.inf:
            self._wake()

    def _wake(self) -> None:
        os.eventfd_write(self._wakeup, 1)

    # ---- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            has_events = self._wait(self._idle_time())
            if self._stopping.is_set():
                return
            polled = self._look()
            if has_events or polled:
                self._take_batch(polled)

    def _idle_time(self) -> float | None:
        """Seconds until the next look at what is polled; None, so that nothing ever wakes the thread, if nothing is."""
        if not len(self._points.poller):
            self._next_look = math.inf
            return None
        if self._next_look == math.inf:
            self._next_look = time.monotonic() + self._poll_interval
        return max(self._next_look - time.monotonic(), 0.0)

    def _wait(self, seconds: float | None) -> bool:
        """Wait for events, a wake-up or the time; true if the kernel has events queued."""
        ready = self._poll.poll(None if seconds is None else math.ceil(seconds * 1000))
        descriptors = {descriptor for descriptor, _ in ready}
        if self._wakeup in descriptors:
            os.eventfd_read(self._wakeup)
        return self.events in descriptors

    def _look(self) -> list[Signal]:
        """Look at what is polled, if it is time to."""
        began = time.monotonic()
        if began < self._next_look:
            return []
        with self._lock:
            signals = self._points.poller.scan()
        took = time.monotonic() - began
        self._next_look = began + took + max(self._poll_interval, took * _POLLING_SHARE)
        return signals

    def _take_batch(self, polled: list[Signal]) -> None:
        number = self._latch.raise_()
        try:
            edit = self._settle(polled)
        except Exception as error:
            # A thread that ends here would close the gate for good. What was read is gone, so all of it counts.
            self._points.say("failed", FAILED_NOTICE.format(error=error))
            edit = Edit(frozenset(), everything=True)
        if self._stopping.is_set():
            return
        if edit.changed or edit.everything:
            self._on_edit(number, edit)
            return
        if self._latch.withdraw(number):
            self._on_decided()
        if self._coverage.resaved:
            self._on_resaved(self._coverage.resaved)

    def _settle(self, polled: list[Signal]) -> Edit:
        batch = Batch(self._coverage, self._points, time.monotonic(), self._settle_limit)
        with self._lock:
            signals: list[Signal] | None = polled + self._points.read()
        while signals is not None and not self._stopping.is_set():
            with self._lock:
                batch.take(signals, time.monotonic())
            signals = self._more(batch)
        with self._lock:
            return batch.finish()

    def _more(self, batch: Batch) -> list[Signal] | None:
        """What happens until the edit is settled; None when it is."""
        has_events = self._wait(max(batch.deadline() - time.monotonic(), 0.0))
        now = time.monotonic()
        if batch.is_over(now):
            return None
        with self._lock:
            signals = self._points.read() if has_events else batch.look_again()
        return signals if signals or now < batch.deadline() else None


def _open(open_edge: Callable[[], Edge]) -> tuple[Edge | None, str]:
    try:
        return open_edge(), ""
    except OSError as error:
        if error.errno == errno.EMFILE:
            return None, "the limit of inotify instances is reached, sysctl fs.inotify.max_user_instances"
        return None, f"inotify: {error.strerror}"
