"""Pages that behave badly on purpose: slow, streaming, failing."""

import time
from collections.abc import Iterator
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

MARK = "<!-- steps -->"
SLOW_HEADING = "Slowly does it"
STEPS = [
    "Warm the milk until it steams.",
    "Stir in the oats and a pinch of salt.",
    "Lower the heat.",
    "Stir.",
    "Stir again, and scrape the bottom.",
    "Add a little more milk.",
    "Stir once more.",
    "Take it off the heat, cover it, wait a moment.",
    "Spoon it into bowls, honey on top.",
]
UNITS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.35")}


class UnknownUnit(ValueError):
    """An amount in a unit that nobody has taught the kitchen."""


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What there is to try."""
    return render(request, "recipes/test_kitchen.html")


@require_safe
def slow(request: HttpRequest) -> HttpResponse:
    """Answer after `?seconds=` (3, at most 60)."""
    seconds = _number(request, "seconds", default=3.0, most=60.0)
    time.sleep(seconds)
    return render(request, "recipes/slow.html", {"heading": SLOW_HEADING, "seconds": seconds})


@require_safe
def stream(request: HttpRequest) -> StreamingHttpResponse:
    """A page that arrives step by step, one every `?pause=` seconds (0.8, at most 10)."""
    pause = _number(request, "pause", default=0.8, most=10.0)
    before, _, after = render_to_string("recipes/stream.html", {"mark": MARK}, request).partition(MARK)
    return StreamingHttpResponse(_pieces(before, after, pause))


@require_safe
def fail(request: HttpRequest) -> HttpResponse:
    """Raise, with a cause, from a few calls down."""
    amounts = [("250", "g"), ("1", "kg"), ("2", "handfuls")]
    total = sum(in_grams(amount, unit) for amount, unit in amounts)
    return HttpResponse(f"{total} g")


def in_grams(amount: str, unit: str) -> Decimal:
    """An amount in grams; raises UnknownUnit."""
    try:
        factor = UNITS[unit]
    except KeyError as exc:
        raise UnknownUnit(f"How many grams are {amount} {unit}?") from exc
    return Decimal(amount) * factor


def _pieces(before: str, after: str, pause: float) -> Iterator[str]:
    yield before
    for step in STEPS:
        time.sleep(pause)
        yield f"<li>{step}</li>\n"
    yield after


def _number(request: HttpRequest, name: str, *, default: float, most: float) -> float:
    try:
        return min(max(float(request.GET.get(name, default)), 0.0), most)
    except ValueError:
        return default
