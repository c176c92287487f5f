"""Calls the application of the current directory in a loop; prints calls per second, and the microseconds of processor
time that each took. Run by `load`, not imported.

Arguments: the path, and for how many seconds.
"""

import importlib
import io
import os
import sys
import time
from typing import Any


def environ(path: str) -> dict[str, Any]:
    """A WSGI environment as a server makes it for a GET (PEP 3333)."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def rate(application: Any, path: str, seconds: float) -> tuple[float, float]:
    """Calls per second and their cost, over `seconds`, once some calls have warmed it up."""
    for _ in range(200):
        call(application, path)
    calls, begin, cost = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - begin < seconds:
        for _ in range(50):
            call(application, path)
        calls += 50
    return calls / (now - begin), (time.process_time() - cost) / calls * 1e6


def call(application: Any, path: str) -> None:
    """One request, its body read and closed as a server does."""
    response = application(environ(path), lambda status, headers, info=None: None)
    b"".join(response)
    response.close()


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    print(*rate(importlib.import_module("bench_wsgi").application, sys.argv[1], float(sys.argv[2])))
