"""The Django app that writes the fingerprint of the process that serves: `exact_probe.apps` in the observed process.

It answers no URL: the signal that starts each request hands it the handler at work, so that neither the project's URLs
nor its middleware have to be changed. It comes with the request for `/__exact__/?FILE`, and writes to FILE.
"""

import os
import sys
from types import FrameType
from typing import Any

from django.apps import AppConfig
from django.core.signals import request_started

PATH = "/__exact__/"
ROOTS = "EXACT_ROOTS"


class ProbeConfig(AppConfig):  # type: ignore[misc]
    """Connects the receiver once every app is there."""

    name = "exact_probe"

    def ready(self) -> None:
        request_started.connect(observe, weak=False)


def observe(environ: dict[str, Any], **_: object) -> None:
    """Write the fingerprint where the request asks for it."""
    if environ.get("PATH_INFO") != PATH:
        return
    from exact_probe.fingerprint import dump, fingerprint  # type: ignore[import-not-found]

    lines = fingerprint(os.environ[ROOTS].split(os.pathsep), _handler(sys._getframe()))
    target = environ["QUERY_STRING"]
    with open(f"{target}.part", "w", encoding="ascii") as file:
        file.write(dump(lines))
    os.replace(f"{target}.part", target)


def _handler(frame: FrameType | None) -> object:
    """The outermost WSGI handler whose call is under way."""
    found = None
    while frame is not None:
        if frame.f_code.co_name == "__call__" and hasattr(frame.f_locals.get("self"), "_middleware_chain"):
            found = frame.f_locals["self"]
        frame = frame.f_back
    return found
