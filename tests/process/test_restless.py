"""A project that changes, while it starts, what it has looked at: each start looks stale, and one must do."""

import sys
from pathlib import Path

from afresh.testing.server import started_server

APPLICATION = """\
import os, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
SEEN = sorted(os.listdir(os.path.join(HERE, "data")))
subprocess.run([sys.executable, "-c", f"open({HERE!r} + '/data/{time.time_ns()}', 'w')"], check=True)
SEEN = sorted(os.listdir(os.path.join(HERE, "data")))

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [WORD]

WORD = b"one"
"""


def test_a_folder_that_every_start_fills_does_not_start_for_ever(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "application.py").write_text(APPLICATION)
    with started_server([sys.executable, "-m", "afresh", "application:app", "0"], cwd=tmp_path) as server:
        assert server.get("/").body == b"one"
        (tmp_path / "application.py").write_text(APPLICATION.replace('b"one"', 'b"two"'))
        assert server.get("/").body == b"two"
        assert server.stop() == 0
