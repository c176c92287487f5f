"""The recording: events in, rows and variables out."""

from afresh.record.events import (
    Answering,
    BootBegan,
    BootFailed,
    CommandRun,
    Cut,
    Edited,
    Event,
    Listening,
    Processed,
    ProcessEnded,
    Reached,
    Received,
    Sent,
    Skipped,
    Stopped,
)
from afresh.record.recording import MOST_REQUESTS, MOST_STEPS, Recording
from afresh.record.steps import Stage, Step

KEEPER, BOOT, SERVER = 0, 1, 2

START: list[tuple[int, Event]] = [
    (KEEPER, CommandRun(0, "python manage.py runserver", 9)),
    (BOOT, BootBegan(10, 1)),
    (BOOT, Reached(40, "settings", "kitchen.settings, 8 apps")),
    (BOOT, Reached(70, "routing", "kitchen.urls, 9 URL patterns, 7 middleware")),
    (KEEPER, Listening(80, "127.0.0.1:8000")),
]


def request(number: int, at: int, target: str = "/") -> list[tuple[int, Event]]:
    return [
        (SERVER, Received(at, number, "GET", target)),
        (SERVER, Processed(at + 5, number, "recipes.views.index", 200)),
        (SERVER, Sent(at + 7, number, 200, 1234)),
    ]


def recorded(*events: tuple[int, Event]) -> Recording:
    recording = Recording()
    for source, event in events:
        recording.add(source, event)
    return recording


def row(step: Step) -> tuple[int, str, str, str, str, str | None, str]:
    server_status, current_request, response_sent = (
        step.variables.server_status,
        step.variables.current_request,
        "Yes" if step.variables.response_sent else "No",
    )
    return step.number, step.action, step.details, step.result, server_status, current_request, response_sent


def test_one_start_one_request_and_one_ctrl_c_are_these_ten_rows() -> None:
    recording = recorded(*START, *request(1, 100), (KEEPER, Stopped(200, "Ctrl+C")))
    routing = "kitchen.urls, 9 URL patterns, 7 middleware"
    assert [row(step) for step in recording.steps] == [
        (1, "Run command", "python manage.py runserver", "server process starts", "Not running", None, "No"),
        (2, "Load settings", "kitchen.settings, 8 apps", "settings loaded", "Not running", None, "No"),
        (3, "Set up routing", routing, "routing ready", "Not running", None, "No"),
        (4, "Start listening", "127.0.0.1:8000", "ready to accept requests", "Running", None, "No"),
        (5, "Wait for request", "idle", "no requests yet", "Running", None, "No"),
        (6, "Receive request", "GET /", "request received", "Running", "GET /", "No"),
        (7, "Process request", "recipes.views.index", "view returned a response", "Running", "GET /", "No"),
        (8, "Send response", "200, 1234 bytes", "response sent", "Running", None, "Yes"),
        (9, "Wait for next request", "idle again", "ready for more", "Running", None, "Yes"),
        (10, "Stop server", "Ctrl+C", "server stopped", "Stopped", None, "Yes"),
    ]


def test_each_step_says_how_long_it_took() -> None:
    recording = recorded(*START, *request(1, 100))
    assert [step.took for step in recording.steps] == [9, 30, 30, 10, None, None, 5, 2, None]
    assert recording.took[Stage.WAIT] == 20


def test_the_active_stage_is_known_at_every_moment() -> None:
    recording = Recording()
    seen = []
    for source, event in [*START, *request(1, 100), (KEEPER, Stopped(200, "Ctrl+C"))]:
        recording.add(source, event)
        seen.append([stage.value for stage in recording.active()])
    assert seen == [
        ["run"],
        ["settings"],
        ["routing"],
        ["listen"],
        ["wait"],
        ["process"],
        ["send"],
        ["wait"],
        ["stop"],
    ]


def test_response_sent_returns_to_no_with_the_next_request() -> None:
    recording = recorded(*START, *request(1, 100), (SERVER, Received(120, 2, "GET", "/two")))
    assert row(recording.steps[-1])[4:] == ("Running", "GET /two", "No")


