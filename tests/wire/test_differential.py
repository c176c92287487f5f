"""Random and mutated streams to Afresh's reader and to h11's (`fuzz/`), and to a whole server."""

import os
import random
import socket
import threading
from typing import Any

import pytest
from fuzz.differences import DIFFERENCES, Difference, unexplained, unsteady
from fuzz.mutation import PIECES, SEEDS, mutated
from fuzz.readings import End, by_afresh, by_h11
from hypothesis import given, settings
from hypothesis import strategies as st

from afresh.testing.deadline import PATIENCE

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PARTS = st.one_of(st.sampled_from(SEEDS), st.sampled_from(PIECES), st.binary(max_size=8))


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_a_difference_is_one_and_decided(difference: Difference) -> None:
    ours, theirs = by_afresh([difference.example]), by_h11(difference.example)
    strict, other = (ours, theirs) if difference.strict == "afresh" else (theirs, ours)
    assert (strict.requests, strict.end) == ((), End.REFUSED)
    assert len(other.requests) == 1
    assert unexplained(difference.example) == ""


@pytest.mark.parametrize("seed", SEEDS)
def test_both_read_the_seeds(seed: bytes) -> None:
    ours = by_afresh([seed])
    assert len(ours.requests) == 1
    assert ours.requests == by_h11(seed).requests


def test_an_undecided_difference_would_be_found() -> None:
    split = SEEDS[1].replace(b"Length: 3", b"Length: 3\r\nContent-Length: 3")
    assert unexplained(split) == ""
    assert "alone refuses" in _with_differences(split, ())


def _with_differences(data: bytes, differences: tuple[Difference, ...]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fuzz.differences.DIFFERENCES", differences)
        return unexplained(data)


@given(st.lists(PARTS, max_size=8).map(b"".join), st.lists(st.integers(0, 500), max_size=4))
@settings(max_examples=300)
def test_random_streams_are_read_as_decided(data: bytes, cuts: list[int]) -> None:
    assert unexplained(data) == ""
    assert unsteady(data, cuts) == ""


def test_a_fixed_run_of_mutated_streams() -> None:
    generator = random.Random(5)
    for _ in range(1000):
        data = mutated(generator)
        assert unexplained(data) == "", data
        assert unsteady(data, [generator.randrange(200) for _ in range(3)]) == "", data


def test_no_stream_ends_hangs_or_leaks_in_the_server(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [b"%d" % len(body)]

    served = serve(application, linger=0.05, spool_limit=2)
    assert served.talk(GET).endswith(b"0")
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    generator = random.Random(6)
    for _ in range(300):
        with socket.create_connection(served.address, timeout=PATIENCE) as client:
            try:
                client.sendall(mutated(generator))
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except ConnectionError:
                pass
    with served.connect() as last:
        last.sendall(GET)
        assert last.recv(1000).endswith(b"0")
    served.server.drain()
    assert served.drained.wait(PATIENCE)
    assert threading.active_count() <= threads + 8  # spare ones
    # One more where an answer was looked at closely: the file with the leader's progress.
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 1
    assert "Traceback" not in capsys.readouterr().err
