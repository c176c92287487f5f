"""The app's configuration."""

from django.apps import AppConfig


class RecipesConfig(AppConfig):
    """The recipe box."""

    name = "recipes"
