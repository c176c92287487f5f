"""The serving threads: who waits, who answers, who stands by.

One thread *leads*: it waits for the connections and answers requests itself, so that a quick answer costs no hand-off
between threads. Another *stands by*: while an answer is in progress it looks at the clock, and when the answer takes
too long it takes over the waiting. So no thread is woken and no timer runs while nothing is in progress. Time in which
the kernel let other processes run instead does not count (`afresh.serve.progress`).

One takeover at a time is a ramp (200 answers of a second each took 1.9 s), so for a while after each requests go to
other threads at once. Only takeovers begin or prolong that while: many threads slow each other down, and would look
slow enough to keep it up for ever, with a third of the throughput.
"""

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeAlias, TypeVar

import msgspec

from afresh import native
from afresh.serve.interval import SwitchInterval
from afresh.serve.progress import Progress, ThreadFile, is_runnable, work_time
from afresh.serve.wake import Wake, held_lock, own_wake
from afresh.stack import roomy

Job = TypeVar("Job")
Task: TypeAlias = Callable[[], None]

_FOR_EVER = -1.0
_PATIENCE = 20
"""So many times its bound an answer may take at most, whatever is to blame."""


class Work(msgspec.Struct, Generic[Job], frozen=True):
    """What the crew does, told by its owner.

    `lead` waits and performs until `Crew.answer_here` returns False or the crew stops. `answer` does one job.
    `take_out` is called when the lead passes from the thread that does `job`, before the new leader waits.
    `returned` is called after `answer` by a thread that does not lead.
    """

    lead: Callable[[], None]
    answer: Callable[[Job], None]
    take_out: Callable[[Job], None]
    returned: Callable[[Job], None]


class Bounds(msgspec.Struct, frozen=True):
    """`takeover_after`, `calm_after` in seconds as in Config. `answers_here`: whether the leader answers by itself.

    `threads`: at most so many in all, but for those a takeover needs. `spare`: so many stay when idle.
    """

    takeover_after: float
    calm_after: float
    answers_here: bool
    threads: int
    spare: int


class _Seat:
    """One thread's place: the task it is to do next, and what it sleeps on until a task is there."""

    __slots__ = ("has_thread", "task", "wake")

    def __init__(self, task: Task | None, wake: Wake) -> None:
        self.task = task
        self.has_thread = False
        self.wake = wake


class _Turn(Generic[Job]):
    """One answer by the leader: the job, when it began; once it looks overdue, since when and the leader's progress."""

    __slots__ = ("began", "job", "suspected")

    def __init__(self, job: Job, began: float) -> None:
        self.job = job
        self.began = began
        self.suspected: tuple[float, Progress] | None = None


