"""Verdicts on what a client saw around a save, and the reading of what servers and wrk say."""

import pytest
from bench.asking import Observation, Outcome, judge
from bench.client import NoAnswer, Reply, is_whole, parse
from bench.load import parse_wrk
from bench.sites import version_of, views

SAVED_AT = 10.0


def seen(sent: float, saved: int, over: float, version: int | None) -> Observation:
    return Observation(sent, saved, over, version, "" if version else "ConnectionRefusedError")


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param([], Outcome(None, 0, 0), id="nothing was asked"),
        pytest.param([seen(9.0, 1, 9.5, 1)], Outcome(None, 0, 0), id="over before the save"),
        pytest.param([seen(10.1, 2, 10.4, 2)], Outcome(0.4, 0, 0), id="waited, then fresh"),
        pytest.param([seen(9.9, 1, 10.2, 1)], Outcome(None, 0, 0), id="sent before the save: may be old"),
        pytest.param([seen(9.9, 1, 10.3, 2)], Outcome(0.3, 0, 0), id="sent before the save, and fresh"),
        pytest.param([seen(10.1, 2, 10.2, 1), seen(10.3, 2, 11.0, 2)], Outcome(1.0, 1, 0), id="one stale"),
        pytest.param([seen(10.1, 2, 10.2, 2), seen(10.3, 2, 10.4, 1)], Outcome(0.2, 1, 0), id="stale after fresh"),
        pytest.param([seen(9.9, 1, 10.2, None), seen(10.3, 2, 10.5, 2)], Outcome(0.5, 0, 1), id="cut in flight"),
        pytest.param([seen(9.0, 1, 9.2, None)], Outcome(None, 0, 0), id="failed before the save"),
    ],
)
def test_what_a_save_led_to(observations: list[Observation], expected: Outcome) -> None:
    outcome = judge(observations, SAVED_AT, version=2)
    assert (outcome.stale, outcome.failed) == (expected.stale, expected.failed)
    assert outcome.seconds == pytest.approx(expected.seconds) if expected.seconds else outcome.seconds is None


def test_the_view_says_its_version() -> None:
    namespace: dict[str, object] = {}
    source = views(7).replace("from django.http import HttpResponse", "HttpResponse = str.encode")
    exec(source, namespace)
    page = namespace["page"]
    assert callable(page)
    assert version_of(page(None)) == 7


@pytest.mark.parametrize("body", [b"", b"version", b"version x", b"<html>version 3</html>", b"version 3 or so"])
def test_other_answers_have_no_version(body: bytes) -> None:
    assert version_of(body) is None


def test_a_whole_response() -> None:
    assert parse(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nversion 1") == Reply(
        200, b"version 1", b"HTTP/1.1 200 OK\r\nServer: x"
    )
    assert parse(b"HTTP/1.0 404 Not Found\r\n\r\n") == Reply(404, b"", b"HTTP/1.0 404 Not Found")


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length:0\r\nServer: x\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", False),
        (b"HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\n\r\nabc", False),
    ],
)
def test_an_answer_is_whole_before_the_connection_closes(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole


@pytest.mark.parametrize(
    ("received", "why"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n", "incomplete"),
        (b"nonsense\r\n\r\n", "incomplete"),
        (b"\r\n\r\n", "incomplete"),
        (b"HTTP/1.1 \r\n\r\n", "incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nversion", "incomplete"),
    ],
)
def test_no_whole_response(received: bytes, why: str) -> None:
    with pytest.raises(NoAnswer, match=why):
        parse(received)


WRK = """Running 3s test @ http://127.0.0.1:8000/bench/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    48.42ms   13.61ms 117.53ms   76.92%
    Req/Sec   331.00     41.22   400.00     70.00%
  Latency Distribution
     50%   45.02ms
     99%   14.50ms
  989 requests in 3.00s, 310.94KB read
{errors}Requests/sec:    329.57
Transfer/sec:    103.62KB
"""


@pytest.mark.parametrize(
    ("errors", "failed"),
    [
        ("", 0.0),
        ("  Socket errors: connect 1, read 2, write 3, timeout 4\n", 10.0),
        ("  Non-2xx or 3xx responses: 5\n", 5.0),
    ],
)
def test_what_wrk_says(errors: str, failed: float) -> None:
    assert parse_wrk(WRK.format(errors=errors)) == (329.57, 14.5, failed)


def test_wrk_says_nothing() -> None:
    with pytest.raises(RuntimeError, match="no rate"):
        parse_wrk("unable to connect")
