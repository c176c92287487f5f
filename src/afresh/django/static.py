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

from afresh.serve.answer import Files
from afresh.static.files import StaticFiles
from afresh.static.places import Folder, Place

_APP = "django.contrib.staticfiles"

# What a request for a static file goes through, as (module, name).
_WAY = (
    (f"{_APP}.handlers", "StaticFilesHandler.__call__"),
    (f"{_APP}.handlers", "StaticFilesHandlerMixin._should_handle"),
    (f"{_APP}.handlers", "StaticFilesHandlerMixin.file_path"),
    (f"{_APP}.handlers", "StaticFilesHandlerMixin.serve"),
    (f"{_APP}.handlers", "StaticFilesHandlerMixin.get_response"),
    (f"{_APP}.views", "serve"),
    (f"{_APP}.finders", "find"),
    (f"{_APP}.finders", "get_finders"),
    ("django.core.handlers.wsgi", "WSGIHandler.__call__"),
    ("django.views.static", "serve"),
    ("django.views.static", "was_modified_since"),
    ("django.http.response", "FileResponse.set_headers"),
)
_FILE_SYSTEM = ("find", "find_location")
_APP_DIRECTORIES = ("find", "find_in_app")
_STORAGE = ("exists", "path")
# What changes `request.path` beside the path of the request (django.core.handlers.wsgi.get_script_name).
_SCRIPT_NAMES = ("SCRIPT_URL", "REDIRECT_URL")


def static_files(handler: Any) -> Files | None:
    """What answers for the files that `handler` serves; None where it is for the handler alone to serve them."""
    handlers = sys.modules.get(f"{_APP}.handlers")
    if handlers is None or type(handler) is not handlers.StaticFilesHandler:
        return None
    if not all(_is_own(module, name) for module, name in _WAY) or {*vars(handler)} & {"serve", "file_path"}:
        return None
    base = handler.base_url
    if base.netloc or not base.path.startswith("/") or not base.path.endswith("/"):
        return None
    if settings.FORCE_SCRIPT_NAME is not None or any(os.environ.get(name) for name in _SCRIPT_NAMES):
        return None
    try:
        return StaticFiles(base.path, tuple(_places())).respond
    except Exception:
        # A finder that cannot be made is an error of the project's, which the checks and each request will say.
        return None


def _is_own(module: str, name: str) -> bool:
    """Whether what stands there is what the module's own file defines, and not a patch of somebody else's."""
    defined: Any = sys.modules.get(module)
    file = getattr(defined, "__file__", None)
    for part in name.split("."):
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
    is_own = all(_is_own(kind.__module__, f"{kind.__name__}.{name}") for name in methods)
    return type(instance) is kind and is_own and not {*vars(instance)} & {*methods}


def _places_of_settings(finder: Any) -> Iterator[Folder]:
    for prefix, root in finder.locations:
        yield Folder(os.path.abspath(root), f"{prefix}/" if prefix else "")


def _has_plain_storages(finder: Any) -> bool:
    from django.core.files.storage import FileSystemStorage

    storages = finder.storages.values()
    return all(_is_plain(storage, FileSystemStorage, _STORAGE) for storage in storages)
