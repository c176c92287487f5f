"""Who answers: inline, takeover, dispatch, one at a time; and what each thread and connection keeps to itself."""

import _thread
import contextvars
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afresh.testing.deadline import PATIENCE
from afresh.watch.gate import Verdict

ReadUntil = Callable[..., bytes]


def get(path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Rooms:
    """An application whose requests to /wait wait for each other or for a signal; others answer with their thread."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.arrived = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.entered.append(environ["PATH_INFO"])
        try:
            if environ["PATH_INFO"].startswith("/wait"):
                self.arrived.release()
                assert self.go_on.acquire(timeout=PATIENCE)
        finally:
            with self._lock:
                self.at_once -= 1
        start_response("200 OK", [])
        return [f"<{threading.get_ident()}>".encode()]

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.arrived.acquire(timeout=PATIENCE)

    def release(self, count: int) -> None:
        self.go_on.release(count)


def test_quick_answers_come_from_one_thread(serve: Any) -> None:
    served = serve(Rooms(), takeover_after=60)
    answers = {served.talk(get()).rpartition(b"\r\n\r\n")[2] for _ in range(20)}
    assert len(answers) == 1
    assert answers != {f"<{threading.main_thread().ident}>".encode()}


def test_the_waiting_goes_on_beside_an_answer_that_waits(serve: Any, read_until: ReadUntil) -> None:
    rooms = Rooms()
    served = serve(rooms)
    slow = served.connect()
    slow.sendall(get("/wait"))
    rooms.wait_for(1)
    assert served.server.in_flight() == 1
    for _ in range(5):
        assert served.talk(get()).startswith(b"HTTP/1.1 200 OK")
    rooms.release(1)
    assert read_until(slow, b">").startswith(b"HTTP/1.1 200 OK")
    # The connection that was taken out is waited for again, what was sent meanwhile included.
    slow.sendall(get("/wait"))
    rooms.wait_for(1)
    slow.sendall(get() + get())
    rooms.release(1)
    answer = b""
    while answer.count(b">") < 3:
        answer += slow.recv(65536)
    assert rooms.entered[-3:] == ["/wait", "/", "/"]


def test_many_slow_answers_at_once_and_threads_that_end_after_the_burst(serve: Any, read_until: ReadUntil) -> None:
    rooms = Rooms()
    served = serve(rooms, spare_threads=3)
    clients = [served.connect() for _ in range(60)]
    for client in clients:
        client.sendall(get("/wait"))
    rooms.wait_for(60)
    assert served.server.in_flight() == 60
    rooms.release(60)
    for client in clients:
        read_until(client, b">")
    # 60 that answered, one that leads, one that stands by; spare ones stay.
    ended = {served.ended_threads.get(timeout=PATIENCE) for _ in range(60 - 3 - 1)}
    assert threading.main_thread().ident not in ended
    assert served.talk(get()).startswith(b"HTTP/1.1 200 OK")


def test_more_than_the_most_threads_wait_in_order(serve: Any, read_until: ReadUntil, set_gate: Any) -> None:
    rooms = Rooms()
    gate = set_gate(Verdict.FRESH)
    served = serve(rooms, most_threads=4, gate=gate)
    clients = [served.connect() for _ in range(8)]
    for number, client in enumerate(clients):
        client.sendall(get(f"/wait/{number}"))
        gate.wait_until_asked()
    rooms.wait_for(4)
    assert rooms.entered == [f"/wait/{number}" for number in range(4)]
    for number in range(4, 8):
        rooms.release(1)
        rooms.wait_for(1)
        assert rooms.entered[-1] == f"/wait/{number}"
    rooms.release(4)
    for client in clients:
        read_until(client, b">")
    assert rooms.most_at_once == 4


def test_without_threads_one_request_at_a_time_and_then_the_end(serve: Any) -> None:
    rooms = Rooms()
    served = serve(rooms, threads=False)
    clients = [served.connect() for _ in range(5)]
    for client in clients:
        client.sendall(get("/wait") + get("/never"))
    rooms.release(5)
    answers = []
    for client in clients:
        data = b""
        while more := client.recv(65536):
            data += more
        assert b"Connection: close" in data
        answers.append(data.rpartition(b"\r\n\r\n")[2])
    assert len(set(answers)) == 1
    assert rooms.most_at_once == 1
    assert rooms.entered == ["/wait"] * 5


def test_without_threads_run_answers_on_the_calling_thread(serve: Any) -> None:
    rooms = Rooms()
    served = serve(rooms, threads=False, start=False)
    answers: list[bytes] = []

    def visit() -> None:
        answers.append(served.talk(get()))
        served.server.stop()

    visitor = threading.Thread(target=visit)
    visitor.start()
    served.server.run()
    visitor.join(PATIENCE)
    assert answers[0].endswith(f"<{threading.get_ident()}>".encode())


def test_ctrl_c_in_a_view_leaves_run(serve: Any) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        raise KeyboardInterrupt

    served = serve(application, threads=False, start=False)
    client = served.connect()
    client.sendall(get())
    with pytest.raises(KeyboardInterrupt):
        served.server.run()
    assert served.server.join(PATIENCE)


def test_ctrl_c_between_the_last_look_at_signals_and_the_wait_leaves_run(serve: Any) -> None:
    """`interrupt_main` does what a signal does at that point: it is noted, and no system call is interrupted by it."""
    served = serve(Rooms(), threads=False, start=False)
    main = threading.main_thread()
    left = threading.Event()
    by_itself: list[bool] = []

    def interrupt() -> None:
        served.talk(get())
        while state_of(main) != "S":
            pass
        _thread.interrupt_main()
        by_itself.append(left.wait(PATIENCE))
        served.server.stop()  # else a failing test would never end

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        served.server.run()
    left.set()
    interrupter.join(PATIENCE)
    assert by_itself == [True]


def state_of(thread: threading.Thread) -> str:
    """S: asleep in the kernel (proc(5))."""
    return Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_connection_has_a_context_of_its_own(serve: Any, read_until: ReadUntil) -> None:
    """As Django's thread for each connection gives it: what one client's request sets, another's does not see."""
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        variable.set(variable.get() + 1)
        start_response("200 OK", [])
        return [f"<{variable.get()}>".encode()]

    served = serve(application)
    first, second = served.connect(), served.connect()
    seen = []
    for client in (first, first, second, first, second):
        client.sendall(get())
        seen.append(read_until(client, b">")[-2:-1])
    assert seen == [b"1", b"2", b"1", b"3", b"2"]


def test_a_client_that_does_not_read_keeps_nobody_waiting(serve: Any) -> None:
    body = b"x" * 50_000_000

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [body if environ["PATH_INFO"] == "/large" else b"small"]

    served = serve(application)
    lazy = served.connect()
    lazy.sendall(get("/large"))
    lazy.recv(1, socket.MSG_PEEK)
    for _ in range(3):
        assert served.talk(get()).endswith(b"small")
    lazy.shutdown(socket.SHUT_WR)
    received = 0
    while data := lazy.recv(1 << 20):
        received += len(data)
    assert received > len(body)


def test_nothing_runs_while_nothing_happens(serve: Any, wait_until_nothing_runs: Callable[[], None]) -> None:
    """No timer and no wake-up."""
    served = serve(Rooms())
    clients = [served.connect() for _ in range(20)]
    for client in clients:
        client.sendall(get())
        client.recv(65536)
    wait_until_nothing_runs()


@pytest.mark.parametrize("sent", [get(), b"nonsense\r\n\r\n"], ids=["an answer", "a refusal"])
def test_a_log_that_takes_no_more_keeps_nobody_waiting(sent: bytes, serve: Any) -> None:
    """As a terminal does after Ctrl+S."""
    blocked, go_on = threading.Event(), threading.Event()

    def log(entry: Any) -> None:
        if not blocked.is_set():
            blocked.set()
            assert go_on.wait(PATIENCE)

    served = serve(Rooms(), log=log)
    client = served.connect()
    client.sendall(sent)
    assert blocked.wait(PATIENCE)
    for _ in range(3):
        assert served.talk(get()).startswith(b"HTTP/1.1 200 OK")
    go_on.set()
    assert client.recv(9) == b"HTTP/1.1 "
