"""Boots the project of the current directory in this fresh interpreter, as Django's runserver would, and prints how
long what follows each edited place took, in seconds. Run by `reload`, not imported.

Executed are the settings, the apps, the command's modules, the middleware and the URLconf; no server, no checks. The
places tell the time themselves, through `bench_clock`. Argument: a path to ask for once it is ready.
"""

import importlib
import io
import json
import os
import sys
import time
from typing import Any

began = time.perf_counter()


def boot() -> Any:
    """The application, with everything loaded that a first request of any page finds loaded."""
    application = importlib.import_module("bench_wsgi").application
    importlib.import_module("django.contrib.staticfiles.management.commands.runserver")
    # `url_patterns` is what imports the URLconf.
    _ = importlib.import_module("django.urls").get_resolver().url_patterns
    return application


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


def main(path: str) -> dict[str, float]:
    """What took how long."""
    clock = importlib.import_module("bench_clock")
    application = boot()
    ready = time.perf_counter()
    asked(application, path)
    follows = {f"{name}: follows": ready - at for name, at in clock.times.items()}
    return {"boot": ready - began, "first request": time.perf_counter() - ready, **follows}


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    print(json.dumps(main(sys.argv[1])))