def test_requests_at_the_same_time_are_in_lanes_of_their_own() -> None:
    first, second = request(1, 100, "/slow"), request(2, 101, "/quick")
    recording = recorded(*START, first[0], *second)
    lanes = [(step.lane, step.action, step.variables.current_request) for step in list(recording.steps)[5:]]
    assert lanes == [
        (0, "Receive request", "GET /slow"),
        (1, "Receive request", "GET /quick"),
        (1, "Process request", "GET /quick"),
        (1, "Send response", None),
    ]
    assert [(v.current_request, v.response_sent) for v in recording.trackers()] == [("GET /slow", False)]
    recording.add(*first[1])
    recording.add(*first[2])
    assert [(v.current_request, v.response_sent) for v in recording.trackers()] == [(None, True)]
    assert recording.steps[-1].action == "Wait for next request"


def test_each_stage_has_the_time_that_it_took_itself() -> None:
    received = Received(100, 1, "GET", "/", 50_000, 3)
    recording = recorded(*START, (SERVER, received), *request(1, 100)[1:], (KEEPER, Stopped(200, "Ctrl+C")))
    assert {stage.value: took for stage, took in recording.took.items()} == {
        "run": 9,
        "settings": 30,
        "routing": 30,
        "listen": 10,
        "wait": 20,
        "receive": 3,
        "process": 5,
        "send": 2,
        "stop": None,
    }


def test_what_was_not_measured_is_not_what_was_measured_before() -> None:
    first = Received(100, 1, "GET", "/", 50_000, 3)
    recording = recorded(*START, (SERVER, first), *request(1, 100)[1:], *request(2, 110))
    assert recording.took[Stage.RECEIVE] is None


def test_a_page_in_the_place_of_the_application_listens_since_the_failure() -> None:
    recording = recorded(*START[:3], (KEEPER, BootFailed(60, 1, "NameError")), (KEEPER, Listening(64, "127.0.0.1:1")))
    assert recording.took[Stage.LISTEN] == 4


def test_a_reload_that_fails_has_taken_its_time() -> None:
    recording = recorded(*START, (KEEPER, Edited(300, 2, "patch", "a.py")), (KEEPER, BootFailed(330, 2, "NameError")))
    assert recording.took[Stage.RELOAD] == 30


def test_a_lane_that_is_free_is_used_again() -> None:
    a, b, c = request(1, 100), request(2, 101), request(3, 110)
    recording = recorded(*START, a[0], b[0], *a[1:], c[0])
    assert recording.steps[-1].lane == 0
    assert [request.number for request in recording.in_progress()] == [3, 2]


def test_nobody_waits_while_another_request_is_answered() -> None:
    a, b = request(1, 100), request(2, 101)
    recording = recorded(*START, a[0], b[0], *a[1:])
    assert recording.steps[-1].action == "Send response"


def test_a_response_of_the_servers_own_after_an_exception_has_all_its_rows() -> None:
    recording = recorded(*START, (SERVER, Received(100, 1, "GET", "/")), (SERVER, Sent(110, 1, 500, 60)))
    assert [(step.action, step.is_error) for step in list(recording.steps)[5:]] == [
        ("Receive request", False),
        ("Process request", True),
        ("Send response", False),
        ("Wait for next request", False),
    ]


def test_a_request_whose_server_is_killed_ends_with_it() -> None:
    recording = recorded(*START, *request(1, 100)[:1], (SERVER, ProcessEnded(105, "the server was ended by signal 9")))
    assert [(step.action, step.result, step.is_error) for step in list(recording.steps)[6:]] == [
        ("Send response", "the server was ended by signal 9", True),
        ("Wait for next request", "ready for more", False),
    ]
    assert recording.requests[1].failure == "the server was ended by signal 9"
    assert not recording.steps[-1].variables.response_sent


