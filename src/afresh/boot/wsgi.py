"""`afresh module:app`: load a WSGI application and serve it, without any framework's command."""

import importlib
import os
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from afresh import native
from afresh.boot.application import Application
from afresh.boot.ending import end
from afresh.boot.session import Session

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

CO_VARARGS, CO_COROUTINE = 0x04, 0x80
"""Flags of code objects, as in `inspect`, which takes long to import."""


def serve_application(session: Session, target: str, address: tuple[str, int, bool]) -> None:
    """Serve `target`: "module:attribute.path", or "module:factory()"."""
    session.has_command = True
    sys.path.insert(0, os.getcwd())
    sys.argv[:] = [target]
    host, port, ipv6 = address
    session.control.ask_to_bind(host, port, ipv6=ipv6)
    application = load(target)
    if exchanged_by := native.who_serves():
        raise RuntimeError(
            f"{exchanged_by} has taken the place of Python's threads and sockets. Only runserver can be served then, "
            "by Django's own server."
        )
    try:
        port = session.control.bound()
    except OSError as exc:
        print(f"Error: {exc}", file=sys.stderr)
        end(1)
    if session.is_first:
        shown = f"[{host}]" if ipv6 else host
        print(
            f"Serving {target} at http://{shown}:{port}/\nFor development, not for production. Quit with CONTROL-C.",
            flush=True,
        )
    session.flush()
    from afresh.serve.hosts import Names
    from afresh.serve.log import plain

    session.reached("application", target)
    names = Names(lambda: session.allow_host)
    session.ready(Application(application, host, port, plain(sys.stderr), view_of=lambda _: target, names=names))


def load(target: str) -> "WSGIApplication":
    """The application that `target` names. Raises what the module raises; AttributeError and TypeError say what is
    missing."""
    module_name, _, path = target.partition(":")
    found: Any = importlib.import_module(module_name)
    for name in path.removesuffix("()").split("."):
        found = getattr(found, name)
    if path.endswith("()"):
        found = found()
    if obstacle := _obstacle(found):
        raise TypeError(f"{target} is {obstacle}")
    application: WSGIApplication = found
    return application


def _obstacle(found: Any) -> str:
    """Why `found` cannot answer a request, in the words that follow "is"; empty if nothing is known against it."""
    if not callable(found):
        return f"{type(found).__name__}, not a WSGI application (it cannot be called)."
    for code in (getattr(function, "__code__", None) for function in (found, type(found).__call__)):
        if isinstance(code, CodeType) and code.co_flags & CO_COROUTINE:
            return "an ASGI application or another coroutine function; Afresh serves WSGI applications."
    if isinstance(found, FunctionType):
        code = found.__code__
        if code.co_argcount < 2 and not code.co_flags & CO_VARARGS:
            return "a function that takes no environ and start_response. If it makes the application, add --factory."
    return ""
