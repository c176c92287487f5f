"""Filters for the templates."""

from decimal import Decimal

from django import template
from recipes.amounts import written

register = template.Library()


@register.filter
def amount(value: Decimal | None) -> str:
    """An ingredient's amount as cooks write it."""
    return written(value)


@register.filter
def duration(minutes: int) -> str:
    """Minutes as hours and minutes: "45 min", "1 h 20 min", "2 h"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)
