"""The box of events: whole requests or none, and never more than it may hold."""

import itertools

import pytest
from msgspec import ValidationError

from afresh.record.events import Cut, Event, Processed, Reached, Received, Sent, Skipped, read
from afresh.record.outbox import BATCH, BURST, LONGEST, MOST, PER_SECOND, Outbox
from afresh.record.rows import REACHED

SECOND = 1_000_000_000


def outbox() -> Outbox:
    return Outbox(view_of=str, clock=itertools.count().__next__)


def taken(box: Outbox) -> list[Event]:
    events: list[Event] = []
    while rows := box.take():
        events += map(read, rows)
    return events


def test_what_was_put_in_is_taken_in_order_and_once() -> None:
    box = outbox()
    number = box.received("GET", "/", 50_000)
    box.processed(number, "views.index", 200)
    box.sent(number, 200, 12)
    assert taken(box) == [Received(1, 1, "GET", "/", 50_000), Processed(2, 1, "views.index", 200), Sent(3, 1, 200, 12)]
    assert taken(box) == []


def test_one_too_many_is_counted_and_nothing_else_of_it_is_kept() -> None:
    box = outbox()
    for _ in range(BURST):
        box.received("GET", "/")
    one_too_many = box.received("GET", "/")
    box.processed(one_too_many, "view", 200)
    box.sent(one_too_many, 200, 1)
    box.cut(one_too_many, "gone")
    assert one_too_many == 0
    *kept, skipped = taken(box)
    assert len(kept) == BURST
    assert isinstance(skipped, Skipped)
    assert skipped.count == 1


def test_with_time_as_many_are_recorded_again() -> None:
    now = 0
    box = Outbox(view_of=str, clock=lambda: now)
    for _ in range(BURST):
        box.received("GET", "/")
    box.take()
    assert box.received("GET", "/") == 0
    now = SECOND // PER_SECOND * 3
    box.take()
    assert [bool(box.received("GET", "/")) for _ in range(4)] == [True, True, True, False]
    now = 1000 * SECOND
    box.take()
    assert [bool(box.received("GET", "/")) for _ in range(BURST + 1)] == [True] * BURST + [False]


def test_what_is_in_progress_is_told_to_its_end_whatever_came_since() -> None:
    box = outbox()
    first = box.received("GET", "/")
    for _ in range(BURST):
        box.received("GET", "/")
    box.take()
    box.cut(first, "gone")
    assert isinstance(taken(box)[0], Cut)


def test_a_target_of_any_length_takes_a_bounded_place() -> None:
    box = outbox()
    box.received("GET", "/" + "a" * 60_000)
    (event,) = taken(box)
    assert isinstance(event, Received)
    assert len(event.target) == LONGEST


def test_what_could_not_be_passed_on_comes_first_the_next_time() -> None:
    box = outbox()
    for number in range(BATCH + 1):
        box.cut(number + 1, "gone")
    first = box.take()
    box.cut(999, "gone")
    box.put_back(first)
    assert [event.request for event in taken(box) if isinstance(event, Cut)] == [*range(1, BATCH + 2), 999]


def test_nothing_new_is_recorded_for_a_keeper_that_does_not_listen() -> None:
    box = outbox()
    for _ in range(MOST + 1):
        box.cut(1, "gone")
    assert box.received("GET", "/") == 0


def test_rows_are_events() -> None:
    assert read((REACHED, 7, "settings", "shop.settings")) == Reached(7, "settings", "shop.settings")


@pytest.mark.parametrize("row", [(), ("explode", 1), ("sent", "soon", 1, 2, 3), ("sent", 1)])
def test_a_row_that_is_no_event_is_refused(row: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError):
        read(row)
