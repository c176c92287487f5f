"""Scripts and styles: files of this package.

Without a version in their address, which `import` statements of modules could not name: a module that two addresses
lead to runs twice. They are asked for each time; nobody is nearer than loopback.
"""

import os
from functools import cache
from http import HTTPStatus

from afresh.dashboard.http import Request, Response, text

_FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "static")
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def show(request: Request) -> Response:
    """One file; the name is looked up among those there are, and never made into a path."""
    name = request.parameters["name"]
    if name not in _names():
        return text("There is no such file.", HTTPStatus.NOT_FOUND)
    return Response([_content(name)], _TYPES[os.path.splitext(name)[1]])


def url(name: str) -> str:
    """Where a page finds the file."""
    return f"/static/{name}"


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name in os.listdir(_FOLDER) if os.path.splitext(name)[1] in _TYPES)


@cache
def _content(name: str) -> bytes:
    with open(os.path.join(_FOLDER, name), "rb") as file:
        return file.read()
