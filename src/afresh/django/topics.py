"""What the dashboard may ask about a Django project. Loaded with the first question."""

from collections.abc import Callable
from typing import Any, Final

import msgspec


def tell(topic: str, argument: str) -> bytes | None:
    """The answer as JSON, None for a topic that is not known. Raises what the project's own code raises."""
    answer = _TOPICS.get(topic)
    return None if answer is None else msgspec.json.encode(answer(argument))


def _routes(_: str) -> Any:
    from afresh.django.routes import all_routes

    return all_routes()


def _resolve(path: str) -> Any:
    from afresh.django.routes import explain

    return explain(path)


def _settings(_: str) -> Any:
    from afresh.django.configuration import all_settings

    return all_settings()


def _migrations(_: str) -> Any:
    from afresh.django.migrations import state

    return state()


_TOPICS: Final[dict[str, Callable[[str], Any]]] = {
    "routes": _routes,
    "resolve": _resolve,
    "settings": _settings,
    "migrations": _migrations,
}