def test_a_client_that_leaves_got_no_response() -> None:
    recording = recorded(*START, *request(1, 100)[:2], (SERVER, Cut(109, 1, "the client went away")))
    assert recording.requests[1].failure == "the client went away"
    assert row(recording.steps[-2])[1:4] == ("Send response", "GET /", "the client went away")


def test_events_about_requests_that_are_not_known_are_passed_over() -> None:
    recording = recorded(
        *START, (SERVER, Sent(100, 9, 200, 1)), (SERVER, Processed(101, 9, "", 200)), (9, Cut(1, 1, ""))
    )
    assert len(recording.steps) == 5


def test_two_processes_number_their_requests_independently() -> None:
    other = [(7, event) for _, event in request(1, 101, "/other")]
    recording = recorded(*START, request(1, 100)[0], other[0], *request(1, 100)[1:], *other[1:])
    assert [(r.name, r.is_over) for r in recording.requests.values()] == [("GET /", True), ("GET /other", True)]


def test_a_reload_is_one_row_with_the_time_it_took() -> None:
    edited = Edited(300, 2, "patch", "views.py:index")
    recording = recorded(*START, (KEEPER, edited))
    assert [stage.value for stage in recording.active()] == ["reload"]
    recording.add(KEEPER, Answering(320, 2))
    assert row(recording.steps[-1])[1:4] == ("Reload", "views.py:index: patch", "generation 2 answers")
    assert recording.steps[-1].took == 20
    assert [stage.value for stage in recording.active()] == ["wait"]


def test_a_cold_reload_shows_where_the_boot_is() -> None:
    recording = recorded(*START, (KEEPER, Edited(300, 2, "cold", "settings.py")), (5, BootBegan(301, 2)))
    assert [stage.value for stage in recording.active()] == ["settings", "reload"]
    recording.add(5, Reached(350, "settings", "kitchen.settings, 8 apps"))
    assert [stage.value for stage in recording.active()] == ["routing", "reload"]


def test_an_error_stands_at_the_stage_where_it_happened() -> None:
    recording = recorded(*START[:3], (BOOT, BootFailed(60, 1, "NameError: name 'x' is not defined")))
    last = recording.steps[-1]
    assert (last.stage, last.details, last.is_error, last.took) == (
        Stage.ROUTING,
        "NameError: name 'x' is not defined",
        True,
        20,
    )
    assert recording.last[Stage.ROUTING].is_error


def test_a_failure_of_a_generation_of_the_past_is_no_news() -> None:
    recording = recorded(*START, (KEEPER, Edited(300, 2, "cold", "a.py")), (BOOT, BootFailed(301, 1, "Late")))
    assert len(recording.steps) == 5


def test_an_edit_that_overtakes_a_reload_is_the_one_that_is_told() -> None:
    recording = recorded(
        *START,
        (KEEPER, Edited(300, 2, "cold", "a.py")),
        (KEEPER, Edited(310, 3, "patch", "b.py")),
        (KEEPER, Answering(311, 2)),
        (KEEPER, Answering(330, 3)),
    )
    assert [step.result for step in recording.steps if step.stage is Stage.RELOAD] == ["generation 3 answers"]


def test_the_history_is_bounded_and_forgets_no_request_in_progress() -> None:
    recording = recorded(*START, request(1, 100, "/endless")[0])
    for number in range(2, MOST_REQUESTS + MOST_STEPS):
        for source, event in request(number, 100 + number):
            recording.add(source, event)
    assert len(recording.steps) == MOST_STEPS
    assert len(recording.requests) == MOST_REQUESTS
    assert [one.target for one in recording.in_progress()] == ["/endless"]


def test_whoever_looks_again_gets_what_is_new() -> None:
    recording = recorded(*START)
    assert [step.number for step in recording.since(3)] == [4, 5]
    assert recording.since(5) == []
    assert [step.number for step in recording.since(-1)] == [1, 2, 3, 4, 5]


def test_what_was_not_recorded_is_counted() -> None:
    assert recorded(*START, (SERVER, Skipped(100, 7)), (SERVER, Skipped(101, 1))).skipped == 8
