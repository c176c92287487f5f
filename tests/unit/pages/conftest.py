"""Failures as the app process would report them."""

import pytest

from afresh.channel.messages import ExceptionInfo, Failure, Frame

OWN = Frame(
    file="/home/me/shop/views.py",
    line=12,
    function="total",
    in_project=True,
    first_line=11,
    lines=("def total(order):", "    return sum(order.lines) / order.count", ""),
)
CALLER = Frame("/home/me/shop/urls.py", 3, "<module>", True, 3, ("path('', total(None))",))
DJANGO = Frame("/venv/lib/python3.13/site-packages/django/urls/conf.py", 90, "_path", False, 90, ("    raise",))
FROZEN = Frame("<frozen importlib._bootstrap>", 488, "_call_with_frames_removed", False, 0, ())


@pytest.fixture
def failure() -> Failure:
    """A ZeroDivisionError in the project, turned into an ImproperlyConfigured by Django."""
    return Failure(
        kind="error",
        title="ImproperlyConfigured: The URLconf does not load",
        text="Traceback (most recent call last):\n  ...\nImproperlyConfigured: The URLconf does not load",
        exceptions=(
            ExceptionInfo("ZeroDivisionError", "division by zero", (CALLER, FROZEN, OWN), "cause"),
            ExceptionInfo("django.core.exceptions.ImproperlyConfigured", "The URLconf does not load", (FROZEN, DJANGO)),
        ),
    )


@pytest.fixture
def slow() -> Failure:
    """A boot past its bound."""
    return Failure(kind="slow", title="Loading the application takes longer than 30 s.")
