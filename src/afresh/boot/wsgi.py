"""`afresh module:app`: load a WSGI application and serve it, without any framework's command."""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from afresh.boot.application import Application
from afresh.boot.ending import end
from afresh.boot.session import Session

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def serve_application(session: Session, target: str, address: tuple[str, int, bool]) -> None:
    """Serve `target`: "module:attribute.path", or "module:factory()"."""
    session.has_command = True
    sys.path.insert(0, os.getcwd())
    sys.argv[:] = [target]
    host, port, ipv6 = address
    session.control.ask_to_bind(host, port, ipv6=ipv6)
    application = load(target)
    try:
        port = session.control.bound()
    except OSError as exc:
        print(f"Error: {exc}", file=sys.stderr)
        end(1)
    if session.is_first:
        shown = f"[{host}]" if ipv6 else host
        print(f"Serving {target} at http://{shown}:{port}/\nQuit with CONTROL-C.", flush=True)
    session.flush()
    from afresh.serve.log import plain

    session.reached("application", target)
    session.ready(Application(application, host, port, plain(sys.stderr), view_of=lambda _: target))


def load(target: str) -> "WSGIApplication":
    """The application that `target` names. Raises what the module raises; AttributeError and TypeError say what is
    missing."""
    module_name, _, path = target.partition(":")
    found: Any = importlib.import_module(module_name)
    for name in path.removesuffix("()").split("."):
        found = getattr(found, name)
    if path.endswith("()"):
        found = found()
    if not callable(found):
        raise TypeError(f"{target} is {type(found).__name__}, not a WSGI application (it cannot be called).")
    application: WSGIApplication = found
    return application
