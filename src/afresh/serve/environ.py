"""The WSGI environ, variable by variable what Django's runserver passes (PEP 3333; `wsgiref.simple_server`)."""

import os
import socket
import sys
from collections.abc import Mapping
from functools import cache
from typing import IO, Any, TypeAlias

from afresh.serve.config import Config
from afresh.serve.files import FileWrapper
from afresh.serve.head import Head

Environ: TypeAlias = dict[str, Any]


def base_environ(config: Config, variables: Mapping[str, str] = os.environ) -> Environ:
    """What all requests share: the process's own variables first, since wsgiref passes them and projects read them.

    So HTTPS=on makes the scheme https, as `wsgiref.util.guess_scheme` has it.
    """
    environ: Environ = {name: _as_latin_1(value) for name, value in variables.items()}
    environ.update(
        {
            "SERVER_NAME": config.server_name,
            "SERVER_PORT": str(config.server_port),
            "SERVER_SOFTWARE": config.software,
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_HOST": "",
            "SCRIPT_NAME": "",
            "CONTENT_LENGTH": "",
            # The type that a message without one has (RFC 2045 5.2); http.server's parser reports it.
            "CONTENT_TYPE": "text/plain",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if variables.get("HTTPS") in ("yes", "on", "1") else "http",
            "wsgi.multithread": config.multithread,
            "wsgi.multiprocess": config.multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            # Every input ends where the body ends, however it was framed.
            "wsgi.input_terminated": True,
        }
    )
    return environ


def build_environ(base: Environ, head: Head, peer: tuple[str, int], scheme: str, body: IO[bytes]) -> Environ:
    """The environ of one request."""
    environ = base.copy()
    environ.update(head.fields)
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = head.path
    environ["QUERY_STRING"] = head.query
    environ["SERVER_PROTOCOL"] = head.version
    environ["REMOTE_ADDR"] = peer[0]
    environ["wsgi.input"] = body
    if "HTTP_HOST" not in head.fields:
        environ["SERVER_NAME"] = _name_of(environ["SERVER_NAME"])
    environ["wsgi.errors"] = sys.stderr
    if scheme != "http":
        environ["wsgi.url_scheme"] = scheme
    return environ


@cache
def _name_of(address: str) -> str:
    """What wsgiref's server is called (`http.server.HTTPServer.server_bind`), for requests that do not say how they
    call it: applications make their own addresses of it, and Django looks for it in ALLOWED_HOSTS. Not for others: name
    services may take seconds."""
    return socket.getfqdn("" if address == "0" else address)


def _as_latin_1(value: str) -> str:
    """A native string of PEP 3333: the bytes of the variable, each as one character."""
    return os.fsencode(value).decode("latin-1")
