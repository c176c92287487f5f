"""The threads by themselves: jobs are functions, leading is taking jobs from a queue."""

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from afresh.serve import crew
from afresh.serve.crew import Bounds, Crew, Work
from afresh.testing.deadline import PATIENCE, Deadline

Job = Callable[[], None]


class Owner:
    """Leads by taking jobs from a queue; None ends the leading for good."""

    def __init__(self, **bounds: Any) -> None:
        self.jobs: queue.Queue[Job | None] = queue.Queue()
        self.returned: queue.Queue[Job] = queue.Queue()
        self.taken_out: queue.Queue[Job] = queue.Queue()
        self.ended: queue.Queue[int] = queue.Queue()
        self.leaders: list[int] = []
        self.settings = {"takeover_after": 0.005, "calm_after": 1.0, "answers_here": True, "threads": 50, "spare": 2}
        work = Work[Job](self.lead, lambda job: job(), self.taken_out.put, self.returned.put)
        self.crew = Crew(work, Bounds(**{**self.settings, **bounds}), lambda: self.ended.put(threading.get_ident()))

    def lead(self) -> None:
        self.leaders.append(threading.get_ident())
        while (job := self.jobs.get(timeout=PATIENCE)) is not None:
            if self.crew.is_calm():
                if not self.crew.answer_here(job):
                    return
            else:
                self.crew.dispatch(job)
        self.crew.stop()


@pytest.fixture
def own() -> Iterator[Callable[..., Owner]]:
    owners: list[Owner] = []

    def make(**bounds: Any) -> Owner:
        owners.append(Owner(**bounds))
        owners[-1].crew.start()
        return owners[-1]

    yield make
    for owner in owners:
        owner.jobs.put(None)
        for _ in range(owner.crew.size):
            owner.ended.get(timeout=PATIENCE)
            if not owner.crew.size:
                break


def test_the_leader_does_quick_jobs_itself(own: Callable[..., Owner]) -> None:
    owner = own(takeover_after=60)
    threads: queue.Queue[int] = queue.Queue()
    for _ in range(10):
        owner.jobs.put(lambda: threads.put(threading.get_ident()))
    assert {threads.get(timeout=PATIENCE) for _ in range(10)} == set(owner.leaders)
    assert len(owner.leaders) == 1
    assert owner.crew.size == 2


def test_the_lead_passes_on_when_a_job_is_overdue(own: Callable[..., Owner]) -> None:
    owner = own()
    go_on = threading.Event()

    def slow() -> None:
        assert go_on.wait(PATIENCE)

    owner.jobs.put(slow)
    assert owner.taken_out.get(timeout=PATIENCE) is slow
    done = threading.Event()
    owner.jobs.put(done.set)
    assert done.wait(PATIENCE)
    assert len(set(owner.leaders)) == 2
    assert owner.returned.get(timeout=PATIENCE) == done.set
    go_on.set()
    assert owner.returned.get(timeout=PATIENCE) is slow


def test_after_a_takeover_jobs_are_dispatched_at_once(own: Callable[..., Owner]) -> None:
    owner = own(takeover_after=0.05)
    go_on = threading.Event()
    entered = threading.Semaphore(0)

    def slow() -> None:
        entered.release()
        assert go_on.wait(PATIENCE)

    for _ in range(40):
        owner.jobs.put(slow)
    for _ in range(40):
        assert entered.acquire(timeout=PATIENCE)
    assert len(owner.leaders) == 2
    assert sys.getswitchinterval() == 0.001
    go_on.set()
    for _ in range(40):
        owner.returned.get(timeout=PATIENCE)
    assert sys.getswitchinterval() == 0.005


