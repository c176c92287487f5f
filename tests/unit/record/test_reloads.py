"""Where a reload's time went, and what would make the next one faster."""

import pytest

from afresh.record.reloads import Segment, advice, segments

MS = 1_000_000


def test_the_parts_of_a_reload_that_loads_modules() -> None:
    marks = {"seen": 0, "decided": 5 * MS, "ready": 90 * MS, "served": 97 * MS, "answered": 98 * MS}
    assert segments("resume", marks) == [
        Segment("decide", "deciding what the edit asks for", 5.0),
        Segment("load", "loading what comes after the checkpoint", 85.0),
        Segment("begin", "forking the server that answers", 7.0),
        Segment("begin", "switching over", 1.0),
    ]


def test_an_exchange_of_functions_loads_nothing() -> None:
    marks = {"seen": 0, "decided": 5 * MS, "served": 17 * MS, "answered": 18 * MS}
    labels = [segment.label for segment in segments("patch", marks)]
    assert labels == [
        "deciding what the edit asks for",
        "forking a server with the functions exchanged",
        "switching over",
    ]


def test_the_parts_make_up_the_whole() -> None:
    marks = {"seen": 3 * MS, "decided": 5 * MS, "ready": 90 * MS, "served": 97 * MS, "answered": 99 * MS}
    assert sum(segment.took for segment in segments("cold", marks)) == 96.0


def test_what_has_not_come_so_far_is_left_out() -> None:
    assert segments("cold", {"seen": 0, "decided": 2 * MS}) == [
        Segment("decide", "deciding what the edit asks for", 2.0)
    ]
    assert segments("cold", {}) == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("`load` ran during the start", "load is called while the project is loaded"),
        ("the start looked at the code of `view`", "Something reads the code of view"),
        ("shop/models.py: the statements of the module", "outside of functions"),
        ("the class body of `Order`", "outside of functions"),
        ("the signature of `view`", "Parameters"),
        ("it was read during the start", "Read it when it is needed"),
        (
            "the start-up left threads running (poller); threads that begin with a request are no obstacle",
            "Start threads",
        ),
        ("the start-up left 1 network connection(s) open; those that a request opens are no obstacle", "Connect"),
        ("the start-up holds a lock on a file (/x); one that is given back is no obstacle", "Take the lock"),
        ("the start-up left a timer running (an alarm)", "alarms are lost"),
        ("the start-up left a kernel object open (inotify); one that a request makes is no obstacle", "first request"),
        ("/x/log, which the start-up had opened for writing, was written since", "for appending"),
        ("the body of `detail`", "Python 3.12"),
        ("the start-up left an event loop (epoll) open", "asyncio.run"),
        ("SyntaxError in line 3", "compile"),
    ],
)
def test_each_reason_has_its_advice(reason: str, said: str) -> None:
    assert said in advice(reason)


@pytest.mark.parametrize("reason", ["", "only requests have used it", "the start had not come to it"])
def test_where_nothing_can_be_done_nothing_is_said(reason: str) -> None:
    assert advice(reason) == ""
