"""Which static files Afresh may answer in Django's place: those of a handler whose every part is Django's own.

A project's own handler, finder, storage or patch of them keeps its meaning: what is not known here as Django's, Django
does, or is asked. So is everything but a hit: Django alone says 404, with its page of DEBUG, and 500.
"""

import os
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from django.conf import settings

from afresh import modules
from afresh.static.files import StaticFiles
from afresh.static.places import Folder, Place

_APP = "django.contrib.staticfiles"

# What a request for a static file goes through: the module, a name in it, and the module that defines it.
_HANDLERS, _VIEWS, _FINDERS = f"{_APP}.handlers", f"{_APP}.views", f"{_APP}.finders"
_WSGI, _VIEW = "django.core.handlers.wsgi", "django.views.static"
_METHODS = frozenset({"__call__", "_should_handle", "file_path", "serve", "get_response"})
_WAY = (
    *((_HANDLERS, f"StaticFilesHandler.{name}", _HANDLERS) for name in sorted(_METHODS)),
    (_HANDLERS, "serve", _VIEWS),
    (_HANDLERS, "WSGIHandler.__call__", _WSGI),
    (_VIEWS, "serve", _VIEWS),
    (_FINDERS, "find", _FINDERS),
    (_FINDERS, "get_finders", _FINDERS),
    (_VIEW, "serve", _VIEW),
    (_VIEW, "was_modified_since", _VIEW),
    (_VIEW, "FileResponse.set_headers", "django.http.response"),
)
_FILE_SYSTEM = ("find", "find_location")
_APP_DIRECTORIES = ("find", "find_in_app")
_STORAGE = ("exists", "path")
_DJANGOS_FINDERS = frozenset({f"{_FINDERS}.FileSystemFinder", f"{_FINDERS}.AppDirectoriesFinder"})
# What changes `request.path` beside the path of the request (django.core.handlers.wsgi.get_script_name).
_SCRIPT_NAMES = ("SCRIPT_URL", "REDIRECT_URL")


def static_files(handler: Any) -> StaticFiles | None:
    """What answers for the files that `handler` serves; None where it is for the handler alone to serve them."""
    if not _serves_files(handler):
        return None
    if not all(_is_own(*step) for step in _WAY) or {*vars(handler)} & _METHODS:
        return None
    base = handler.base_url
    if base.netloc or not base.path.startswith("/") or not base.path.endswith("/"):
        return None
    if settings.FORCE_SCRIPT_NAME is not None or any(os.environ.get(name) for name in _SCRIPT_NAMES):
        return None
    try:
        return StaticFiles(base.path, tuple(_places()))
    except Exception:
        # A finder that cannot be made is an error of the project's, which the checks and each request will say.
        return None


def make_finders(handler: Any) -> None:
    """Let Django's own finders look which apps have static files, before the places where the project is edited: that
    depends on apps and settings alone, and Django keeps it. Its checks do so at no certain time. A finder of the
    project's is made when it is first needed."""
    try:
        if _serves_files(handler) and _DJANGOS_FINDERS.issuperset(settings.STATICFILES_FINDERS):
            from django.contrib.staticfiles.finders import get_finders

            list(get_finders())
    except Exception:
        pass  # the checks and each request will say it


def _serves_files(handler: Any) -> bool:
    handlers = sys.modules.get(f"{_APP}.handlers")
    return handlers is not None and type(handler) is handlers.StaticFilesHandler


def _is_own(module: str, name: str, defining: str) -> bool:
    """Whether what stands there is a function of the module that defines it, and not a patch of somebody else's."""
    file = modules.file_of(modules.attributes(sys.modules.get(defining)))
    first, *more = name.split(".")
    defined: Any = modules.attributes(sys.modules.get(module)).get(first)
    for part in more:
        defined = getattr(defined, part, None)
    return type(defined) is FunctionType and defined.__code__.co_filename == file


def _places() -> Iterator[Place]:
    from django.contrib.staticfiles import finders

    for finder in finders.get_finders():
        if _is_plain(finder, finders.FileSystemFinder, _FILE_SYSTEM):
            yield from _places_of_settings(finder)
        elif _is_plain(finder, finders.AppDirectoriesFinder, _APP_DIRECTORIES) and _has_plain_storages(finder):
            yield from (Folder(finder.storages[app].location, "", True) for app in finder.apps)
        else:
            yield finder.find


def _is_plain(instance: object, kind: type, methods: tuple[str, ...]) -> bool:
    module = kind.__module__
    is_own = all(_is_own(module, f"{kind.__name__}.{name}", module) for name in methods)
    return type(instance) is kind and is_own and not {*vars(instance)} & {*methods}


def _places_of_settings(finder: Any) -> Iterator[Folder]:
    for prefix, root in finder.locations:
        yield Folder(os.path.abspath(root), f"{prefix}/" if prefix else "")


def _has_plain_storages(finder: Any) -> bool:
    from django.core.files.storage import FileSystemStorage

    storages = finder.storages.values()
    return all(_is_plain(storage, FileSystemStorage, _STORAGE) for storage in storages)
