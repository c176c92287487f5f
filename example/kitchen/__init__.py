"""The example project: a recipe box."""
