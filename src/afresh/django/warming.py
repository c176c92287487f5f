"""What every first request computes once and keeps, computed ahead of it in the ready checkpoint, while nobody waits.

Must live here: caches of Django that depend on nothing but the code that is loaded. Nothing of the project is imported
or called: a cold start would not have done so before its first request.
"""

import sys
from pathlib import Path

from django.conf import settings
from django.urls.resolvers import get_ns_resolver, get_resolver
from django.utils import translation
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation.reloader import translation_file_changed


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
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("django.")]
    values = [value for module in modules for value in list(vars(module).values()) if type(value) is SimpleLazyObject]
    for value in values:
        if value._wrapped is empty and value.__dict__["_setupfunc"].__module__ == "django.utils.regex_helper":
            value._setup()


def _populate_resolvers() -> None:
    """What `reverse` looks up, for the site and for each of its namespaces (django/urls/base.py)."""
    site = get_resolver()
    site._populate()
    for prefix, resolver in site.namespace_dict.values():
        get_ns_resolver(prefix, resolver, tuple(resolver.pattern.converters.items()))._populate()
