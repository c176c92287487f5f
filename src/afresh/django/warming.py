"""What every first request computes once and keeps, computed ahead of it in the ready checkpoint, while nobody waits.

Must live here: caches of Django that depend on nothing but the code that is loaded. Nothing of the project is imported
or called: a cold start would not have done so before its first request.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.urls.resolvers import (
    LocalePrefixPattern,
    RegexPattern,
    RoutePattern,
    URLPattern,
    URLResolver,
    get_ns_resolver,
    get_resolver,
)
from django.utils import translation
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation.reloader import translation_file_changed

from afresh import modules

# Where a pattern keeps the text that it was made from.
TEXTS = {RegexPattern: "_regex", RoutePattern: "_route"}
# What a class may define that is called when a view of it is looked at and put into a dictionary.
HOOKS = ("__hash__", "__getattr__", "__getattribute__")
# Of the classes that are no part of the interpreter (Py_TPFLAGS_HEAPTYPE).
HEAP_TYPE = 1 << 9


def warm() -> None:
    """Fill the caches. What fails here is the affair of the request that comes to it."""
    try:
        _compile_patterns()
        if getattr(settings, "ROOT_URLCONF", None):
            with translation.override(settings.LANGUAGE_CODE):
                _populate_resolvers()
    except Exception:
        pass
    finally:
        if settings.USE_I18N:
            # Catalogues are left out: when one is edited, only servers are told.
            translation_file_changed(None, Path("all.mo"))


def _compile_patterns() -> None:
    """Django's regular expressions that are compiled when they are used first (django/utils/regex_helper.py)."""
    namespaces = [attributes for name, attributes in modules.loaded() if name.startswith("django.")]
    values = [value for names in namespaces for value in list(names.values()) if type(value) is SimpleLazyObject]
    for value in values:
        if value._wrapped is empty and value.__dict__["_setupfunc"].__module__ == "django.utils.regex_helper":
            value._setup()


def _populate_resolvers() -> None:
    """What `reverse` looks up, for the site and for each of its namespaces (django/urls/base.py)."""
    site = get_resolver()
    if not all(map(is_plain, below(site))):
        return
    site._populate()
    for prefix, resolver in site.namespace_dict.values():
        get_ns_resolver(prefix, resolver, tuple(resolver.pattern.converters.items()))._populate()


def below(resolver: Any) -> Iterator[Any]:
    """The resolver and all that is in it, each once: a URL configuration may include itself."""
    seen: set[int] = set()
    waiting = [resolver]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += patterns_of(each) or () if type(each) is URLResolver else ()


def is_plain(each: Any) -> bool:
    """Whether `_populate` gets along with what this resolver or pattern holds, and evaluates nothing.

    A text may be lazy: the result of a function of the project, or a translation. Nobody notes here what that runs and
    reads, so that a later edit of it would leave the resolvers as they are.
    """
    kind = type(each.pattern) if type(each) in (URLPattern, URLResolver) else None
    if kind not in TEXTS and kind is not LocalePrefixPattern:
        return False
    if type(each) is URLPattern:
        is_known, names = _is_plain_view(each.callback), [each.name]
    else:
        is_known, names = patterns_of(each) is not None, [each.namespace, each.app_name]
    texts = [getattr(each.pattern, TEXTS[kind])] if kind in TEXTS else []
    return is_known and all(type(text) is str for text in texts + [name for name in names if name is not None])


def patterns_of(resolver: Any) -> list[Any] | tuple[Any, ...] | None:
    """The patterns in a resolver, None where it takes more than a look to know them."""
    # Once it is imported, Django keeps the module that it has the name of.
    place = vars(resolver).get("urlconf_module", resolver.urlconf_name)
    # Not by getattr: a module may define `__getattr__`.
    patterns = vars(place).get("urlpatterns") if isinstance(place, ModuleType) else place
    return patterns if type(patterns) in (list, tuple) else None


def _is_plain_view(view: Any) -> bool:
    kind = type(view.func if type(view) is partial else view)
    return not any(hook in vars(each) for each in kind.__mro__ if each.__flags__ & HEAP_TYPE for hook in HOOKS)
