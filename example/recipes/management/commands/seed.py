"""Fill the recipe box, so that there is something to look at."""

import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.text import slugify

from recipes.models import Category, Comment, Ingredient, Recipe, Tag

DATA = Path(__file__).resolve().parents[2] / "data" / "recipes.toml"
FIRST_DAY = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


class Command(BaseCommand):
    """Adds what is missing and changes nothing that is there, so it may run at every start."""

    help = "Adds the sample recipes that are missing, and the user cook (password: cook) for the admin."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        data = tomllib.loads(DATA.read_text("utf-8"))
        for position, name in enumerate(data["categories"]):
            Category.objects.get_or_create(slug=slugify(name), defaults={"name": name, "position": position})
        added = sum(_add(recipe, number) for number, recipe in enumerate(data["recipes"]))
        users = get_user_model().objects
        if not users.filter(username="cook").exists():
            users.create_superuser("cook", "cook@example.com", "cook")
        self.stdout.write(f"{added} recipes added, {Recipe.objects.count()} in the box.")


def _add(data: dict[str, Any], number: int) -> bool:
    """Add one recipe with all that belongs to it, unless it is there; says whether it was added."""
    created = FIRST_DAY + timedelta(days=9 * number)
    recipe, is_new = Recipe.objects.get_or_create(
        slug=slugify(data["title"]),
        defaults={
            "title": data["title"],
            "summary": data["summary"],
            "category": Category.objects.get(name=data["category"]),
            "servings": data["servings"],
            "minutes": data["minutes"],
            "steps": data["steps"].strip(),
            "art": data["art"],
            "created": created,
        },
    )
    if is_new:
        recipe.tags.set(
            [Tag.objects.get_or_create(slug=slugify(tag), defaults={"name": tag})[0] for tag in data["tags"]]
        )
        Ingredient.objects.bulk_create(_ingredient(recipe, line) for line in data["ingredients"])
        Comment.objects.bulk_create(
            Comment(recipe=recipe, author=author, text=text, created=created + timedelta(days=day))
            for day, (author, text) in enumerate(data.get("comments", []), 2)
        )
    return is_new


def _ingredient(recipe: Recipe, line: list[str]) -> Ingredient:
    amount, unit, name = line
    return Ingredient(recipe=recipe, amount=Decimal(amount) if amount else None, unit=unit, name=name)
