"""The URL patterns of the project, and why one matches a path and the others do not (django/urls/resolvers.py)."""

import inspect
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.exceptions import Resolver404

MOST = 5000


def all_routes() -> dict[str, Any]:
    """Every pattern in the order in which Django tries them, and the middleware around all of them."""
    root = get_resolver()
    routes = [] if not getattr(settings, "ROOT_URLCONF", None) else list(_walk(root.url_patterns, "", (), {}))
    return {
        "urlconf": getattr(settings, "ROOT_URLCONF", None) or "",
        "routes": routes[:MOST],
        "middleware": list(settings.MIDDLEWARE),
    }


def _walk(
    patterns: Any, prefix: str, namespaces: tuple[str, ...], converters: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        own = converters | {name: _name_of(each) for name, each in getattr(pattern.pattern, "converters", {}).items()}
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, route, inner, own)
        elif isinstance(pattern, URLPattern):
            yield {
                "route": route,
                "name": ":".join([*namespaces, pattern.name]) if pattern.name else "",
                "view": pattern.lookup_str,
                "converters": own,
                "marks": _marks(pattern.callback),
                **_place(pattern.callback),
            }


def _name_of(converter: object) -> str:
    return type(converter).__name__.removesuffix("Converter").lower()


def _marks(view: Any) -> list[str]:
    """What decorators have noted on the view."""
    marks = {"csrf_exempt": "no CSRF check", "login_required": "", "xframe_options_exempt": "may be framed"}
    found = [text for name, text in marks.items() if text and getattr(view, name, False)]
    if getattr(view, "login_required", True) is False:
        found.append("no login required")
    return found


def _place(view: Any) -> dict[str, Any]:
    target = inspect.unwrap(getattr(view, "view_class", None) or getattr(view, "cls", None) or view)
    code = getattr(target, "__code__", None)
    try:
        file = code.co_filename if code is not None else inspect.getsourcefile(target)
    except TypeError:
        file = None
    return {"file": file or "", "line": code.co_firstlineno if code is not None else 0}


def explain(path: str) -> dict[str, Any]:
    """Each pattern that Django tries for `path`, in order, with how far it came; and what matched in the end."""
    path = path.partition("?")[0]
    path = path if path.startswith("/") else "/" + path
    tried = list(_try(get_resolver(), path, "", 0))
    told: dict[str, Any] = {"path": path, "tried": tried[:MOST], "match": None, "hint": ""}
    try:
        match = get_resolver().resolve(path)
    except Resolver404:
        told["hint"] = _hint(path)
        return told
    told["match"] = {
        "route": match.route,
        "view": getattr(match, "_func_path", match.view_name),
        "name": match.view_name if match.url_name else "",
        "args": [repr(argument) for argument in match.args],
        "kwargs": {name: repr(value) for name, value in match.kwargs.items()},
    }
    return told


def _try(resolver: Any, path: str, prefix: str, depth: int) -> Iterator[dict[str, Any]]:
    matched = resolver.pattern.match(path)
    if not matched:
        return
    rest = matched[0]
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern)
        found = pattern.pattern.match(rest)
        row = {"route": prefix + route, "depth": depth, "view": "", "outcome": "no", "why": ""}
        if isinstance(pattern, URLResolver):
            row["view"] = "include"
            if not found:
                yield row | {"why": _why_not(route, rest)}
                continue
            inner = list(_try(pattern, rest, prefix + route, depth + 1))
            is_hit = any(each["outcome"] == "yes" for each in inner)
            yield row | {"outcome": "part", "why": f"goes on with {found[0]!r}"}
            yield from inner
            if is_hit:
                return
        else:
            row["view"] = pattern.lookup_str
            if found:
                yield row | {"outcome": "yes", "why": "matches"}
                return
            yield row | {"why": _why_not(route, rest)}


def _why_not(route: str, rest: str) -> str:
    """In words: where the pattern and the rest of the path part ways."""
    plain = route.split("<", 1)[0].split("(", 1)[0].lstrip("^")
    if not route and rest:
        return f"it wants the path to end here, {rest!r} is left"
    if plain and not rest.startswith(plain):
        if rest + "/" == plain.rstrip("$\\Z") or rest + "/" == route:
            return "only the slash at the end is missing"
        return f"{rest!r} does not begin with {plain!r}" if rest else f"nothing is left, and it wants {plain!r}"
    if "<" in route:
        return f"{rest!r} does not fit {route!r}"
    return f"{rest!r} is not {route!r}"


def _hint(path: str) -> str:
    if not settings.APPEND_SLASH or path.endswith("/"):
        return ""
    try:
        get_resolver().resolve(path + "/")
    except Resolver404:
        return ""
    return f"With a slash at the end it matches: Django answers with a redirect to {path}/ (APPEND_SLASH)."
