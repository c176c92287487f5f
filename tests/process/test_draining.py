"""What a replaced server still does: it finishes what it began, and only a stream without an end is cut."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from afresh.testing.edits import edit, write
from afresh.testing.server import started_server

# Each waits at a pipe of its own, which only the test opens at the other end.
SHOP = """\
def wait(name):
    print(f"{name} waits\\n", end="", flush=True)  # in one piece: others print as well
    with open(name) as pipe:
        pipe.read()


def half(start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    yield b"old"
    wait("half")
    yield b"old"


def stream(start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"tick"
    wait("stream")


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/half":
        return half(start_response)
    if path == "/stream":
        return stream(start_response)
    if path == "/whole":
        wait("whole")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"old"]
"""
REST = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def test_an_answer_in_progress_outlives_the_time_of_streams(tmp_path: Path) -> None:
    write(tmp_path / "shop.py", SHOP)
    names = ("whole", "half", "stream")
    for name in names:
        os.mkfifo(tmp_path / name)
    command = (sys.executable, "-m", "afresh", "shop:app", "0", "--stream-drain", "0")
    with started_server(command, cwd=tmp_path) as server, ThreadPoolExecutor(3) as pool:
        asked = {name: pool.submit(server.exchange, f"GET /{name} {REST}".encode()) for name in names}
        for name in names:
            server.out.wait_for(f"{name} waits")
        edit(tmp_path / "shop.py", '[b"old"]', '[b"new"]')
        assert server.get().text == "new"
        # Its time is over: from now on the others would be cut too.
        assert asked["stream"].result().endswith(b"4\r\ntick\r\n")
        for name in names:
            (tmp_path / name).write_bytes(b"")
        assert asked["whole"].result().endswith(b"\r\n\r\nold")
        assert asked["half"].result().endswith(b"\r\n\r\noldold")
        assert server.stop() == 0
