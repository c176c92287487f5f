"""Counting queries for the verbose log, by Django's own hook (`connection.execute_wrapper`)."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created


def count_queries() -> Callable[[], int]:
    """Begin to count; returns what tells how many the calling thread has sent since it asked last."""
    counts = threading.local()

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        counts.number = getattr(counts, "number", 0) + 1
        return execute(sql, params, many, context)

    def created(connection: Any, **_: Any) -> None:
        if count not in connection.execute_wrappers:
            # In front: the end of a `with connection.execute_wrapper` that began before takes off the last one.
            connection.execute_wrappers.insert(0, count)

    def take() -> int:
        number: int = getattr(counts, "number", 0)
        counts.number = 0
        return number

    connection_created.connect(created, weak=False)
    for connection in connections.all(initialized_only=True):
        created(connection)
    return take
