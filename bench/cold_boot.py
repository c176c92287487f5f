"""Boots the project of the current directory in this fresh interpreter, as the child of Django's reloader does, and
prints how long what follows each edited place took, in seconds. Run by `reload`, not imported.

What is executed, in which order, is what `tests/exact` compares every reload with: the user's own command, up to the
point where it would serve; no checks. The places tell the time themselves, through `bench_clock`. Arguments: a path to
ask for once it is ready, and the command.
"""

import importlib
import importlib.util
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

began = time.perf_counter()


def reference() -> Any:
    """The module `tests/exact/cold.py`, without this checkout on the path of the project."""
    file = Path(__file__).parents[1] / "tests" / "exact" / "cold.py"
    spec = importlib.util.spec_from_file_location("_cold", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked(application: Any, path: str) -> None:
    """One request, its body read and closed as a server does."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    response = application(environ, lambda status, headers, info=None: None)
    b"".join(response)
    response.close()


def told(application: Any, path: str) -> dict[str, float]:
    """What took how long."""
    ready = time.perf_counter()
    times: dict[str, float] = importlib.import_module("bench_clock").times
    asked(application, path)
    follows = {f"{name}: follows": ready - at for name, at in times.items()}
    return {"boot": ready - began, "first request": time.perf_counter() - ready, **follows}


def main(path: str, *command: str) -> None:
    """Run the command up to where it would serve."""

    def end(application: Any) -> NoReturn:
        print(json.dumps(told(application, path)), flush=True)
        os._exit(0)

    os.environ["RUN_MAIN"] = "true"
    del sys.path[0]
    cold = reference()
    cold.stop_before_serving(end)
    cold.run(command)


if __name__ == "__main__":
    main(*sys.argv[1:])
