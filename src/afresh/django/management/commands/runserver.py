"""`runserver` of the app: whatever runserver the project would have without Afresh, with the seams in place."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps

from afresh.django.seams import install

install()

_COMMAND = "management.commands.runserver"


def _next_command() -> Any:
    """The command that Django would take if this app were not installed: of the next app in INSTALLED_APPS that has
    one (staticfiles, whitenoise, the project's own), or else the core's."""
    configs = list(apps.get_app_configs())
    own = next((index for index, config in enumerate(configs) if config.name == "afresh.django"), -1)
    for config in configs[own + 1 :]:
        if find_spec(f"{config.name}.management") and find_spec(f"{config.name}.management.commands"):
            name = f"{config.name}.{_COMMAND}"
            if find_spec(name):
                return import_module(name).Command
    return import_module(f"django.core.{_COMMAND}").Command


class Command(_next_command()):  # type: ignore[misc]
    """See `_next_command`."""
