"""Waiting for descriptors, for calls from other threads, and for deadlines: one epoll."""

import heapq
import itertools
import os
import select
import weakref
from collections import deque
from collections.abc import Callable

from afresh import native
from afresh.serve.complaint import tell_error

Call = Callable[[], None]


class Poller:
    """Level-triggered epoll with a mailbox. `wait` is for one thread at a time, the rest for any.

    Level-triggered, because the thread that waits may be replaced in the middle of a batch of events: what it did not
    get to is reported again to its successor.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # Closed with the object, not before: a late `post` must not write to a number that is another file's by then.
        self._close_bell = weakref.finalize(self, os.close, self._bell)
        self._close_bell.atexit = False  # the thread that waits outlives exit handlers
        self._mail: deque[Call] = deque()
        self._deadlines: list[tuple[float, int, Call]] = []  # A heap; the numbers keep calls from being compared.
        self._numbers = itertools.count()
        self._epoll.register(self._bell, select.EPOLLIN)

    def watch(self, descriptor: int, events: int = select.EPOLLIN) -> None:
        """Report when there is something to read, or room to write with EPOLLOUT, or the other end is gone."""
        self._epoll.register(descriptor, events)

    def watch_instead(self, descriptor: int, events: int) -> None:
        """Report these events in place of those it was watched for."""
        self._epoll.modify(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Report nothing more of a descriptor.

        Before it is sent to another process: its events would go on, and could not be ended any more.
        """
        try:
            self._epoll.unregister(descriptor)
        except OSError:
            pass

    def post(self, call: Call) -> None:
        """Have `call` done by the thread that waits; safe in a signal handler."""
        self._mail.append(call)
        os.eventfd_write(self._bell, 1)

    def later(self, delay: float, call: Call) -> None:
        """Have `call` done after `delay` seconds. For the thread that waits."""
        heapq.heappush(self._deadlines, (native.monotonic() + delay, next(self._numbers), call))

    def wait(self, *, at_once: bool = False) -> list[int]:
        """Wait until there is something to do, `at_once` not at all; returns the descriptors that are ready.

        Calls that are due are done here, before their descriptors are returned.
        """
        events = self._epoll.poll(0 if at_once else self._timeout())
        if self._deadlines:
            self._call_due()
        return [descriptor for descriptor, _ in events if descriptor != self._bell or self._answer_bell()]

    def _timeout(self) -> float | None:
        if not self._deadlines:
            return None
        return max(0.0, self._deadlines[0][0] - native.monotonic())

    def _call_due(self) -> None:
        now = native.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _do(heapq.heappop(self._deadlines)[2])

    def _answer_bell(self) -> bool:
        # Reset the bell first: a call that is posted after the last look at the mail rings it again.
        os.eventfd_read(self._bell)
        self.answer_mail()
        return False

    def answer_mail(self) -> None:
        """Do the calls that were posted."""
        while self._mail:
            _do(self._mail.popleft())

    def close(self) -> None:
        """Stop waiting for good."""
        self._epoll.close()

    def abandon(self) -> None:
        """In a forked child: close what was inherited, and change nothing: the kernel's epoll is the parent's too."""
        self._epoll.close()
        self._close_bell()


def _do(call: Call) -> None:
    """One that fails, as a callback of the owner may, is printed."""
    try:
        call()
    except Exception as exc:
        tell_error(exc)
