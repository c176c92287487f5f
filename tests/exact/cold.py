"""The reference: a cold start in this fresh interpreter, without Afresh's import hook, keeper or gate.

`main(RESULT, REQUESTS, "manage.py", "runserver", ...)`, called by `python -c`, does what Django's reloader does in its
child, up to the point where it would serve; then it asks the handler for the requests and writes what came of it to
RESULT, as JSON.

What Afresh does on purpose between the two is done here too, and nothing else: checks and migrations are not looked at
before the first answer, the URLconf is loaded, the finders of static files are made, as Django's checks would make
them, and connections are closed. `autoreload_started` is sent, which Django's child does in a thread of its own: its
receivers load the template engines. `sys.argv`, `sys.path` and `__main__` are those of `python manage.py`. An exception
ends the start as it does in the reloader's child; its name and the first line of its text are the result.
"""

import builtins
import io
import json
import os
import runpy
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

_first_main: list[ModuleType] = []
"""The module that this process began with: its functions are still running when another takes its name."""


def main(result: str, requests: str, *command: str) -> NoReturn:
    """Start, ask, write, and end the process without the project's exit handlers."""
    os.environ["RUN_MAIN"] = "true"
    del sys.path[0]
    stop_before_serving(lambda handler: _end(result, [_ask(handler, path) for path in json.loads(requests)]))
    try:
        run(command)
    except BaseException as exc:
        if os.environ.get("EXACT_TRACEBACK"):
            raise
        _end(result, _told(exc))
    _end(result, "ended without serving")


def run(command: tuple[str, ...]) -> None:
    """Run it in a `__main__` of its own, as the interpreter does."""
    main = ModuleType("__main__")
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    main.__dict__["__builtins__"] = builtins
    _first_main.append(sys.modules["__main__"])
    sys.modules["__main__"] = main
    if command[0] == "-m":
        sys.argv[:] = ["-m", *command[2:]]
        sys.path.insert(0, os.getcwd())
        runpy._run_module_as_main(command[1])  # type: ignore[attr-defined]
        return
    file = os.path.join(os.getcwd(), command[0])
    sys.argv[:] = list(command)
    sys.path.insert(0, os.path.dirname(os.path.realpath(file)))
    main.__dict__.update(__file__=file, __cached__=None)
    with open(file, "rb") as source:
        exec(compile(source.read(), file, "exec", dont_inherit=True), main.__dict__)


def stop_before_serving(then: Callable[[Callable[..., Any]], NoReturn]) -> None:
    """Let `runserver` call `then(handler)` where it would serve.

    Django's own modules are imported by `manage.py` in any case: only this one, the first of them, comes early."""
    from django.core.management import ManagementUtility

    fetch = ManagementUtility.fetch_command

    def fetch_command(self: Any, name: str) -> Any:
        command = fetch(self, name)
        if name == "runserver":
            _patch(then)
        return command

    ManagementUtility.fetch_command = fetch_command


def _patch(then: Callable[[Callable[..., Any]], NoReturn]) -> None:
    from django.core.management.commands import runserver
    from django.utils import autoreload

    def run_with_reloader(inner_run: Callable[..., None], *args: Any, **options: Any) -> None:
        command = inner_run.__self__  # type: ignore[attr-defined]
        command.check_migrations = lambda: None
        inner_run(*args, **{**options, "skip_checks": True})

    def run(addr: str, port: int, handler: Callable[..., Any], **_: object) -> NoReturn:
        # `inner_run` takes any OSError that passes through it for one of binding.
        try:
            _load_urls()
            _make_finders(handler)
            autoreload.autoreload_started.send(sender=autoreload.BaseReloader())
            _close_connections()
        except OSError as exc:
            raise _Inside(exc) from None
        then(handler)

    autoreload.run_with_reloader = run_with_reloader
    runserver.run = run


class _Inside(BaseException):
    """Carries an exception past Django's own handlers."""


def _load_urls() -> None:
    from django.conf import settings
    from django.urls import get_resolver

    if getattr(settings, "ROOT_URLCONF", None):
        _ = get_resolver().url_patterns


def _make_finders(handler: Callable[..., Any]) -> None:
    handlers = sys.modules.get("django.contrib.staticfiles.handlers")
    if handlers is not None and type(handler) is handlers.StaticFilesHandler:
        from django.contrib.staticfiles.finders import get_finders

        list(get_finders())


def _close_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()


def _ask(handler: Callable[..., Any], path: str) -> tuple[int, str]:
    """The status and the body of one GET request."""
    name, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": name,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT": "text/plain",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    status: list[str] = []

    def start_response(line: str, _headers: object, _exc_info: object = None) -> None:
        status.append(line)

    try:
        response = handler(environ, start_response)
    except SystemExit as exc:  # ends a request, and in a server not the process
        return 500, f"SystemExit: {exc}"
    try:
        body = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    return int(status[0].split()[0]), body.decode("utf-8", "replace")


def _told(exc: BaseException) -> str:
    """Name and first line, as the page for a failed start has them."""
    if isinstance(exc, _Inside):
        exc = exc.args[0]
    if isinstance(exc, SystemExit):
        return f"ended with status {exc.code}"
    kind = type(exc)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    lines = [line for line in str(exc.msg if isinstance(exc, SyntaxError) else exc).splitlines() if line.strip()]
    return f"{name}: {lines[0]}" if lines else name


def _end(result: str, outcome: object) -> NoReturn:
    with open(result, "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
