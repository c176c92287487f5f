"""Bytes to requests, however they are cut; and what must be refused before it is complete."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.serve import intake as intake_module
from afresh.serve.config import Limits
from afresh.serve.head import Refusal
from afresh.serve.intake import Intake

GET = b"GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nX: y\r\n\r\n"
)
ALL = GET + POST + b"\r\n" + CHUNKED + GET
EXPECTED = [("GET", b""), ("POST", b"hello"), ("PUT", b"hello"), ("GET", b"")]


def read_available(intake: Intake) -> list[tuple[str, bytes]]:
    """The requests that are complete, taken out."""
    found = []
    while (head := intake.read_head()) is not None and (body := intake.read_body()) is not None:
        intake.take(body_is_complete=True)
        found.append((head.method, body))
    return found


def feed_by_bytes(intake: Intake, data: bytes) -> None:
    """Feed bytes that do not make a complete head."""
    for position in range(len(data)):
        intake.feed(data[position : position + 1])
        assert intake.read_head() is None


def test_one_byte_at_a_time() -> None:
    intake = Intake(Limits())
    found = []
    for position in range(len(ALL)):
        intake.feed(ALL[position : position + 1])
        found += read_available(intake)
    assert found == EXPECTED
    assert intake.received == b""


def test_a_head_that_comes_again_is_judged_by_the_limits_of_its_connection() -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
    for limits in (Limits(), Limits(body=4), Limits(fields=1)):
        intake = Intake(limits)
        intake.feed(head)
        with contextlib.nullcontext() if limits == Limits() else pytest.raises(Refusal):
            assert intake.read_head() is not None


@given(st.lists(st.integers(0, len(ALL)), max_size=12))
def test_cut_anywhere(cuts: list[int]) -> None:
    intake = Intake(Limits())
    found = []
    edges = [0, *sorted(cuts), len(ALL)]
    for start, end in itertools.pairwise(edges):
        if end > start:
            intake.feed(ALL[start:end])
            found += read_available(intake)
    assert found == EXPECTED


@given(st.lists(st.integers(0, len(ALL)), max_size=5), st.integers(0, 5))
def test_nothing_is_lost_when_the_connection_moves(cuts: list[int], moves: int) -> None:
    """Before an answer begins, `received` holds every byte: another intake goes on from it."""
    found = []
    intake = Intake(Limits())
    edges = [0, *sorted(cuts), len(ALL)]
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        if end > start:
            intake.feed(ALL[start:end])
        if number < moves:
            if intake.read_head() is not None:
                intake.read_body()
            intake = Intake(Limits(), bytes(intake.received))
        found += read_available(intake)
    assert found == EXPECTED


def test_a_body_that_is_not_complete() -> None:
    intake = Intake(Limits(), POST[:-2])
    assert intake.read_head() is not None
    assert intake.read_body() is None
    assert intake.body_received == 3
    assert intake.take(body_is_complete=False) == b"hel"
    assert intake.received == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01", 400),
        (b"GET\r", 400),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET /" + b"a" * 65_536, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 131_072, 431),
    ],
)
def test_refused_at_the_byte_that_makes_it_certain(data: bytes, status: int) -> None:
    intake = Intake(Limits())
    with pytest.raises(Refusal) as caught:
        feed_by_bytes(intake, data)
    assert caught.value.status == status
    assert len(intake.received) >= len(data) - 20


def test_each_byte_of_a_long_head_is_looked_at_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching from the beginning each time would look at 8 GB here."""
    looked_at = 0

    def count(data: bytes, start: int) -> None:
        nonlocal looked_at
        looked_at += len(data) - start

    monkeypatch.setattr(intake_module, "check_line_ends", count)
    data = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 60_000 + b"\r\nY: " + b"a" * 60_000
    feed_by_bytes(Intake(Limits()), data)
    assert len(data) <= looked_at <= 4 * len(data)  # the end of a head is four bytes long


def test_empty_lines_alone_are_no_request_and_use_no_memory() -> None:
    intake = Intake(Limits())
    for _ in range(1000):
        intake.feed(b"\r")
        assert intake.read_head() is None
        intake.feed(b"\n")
        assert intake.read_head() is None
    assert intake.received == b""
    with pytest.raises(Refusal):
        Intake(Limits(), b"\nGET").read_head()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for prefix in (
        b"",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        intake = Intake(Limits(), prefix + data)
        with contextlib.suppress(Refusal):
            read_available(intake)


def test_its_repr_tells_the_request() -> None:
    intake = Intake(Limits(), GET)
    intake.read_head()
    assert "GET /a?b HTTP/1.1" in repr(intake)
