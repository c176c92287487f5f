"""`runserver` of the app: whatever runserver the project would have without Afresh, with the seams in place."""

import os
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management import find_commands

from afresh.django.seams import install

install()

_COMMAND = "management.commands.runserver"


def _next_command() -> Any:
    """The command that Django would take if this app were not installed: of the next app in INSTALLED_APPS that has
    one (staticfiles, whitenoise, the project's own), or else the core's.

    Found as Django finds it, by the names in a folder (`django.core.management.get_commands`): an app's `management`
    may be a module, and importing it to ask would run what no command of Django runs.
    """
    configs = list(apps.get_app_configs())
    own = next((index for index, config in enumerate(configs) if config.name == "afresh.django"), -1)
    for config in configs[own + 1 :]:
        if "runserver" in find_commands(os.path.join(config.path, "management")):
            return import_module(f"{config.name}.{_COMMAND}").Command
    return import_module(f"django.core.{_COMMAND}").Command


class Command(_next_command()):  # type: ignore[misc]
    """See `_next_command`."""