class Crew(Generic[Job]):
    """The threads of one server."""

    def __init__(self, work: Work[Job], bounds: Bounds, on_thread_end: Callable[[], None]) -> None:
        self._work = work
        self._bounds = bounds
        self._on_thread_end = on_thread_end
        self._lock = threading.Lock()
        self._size = 0
        self._resting: list[_Seat] = []  # Last in, first out: the thread that slept shortest has the warmest caches.
        self._backlog: deque[Job] = deque()
        self._stopping = False
        self._last_takeover = float("-inf")
        self._interval = SwitchInterval()
        # Standing by: `_alarm` is released to start looking at the clock; `_armed` says that it was.
        self._turn: _Turn[Job] | None = None
        self._turns = 0
        self._leading = 0  # The native id of the thread that leads.
        self._file = ThreadFile()
        self._armed = False
        self._is_vacant = False  # Nobody stands by, since the system had no more threads: who has time does.
        self._alarm = threading.Lock()
        self._alarm.acquire()

    def __repr__(self) -> str:
        return f"<Crew threads={self._size} resting={len(self._resting)} backlog={len(self._backlog)}>"

    @property
    def size(self) -> int:
        """The number of threads."""
        return self._size

    def start(self) -> None:
        """Start the thread that leads and the one that stands by."""
        with self._lock:
            seats = [self._hire(self._lead)]
            if self._bounds.answers_here:
                seats.append(self._hire(self._stand_by))
        for seat in seats:
            if not self._wake(seat):
                raise RuntimeError("The system has no more threads.")

    def stop(self) -> None:
        """Let every thread end when it has done what it does. Call it from the leader."""
        with self._lock:
            self._stopping = True
            resting, self._resting = self._resting, []
        for seat in resting:
            seat.wake.release()
        try:
            self._alarm.release()
        except RuntimeError:
            pass  # Released already, for an answer that has just begun: the one that stands by wakes up all the same.

    # ---- for the leader -----------------------------------------------------------------------------------------

    def is_calm(self) -> bool:
        """Whether the leader should answer by itself."""
        if not self._bounds.answers_here or self._is_full():
            return False
        return native.monotonic() - self._last_takeover >= self._bounds.calm_after

    def _is_full(self) -> bool:
        """Whether as many answer as may, but for the leader and the one that stands by: one more would be too many.
        Not locked: a thread that ends its answer in this moment takes the job that is dispatched."""
        return self._size - len(self._resting) >= self._bounds.threads

    def answer_here(self, job: Job) -> bool:
        """Do a job on this thread, which leads; returns whether it still does afterwards.

        If not, the connections are another thread's now: return from `lead` without touching them.
        """
        turn = _Turn(job, native.monotonic())
        with self._lock:
            self._turn = turn
            self._turns += 1
            wakes_stand_by = not self._armed
            self._armed = True
        if wakes_stand_by:
            self._alarm.release()
        is_done = False
        try:
            self._work.answer(job)
            is_done = True
        finally:
            with self._lock:
                leads = self._turn is turn
                # Where this thread ends instead, with what an answer has raised (KeyboardInterrupt, SystemExit), the
                # turn looks overdue soon, and the one that stands by leads.
                if leads and is_done:
                    self._turn = None
                elif not leads:
                    self._interval.end()
            if not (leads and is_done):
                self._work.returned(job)
        return leads

    def dispatch(self, job: Job) -> bool:
        """Have another thread do a job; it waits in order where all threads are busy and there are enough. False where
        the system has no thread for it, and none is there that could do it later."""
        task = partial(self._answer_away, job)
        with self._lock:
            if self._resting:
                seat = self._resting.pop()
                seat.task = task
            elif self._size < self._bounds.threads:
                seat = self._hire(task)
            else:
                self._backlog.append(job)
                return True
            self._interval.begin()
        if self._wake(seat):
            return True
        with self._lock:
            self._size -= 1
            if not self._resting:
                self._interval.end()
                has_others = self._size > (2 if self._bounds.answers_here and not self._is_vacant else 1)
                if has_others:
                    self._backlog.append(job)
                return has_others
            seat = self._resting.pop()
            seat.task = task
        return self._wake(seat)

    def withdraw(self) -> list[Job]:
        """Take back the jobs that no thread has begun."""
        with self._lock:
            jobs = list(self._backlog)
            self._backlog.clear()
        return jobs

    # ---- threads ------------------------------------------------------------------------------------------------

    def _hire(self, task: Task | None, wake: Wake | None = None) -> _Seat:
        self._size += 1
        return _Seat(task, wake or held_lock())

    def _wake(self, seat: _Seat) -> bool:
        """Let a seat's thread begin its task; false where it has none, and the system has no more. Not under the lock:
        starting a thread waits for it to run."""
        if seat.has_thread:
            seat.wake.release()
            return True
        thread = threading.Thread(target=self._occupy, args=(seat,), name="afresh-serve", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        return True

    def work_here(self) -> None:
        """Start with the calling thread as one of the crew; returns when the crew stopped."""
        with self._lock:
            seat = self._hire(None, own_wake())
        self.start()
        self._occupy(seat)

    @roomy
    def _occupy(self, seat: _Seat) -> None:
        seat.has_thread = True
        try:
            while seat.task is not None or self._rest(seat):
                task, seat.task = seat.task, None
                if task is not None:
                    task()
        finally:
            with self._lock:
                self._size -= 1
            self._on_thread_end()

    def _rest(self, seat: _Seat) -> bool:
        """Wait for a task; false if the thread is to end."""
        with self._lock:
            if self._backlog:
                self._interval.begin()
                seat.task = partial(self._answer_away, self._backlog.popleft())
                return True
            if self._is_vacant:
                self._is_vacant = False
                seat.task = self._stand_by
                return True
            if self._stopping or len(self._resting) >= self._bounds.spare:
                return False
            self._resting.append(seat)
        seat.wake.acquire()
        return seat.task is not None

    def _answer_away(self, job: Job) -> None:
        try:
            self._work.answer(job)
        finally:
            with self._lock:
                self._interval.end()
            self._work.returned(job)

    # ---- leading and standing by --------------------------------------------------------------------------------

    def _lead(self) -> None:
        self._leading = threading.get_native_id()
        self._work.lead()

    def _stand_by(self) -> None:
        """Sleep until an answer is in progress; look at it until it is done or overdue; then lead."""
        turns = 0
        pause = _FOR_EVER
        while pause:
            # Nobody releases the alarm while it is armed, except to stop: with a time limit this is a sleep.
            self._alarm.acquire(timeout=pause)
            # Before the lock is taken, and only for an answer that may be overdue: a file costs a leader that is quick.
            turn = self._turn
            progress = self._file.read(self._leading) if turn is not None and self._left(turn) <= 0 else None
            with self._lock:
                if self._stopping:
                    self._file.close()
                    return
                pause = self._pause(turns, progress)
                turns = self._turns
                successor = None if pause else self._take_over()
        if successor is not None and not self._wake(successor):
            with self._lock:
                self._size -= 1
                self._is_vacant = True
        self._lead()

    def _left(self, turn: _Turn[Job]) -> float:
        """Seconds until an answer looks overdue."""
        return turn.began + self._bounds.takeover_after - native.monotonic()

    def _pause(self, turns: int, progress: Progress | None) -> float:
        """Seconds until the next look, 0 if the answer in progress is overdue; `turns` as of the last look.

        `progress` is of the thread that leads, where the answer in progress looked overdue a moment ago.
        """
        turn = self._turn
        if turn is not None:
            left = self._left(turn)
            if left > 0:
                return left
            return 0.0 if progress is not None and self._is_overdue(turn, progress) else self._bounds.takeover_after / 2
        if self._turns != turns:
            return self._bounds.takeover_after
        # Nothing since the last look. `answer_here` reads this under the same lock, so its next turn is not missed.
        self._armed = False
        return _FOR_EVER

    def _is_overdue(self, turn: _Turn[Job], progress: Progress) -> bool:
        """Whether an answer has worked or waited for long enough since it first looked overdue, not only been held up.

        In all since then: on a busy machine a thread that computes gets a small part of each moment.
        """
        now, bound = native.monotonic(), self._bounds.takeover_after
        if turn.suspected is None:
            turn.suspected = (now, progress)
            return False
        since, before = turn.suspected
        took = work_time(now - since, before, progress, runnable=is_runnable(self._leading))
        return took >= bound / 2 or now - turn.began >= _PATIENCE * bound

    def _take_over(self) -> _Seat:
        """Take the lead from the thread that answers; returns the seat that stands by next."""
        turn, self._turn = self._turn, None
        assert turn is not None
        self._armed = False
        self._last_takeover = native.monotonic()
        self._interval.begin()
        self._work.take_out(turn.job)
        if not self._resting:
            return self._hire(self._stand_by)
        seat = self._resting.pop()
        seat.task = self._stand_by
        return seat
