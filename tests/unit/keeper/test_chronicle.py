"""What the keeper tells of the server's life."""

import time
from typing import Any

import pytest

from afresh.channel.messages import ChangedFile
from afresh.keeper.chronicle import Chronicle, process_began
from afresh.reload.journal import Edit
from afresh.reload.plan import Plan, Way

SECOND = 1_000_000_000


class Told:
    """Collects what is published."""

    def __init__(self) -> None:
        self.news: list[tuple[str, Any]] = []
        self.chronicle = Chronicle(lambda topic, value: self.news.append((topic, value)), "/shop")

    def rows(self) -> list[tuple[Any, ...]]:
        events = [value for topic, value in self.news if topic == "events"]
        return [(row[0], *row[2:]) for value in events for row in value["rows"]]

    def reports(self) -> list[dict[str, Any]]:
        return [value for topic, value in self.news if topic == "generation"]


def edit(told: Told, generation: int = 2) -> None:
    plan = Plan(Way.PATCH, "/shop/views.py:index", "", 1)
    told.chronicle.edited(generation, Edit(frozenset({"/shop/views.py"})), plan, time.monotonic())


def test_a_start_tells_its_stations_in_order() -> None:
    told = Told()
    told.chronicle.began(("python", "manage.py", "runserver"), process_began() + SECOND)
    told.chronicle.boot_began(1, 1)
    told.chronicle.answering(1, "127.0.0.1:8000", 9)
    told.chronicle.stopped("Ctrl+C")
    first, *rest = told.rows()
    # The start of a process is known by two clocks that are not read at the same moment.
    assert first == ("commandrun", "python manage.py runserver", pytest.approx(SECOND, abs=SECOND / 10))
    assert rest == [
        ("bootbegan", 1),
        ("listening", "127.0.0.1:8000"),
        ("answering", 1),
        ("stopped", "Ctrl+C"),
    ]


def test_a_report_says_why_not_faster_or_why_so_fast() -> None:
    told = Told()
    for way, key in ((Way.PATCH, "because"), (Way.RESUME, "reason"), (Way.COLD, "reason")):
        plan = Plan(way, "/shop/views.py", "/shop/views.py: why", 1)
        told.chronicle.edited(2, Edit(frozenset({"/shop/views.py"})), plan, time.monotonic())
        assert {name: told.reports()[-1][name] for name in ("because", "reason")} == {
            "because": "",
            "reason": "",
            key: "views.py: why",
        }


def test_it_begins_to_listen_once() -> None:
    told = Told()
    told.chronicle.page_answers("127.0.0.1:8000")
    told.chronicle.answering(2, "127.0.0.1:8000")
    assert [row[0] for row in told.rows()] == ["listening", "answering"]


def test_requests_are_counted_over_all_processes() -> None:
    told = Told()
    told.chronicle.tell(1, [("received", 1, 1, "GET", "/"), ("sent", 2, 1, 200, 3)])
    told.chronicle.tell(2, [("received", 3, 1, "GET", "/")])
    told.chronicle.tell(1, [("received", 4, 2, "GET", "/")])
    assert [value["before"] for _, value in told.news] == [0, 1, 2]


def test_a_report_says_what_changed_and_when_it_came_how_far() -> None:
    told = Told()
    edit(told)
    told.chronicle.mark(2, "served")
    told.chronicle.answering(2, "127.0.0.1:8000", 0, [ChangedFile("views.py", "/shop/views.py", ("-a", "+b"))])
    first, last = told.reports()[0], told.reports()[-1]
    assert (first["way"], first["place"]) == ("patch", "views.py:index")
    assert last["changed"] == [{"file": "/shop/views.py", "name": "views.py", "diff": ("-a", "+b")}]
    marks = last["marks"]
    assert marks["seen"] <= marks["decided"] <= marks["served"] <= marks["answered"]
    assert last["outcome"] == "answers"


def test_what_comes_late_does_not_belong_to_the_generation_of_now() -> None:
    told = Told()
    edit(told, 2)
    edit(told, 3)
    told.chronicle.mark(2, "ready")
    told.chronicle.failed(2, "Late")
    report = told.reports()[-1]
    assert report["number"] == 3
    assert "ready" not in report["marks"]
    assert "outcome" not in report


def test_the_process_began_before_now_and_not_long_ago() -> None:
    began = process_began()
    assert 0 <= time.monotonic_ns() - began < 3600 * 10**9
