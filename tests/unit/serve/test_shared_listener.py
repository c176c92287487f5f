"""Two servers wait for connections on one listening socket, as during a handover."""

import socket
import threading
from pathlib import Path

from afresh.serve.poller import Poller
from afresh.testing.deadline import PATIENCE, Deadline


def test_connection_is_not_lost_with_whoever_was_woken_for_it() -> None:
    """The one that was woken leaves without accepting; the other one, registered later, still sees the connection."""
    leaving, staying = Poller(), Poller()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            number = listener.fileno()
            leaving.watch(number)
            staying.watch(number)
            woken = threading.Thread(target=leaving.wait)
            woken.start()
            _wait_until_asleep(woken)
            with socket.create_connection(listener.getsockname()):
                woken.join(PATIENCE)
                leaving.forget(number)
                staying.later(5, lambda: None)  # ends the wait that would have no end
                assert staying.wait() == [number]
    finally:
        leaving.close()
        staying.close()


def _wait_until_asleep(thread: threading.Thread) -> None:
    deadline, stat = Deadline(), Path(f"/proc/self/task/{thread.native_id}/wchan")
    while "epoll" not in stat.read_text() and "ep_poll" not in stat.read_text():
        assert not deadline.passed()
