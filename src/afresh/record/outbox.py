"""Where a serving process collects its events: cheap to put in, of bounded size, taken out in batches."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable

from afresh.record.rows import CUT, PROCESSED, RECEIVED, SENT, SKIPPED, Row

# A burst of so many requests is recorded whole, and so many a second of a lasting load; the others are counted. What
# becomes rows of them takes the keeper 1 to 2 % of a processor.
BURST = 64
PER_SECOND = 400
# Of a target so many characters are kept: a batch stays below what one packet carries.
LONGEST = 500
BATCH = 100
# So many events may wait for a keeper that does not listen.
MOST = 1000


class Outbox:
    """Any thread may put in, one at a time may `take`. Nothing here waits.

    `received` gives the request a number, 0 if it is one too many: then nothing else of it is recorded, so that what is
    recorded is always whole. `view_of` names the view that made what the application returned.
    """

    def __init__(self, view_of: Callable[[object], str], clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._view_of = view_of
        self._clock = clock
        # Appending needs no lock, and neither does taking from the other end.
        self._events: deque[Row] = deque()
        self._numbers = itertools.count(1)
        # Two threads may count one request for two, or two for one: the bound is no exact one.
        self._allowed = BURST
        self._skipped = 0
        self._taken_at = clock()

    def __repr__(self) -> str:
        return f"<Outbox events={len(self._events)} skipped={self._skipped}>"

    def received(self, method: str, target: str, port: int = 0, took: int = -1) -> int:
        """A request is about to be answered; the fields are those of `afresh.record.events.Received`."""
        if self._allowed <= 0 or len(self._events) > MOST:
            self._skipped += 1
            return 0
        self._allowed -= 1
        number = next(self._numbers)
        self._events.append((RECEIVED, self._clock(), number, method, target[:LONGEST], port, took))
        return number

    def processed(self, request: int, result: object, status: int) -> None:
        """The application has returned `result`."""
        if request:
            self._events.append((PROCESSED, self._clock(), request, self._view_of(result), status))

    def sent(self, request: int, status: int, length: int) -> None:
        """The response is sent."""
        if request:
            self._events.append((SENT, self._clock(), request, status, length))

    def cut(self, request: int, why: str) -> None:
        """The exchange is over without a whole response."""
        if request:
            self._events.append((CUT, self._clock(), request, why))

    def put_back(self, rows: Iterable[Row]) -> None:
        """What was taken could not be passed on: it comes first the next time."""
        self._events.extendleft(reversed(tuple(rows)))

    def take(self) -> tuple[Row, ...]:
        """The oldest that were put in, at most `BATCH`; empty when there are none."""
        events = [self._events.popleft() for _ in range(min(BATCH, len(self._events)))]
        now = self._clock()
        earned = (now - self._taken_at) * PER_SECOND // 1_000_000_000
        if earned:
            self._allowed, self._taken_at = min(BURST, self._allowed + earned), now
        if self._skipped:
            events.append((SKIPPED, now, self._skipped))
            self._skipped = 0
        return tuple(events)
