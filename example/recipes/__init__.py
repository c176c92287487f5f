"""Recipes: what to cook, from what, and how."""
