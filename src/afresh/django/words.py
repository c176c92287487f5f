"""What a start has come to and which view made a response, in words."""

import os
from collections.abc import Sequence

from django.apps import apps
from django.conf import settings


def settings_in_words() -> str:
    """The settings module, and how many apps it has brought."""
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "settings.configure()")
    return f"{module}, {count(len(apps.app_configs), 'app')}"


def routing_in_words() -> str:
    """The URLconf with its patterns, and the middleware."""
    from django.urls import get_resolver

    urlconf = getattr(settings, "ROOT_URLCONF", None)
    if not urlconf:
        return f"no URLconf, {len(settings.MIDDLEWARE)} middleware"
    patterns = count(_patterns(get_resolver().url_patterns), "URL pattern")
    return f"{urlconf}, {patterns}, {len(settings.MIDDLEWARE)} middleware"


def _patterns(patterns: Sequence[object]) -> int:
    return sum(_patterns(inner) if (inner := getattr(each, "url_patterns", None)) else 1 for each in patterns)


def count(number: int, noun: str) -> str:
    """A number and its noun, as in "1 app" and "2 apps"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def view_of(result: object) -> str:
    """The view that made what Django's handler returned, as dotted path; empty where none was called.

    A response keeps its request for closing (django/core/handlers/base.py, `get_response`), and the request keeps what
    the resolver found. No hook of Django's has both without a frame of ours in the tracebacks of the user's views.
    """
    # A file goes through the server's wrapper, of which only `close` leads to the response (handlers/wsgi.py).
    file = getattr(result, "filelike", None)
    response = result if file is None else getattr(getattr(file, "close", None), "__self__", None)
    for close in getattr(response, "_resource_closers", ()):
        match = getattr(getattr(close, "__self__", None), "resolver_match", None)
        if match is not None:
            path: str = getattr(match, "_func_path", match.view_name)
            return path
    return ""
