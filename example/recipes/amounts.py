"""Amounts as cooks write them."""

from decimal import Decimal

FRACTIONS = {
    Decimal("0.25"): "¼",
    Decimal("0.33"): "⅓",
    Decimal("0.50"): "½",
    Decimal("0.67"): "⅔",
    Decimal("0.75"): "¾",
}


def written(amount: Decimal | None) -> str:
    """`amount` with quarters, thirds and halves as fractions: "1½", "0.1", "250"; empty for None."""
    if amount is None:
        return ""
    whole = int(amount)
    rest = FRACTIONS.get(amount - whole)
    if rest is not None:
        return f"{whole or ''}{rest}"
    return f"{amount:f}".rstrip("0").rstrip(".") if "." in f"{amount:f}" else f"{amount:f}"
