"""The tour: what it says is what the recording holds."""

from typing import Any

import pytest

from afresh.dashboard.tour import moments, quiz, story, transcript

VARIABLES = {
    "run": ["Not running", "None", "No"],
    "listen": ["Running", "None", "No"],
    "receive": ["Running", "GET /tea", "No"],
    "process": ["Running", "GET /tea", "No"],
    "send": ["Running", "None", "Yes"],
    "wait": ["Running", "None", "Yes"],
    "stop": ["Stopped", "None", "Yes"],
}
ACTIONS = {
    "run": "Run command",
    "listen": "Start listening",
    "receive": "Receive request",
    "process": "Process request",
    "send": "Send response",
    "wait": "Wait for next request",
    "stop": "Stop server",
}


def step(number: int, stage: str, request: int = 0, took: float | None = None, details: str = "") -> dict[str, Any]:
    return {
        "number": number,
        "at": 1000.0 * number,
        "took": took,
        "stage": stage,
        "action": ACTIONS[stage],
        "details": details,
        "result": f"result {number}",
        "request": request,
        "lane": 0,
        "is_error": False,
        "variables": VARIABLES[stage],
    }


STEPS = [
    step(1, "run", details="manage.py runserver"),
    step(2, "listen", took=900.0, details="127.0.0.1:8000"),
    step(3, "wait"),
    step(4, "receive", 1),
    step(5, "send", 1, 1.0),
    step(6, "wait"),
    step(7, "receive", 2, details="GET /tea"),
    step(8, "process", 2, 12.0, "shop.views.tea"),
    step(9, "send", 2, 30.0, "200, 5 bytes"),
    step(10, "wait"),
    step(11, "receive", 3),
]
LOCAL = {"host": "127.0.0.1", "port": 8000}


def test_the_story_of_a_request_is_the_start_its_own_steps_and_the_waiting_after() -> None:
    assert [each["number"] for each in story(STEPS, 2)] == [1, 2, 3, 7, 8, 9, 10]


def test_the_end_belongs_to_it_once_it_has_come() -> None:
    steps = [*STEPS, step(12, "stop", details="Ctrl+C")]
    told = story(steps, 2)
    assert told[-1]["number"] == 12
    (ctrl_c,) = [moment for moment in moments(told, LOCAL, 3) if moment.title == "What Ctrl+C does"]
    assert (ctrl_c.step, "Stopped" in ctrl_c.text) == (12, True)


def test_the_key_moments_name_the_rows_that_show_them() -> None:
    found = {moment.title: moment for moment in moments(story(STEPS, 2), LOCAL, 3)}
    assert found["It waits on after the response"].step == 10
    assert "answered 3 requests" in found["It waits on after the response"].text
    assert found["Why it serves only this computer"].step == 2
    assert "127.0.0.1:8000" in found["Why it serves only this computer"].text


@pytest.mark.parametrize(
    ("host", "title"),
    [
        ("::1", "Why it serves only this computer"),
        ("0.0.0.0", "It serves other computers as well"),
        ("192.168.1.7", "Whom it serves"),
    ],
)
def test_what_is_said_of_its_reach_depends_on_the_address(host: str, title: str) -> None:
    assert title in [moment.title for moment in moments(story(STEPS, 2), {"host": host}, 1)]


def test_the_right_answers_are_those_of_the_recording() -> None:
    found = {question.name: question for question in quiz(story(STEPS, 2))}
    assert (found["next"].right, found["next"].evidence) == ("Wait for next request", 10)
    assert (found["current"].right, found["current"].evidence) == ("GET /tea", 7)
    assert (found["longest"].right, found["longest"].evidence) == ("Send response", 9)
    for question in found.values():
        assert question.right in question.options
        assert len(set(question.options)) == len(question.options) == 3


def test_another_recording_has_other_answers() -> None:
    slow = [{**each, "took": 99.0} if each["number"] == 8 else each for each in STEPS]
    (longest,) = [question for question in quiz(story(slow, 2)) if question.name == "longest"]
    assert longest.right == "Process request"


def test_nothing_is_asked_about_what_did_not_happen() -> None:
    assert quiz(story(STEPS[:3], 9)) == []


def test_the_transcript_has_every_step_and_every_moment() -> None:
    told = story(STEPS, 2)
    text = transcript(told, moments(told, LOCAL, 3))
    for each in told:
        assert each["action"] in text
    assert "server_status = Running, current_request = GET /tea, response_sent = No" in text
    assert "Why it serves only this computer" in text