def test_a_job_that_only_was_not_let_run_keeps_the_lead(
    own: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    took = [0.0]
    looks = threading.Semaphore(0)

    def work_time(*_: Any, **__: Any) -> float:
        looks.release()
        return took[0]

    monkeypatch.setattr(crew, "work_time", work_time)
    monkeypatch.setattr(crew, "_PATIENCE", 1e9)
    owner = own()
    go_on = threading.Event()

    def slow() -> None:
        assert go_on.wait(PATIENCE)

    owner.jobs.put(slow)
    for _ in range(3):
        assert looks.acquire(timeout=PATIENCE)
    assert owner.taken_out.empty()
    took[0] = 60.0
    assert owner.taken_out.get(timeout=PATIENCE) is slow
    go_on.set()


def test_a_job_that_was_not_let_run_for_very_long_loses_the_lead(
    own: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "work_time", lambda *_, **__: 0.0)
    owner = own()
    go_on = threading.Event()

    def slow() -> None:
        assert go_on.wait(PATIENCE)

    owner.jobs.put(slow)
    assert owner.taken_out.get(timeout=PATIENCE) is slow
    go_on.set()


def test_calm_comes_back(own: Callable[..., Owner]) -> None:
    owner = own(calm_after=0.0)
    go_on = threading.Event()

    def slow() -> None:
        go_on.wait(PATIENCE)

    owner.jobs.put(slow)
    owner.taken_out.get(timeout=PATIENCE)
    threads: queue.Queue[int] = queue.Queue()
    owner.jobs.put(lambda: threads.put(threading.get_ident()))
    assert threads.get(timeout=PATIENCE) == owner.leaders[-1]
    go_on.set()


def test_jobs_beyond_the_most_threads_wait_and_can_be_withdrawn(own: Callable[..., Owner]) -> None:
    owner = own(answers_here=False, threads=2)
    go_on, entered = threading.Event(), threading.Event()
    done: queue.Queue[int] = queue.Queue()

    def slow() -> None:
        entered.set()
        assert go_on.wait(PATIENCE)

    def add(number: int) -> Job:
        return lambda: done.put(number)

    jobs = [add(number) for number in range(5)]
    for job in [slow, *jobs]:
        owner.crew.dispatch(job)
    assert entered.wait(PATIENCE)
    assert owner.crew.withdraw() == jobs
    for job in jobs[:3]:
        owner.crew.dispatch(job)
    go_on.set()
    assert [done.get(timeout=PATIENCE) for _ in range(3)] == [0, 1, 2]


def test_the_leader_does_no_job_where_as_many_are_done_as_may_be(own: Callable[..., Owner]) -> None:
    """One job at a time: the leader, the one that stands by, and the one that answers are all."""
    owner = own(threads=3, calm_after=0.0)
    first, others = threading.Event(), queue.Queue[int]()

    def slow() -> None:
        assert first.wait(PATIENCE)

    owner.jobs.put(slow)
    assert owner.taken_out.get(timeout=PATIENCE) is slow
    for number in range(3):
        owner.jobs.put(partial(others.put, number))
    deadline = Deadline(PATIENCE)
    while "backlog=3" not in repr(owner.crew):
        assert others.empty()
        assert not deadline.passed()
    first.set()
    assert [others.get(timeout=PATIENCE) for _ in range(3)] == [0, 1, 2]


def test_a_job_that_fails_takes_its_thread_only(own: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    owner = own(answers_here=False)

    def failing() -> None:
        raise RuntimeError

    owner.crew.dispatch(failing)
    assert owner.returned.get(timeout=PATIENCE) is failing
    owner.ended.get(timeout=PATIENCE)
    done = threading.Event()
    owner.crew.dispatch(done.set)
    assert done.wait(PATIENCE)


def test_a_job_that_ends_the_leader_is_given_back_and_another_leads(
    own: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    owner = own()

    def ending() -> None:
        raise SystemExit

    done = threading.Event()
    owner.jobs.put(ending)
    owner.jobs.put(done.set)
    assert owner.returned.get(timeout=PATIENCE) is ending
    assert owner.taken_out.get(timeout=PATIENCE) is ending
    assert done.wait(PATIENCE)
    assert len(owner.leaders) == 2


def test_a_job_that_raises_after_the_lead_has_passed_is_given_back(
    own: Callable[..., Owner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    owner = own(calm_after=0.0)
    go_on = threading.Event()

    def ending() -> None:
        assert go_on.wait(PATIENCE)
        raise SystemExit

    owner.jobs.put(ending)
    owner.jobs.put(go_on.set)
    assert owner.returned.get(timeout=PATIENCE) is ending


@pytest.fixture
def no_more_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on the system has none."""

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", start)


def test_where_no_thread_can_be_started_the_two_take_turns(
    own: Callable[..., Owner], no_more_threads: Callable[[], None]
) -> None:
    owner = own(calm_after=0.0)
    no_more_threads()
    for _ in range(3):
        go_on, done = threading.Event(), threading.Event()
        owner.jobs.put(lambda go_on=go_on: go_on.wait(PATIENCE))  # type: ignore[misc]
        owner.jobs.put(done.set)
        assert done.wait(PATIENCE)
        go_on.set()
        owner.returned.get(timeout=PATIENCE)
    assert len(set(owner.leaders)) == 2
    assert len(owner.leaders) == 4


def test_where_no_thread_can_be_started_a_job_waits_for_one_that_is_busy(
    own: Callable[..., Owner], no_more_threads: Callable[[], None]
) -> None:
    owner = own(answers_here=False)
    go_on, done = threading.Event(), threading.Event()
    assert owner.crew.dispatch(lambda: assert_(go_on.wait(PATIENCE)))
    no_more_threads()
    assert owner.crew.dispatch(done.set)
    go_on.set()
    assert done.wait(PATIENCE)


def test_where_no_thread_is_left_for_a_job_it_is_said(
    own: Callable[..., Owner], no_more_threads: Callable[[], None]
) -> None:
    owner = own(answers_here=False)
    no_more_threads()
    assert not owner.crew.dispatch(lambda: None)
    assert owner.crew.size == 1


def assert_(condition: bool) -> None:
    assert condition


def test_work_here_does_the_jobs_on_the_calling_thread() -> None:
    owner = Owner(answers_here=False, threads=2, spare=1)
    threads: list[int] = []
    for _ in range(3):
        owner.jobs.put(lambda: threads.append(threading.get_ident()))
    owner.jobs.put(lambda: owner.jobs.put(None))
    owner.crew.work_here()
    assert threads == [threading.get_ident()] * 3
