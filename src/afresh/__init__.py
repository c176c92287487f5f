"""Afresh: a development server for Python web projects. Never stale, never refused, exact."""

__version__ = "0.1.0"
