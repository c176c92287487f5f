"""The event loop: real descriptors, timers, threads and signals."""

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from afresh.keeper.eventloop import EventLoop


@pytest.fixture
def loop() -> EventLoop:
    return EventLoop()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_timers_run_in_the_order_they_are_due(loop: EventLoop) -> None:
    seen: list[str] = []
    loop.call_later(0.02, seen.append, "second")
    loop.call_later(0.01, seen.append, "first")
    loop.call_later(0.03, loop.stop)
    loop.run()
    assert seen == ["first", "second"]


def test_timers_due_at_once_keep_their_order(loop: EventLoop) -> None:
    seen: list[int] = []
    for number in range(5):
        loop.call_later(0, seen.append, number)
    loop.call_later(0, loop.stop)
    loop.run()
    assert seen == [0, 1, 2, 3, 4]


def test_a_cancelled_timer_does_not_run(loop: EventLoop) -> None:
    loop.call_later(0, pytest.fail, "cancelled").cancel()
    loop.call_later(0.01, loop.stop)
    loop.run()


def test_a_reader_is_called_while_there_is_something_to_read(
    loop: EventLoop, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    seen: list[bytes] = []

    def read() -> None:
        seen.append(ours.recv(1))
        if len(seen) == 3:
            loop.stop()

    loop.add_reader(ours.fileno(), read)
    theirs.sendall(b"abc")
    loop.run()
    assert seen == [b"a", b"b", b"c"]


def test_a_writer_can_remove_itself_and_leave_the_reader(
    loop: EventLoop, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends

    def write() -> None:
        loop.remove_writer(ours.fileno())
        theirs.sendall(b"x")

    loop.add_writer(ours.fileno(), write)
    loop.add_reader(ours.fileno(), loop.stop)
    loop.run()


def test_a_reader_removed_in_the_same_round_is_not_called(loop: EventLoop) -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def once(own: int, other: int) -> None:
        called.append(own)
        loop.remove_reader(other)
        loop.remove_reader(own)
        loop.call_later(0, loop.stop)

    first, second = pairs[0][0].fileno(), pairs[1][0].fileno()
    loop.add_reader(first, once, first, second)
    loop.add_reader(second, once, second, first)
    for _, theirs in pairs:
        theirs.sendall(b"x")
    loop.run()
    assert len(called) == 1
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_a_call_from_another_thread_wakes_the_loop(loop: EventLoop) -> None:
    threading.Timer(0.01, loop.call_from_thread, [loop.stop]).start()
    loop.run()


def test_a_call_after_the_end_is_nobodys_business(loop: EventLoop) -> None:
    loop.call_later(0, loop.stop)
    loop.run()
    loop.call_from_thread(pytest.fail, "called")


def test_a_signal_is_handled_between_callbacks(loop: EventLoop) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    seen: list[str] = []

    def raise_it() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        seen.append("callback ended")

    def handle() -> None:
        seen.append("signal")
        loop.stop()

    loop.add_signal_handler(signal.SIGUSR1, handle)
    loop.call_later(0, raise_it)
    try:
        loop.run()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["callback ended", "signal"]


def test_a_callback_that_raises_does_not_end_the_loop(loop: EventLoop, capsys: pytest.CaptureFixture[str]) -> None:
    loop.call_later(0, lambda: 1 / 0)
    loop.call_later(0.01, loop.stop)
    loop.run()
    assert "ZeroDivisionError" in capsys.readouterr().err
