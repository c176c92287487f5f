"""Database connections that are idle during a start: closed before a fork, since Django connects again by itself."""

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# References to a driver's connection that nobody uses: Django's wrapper, and the argument of `getrefcount`.
HELD_BY_DJANGO = 2


def close_idle() -> None:
    """Close what the start has connected and is not in the middle of using. Loads nothing: neither settings nor a
    backend may be loaded before the project comes to it."""
    db: Any = sys.modules.get("django.db")
    connections: Any = getattr(db, "connections", None)
    if connections is None or "settings" not in vars(connections) or _is_in_use(sys._getframe()):
        return
    for connection in connections.all(initialized_only=True):
        if _is_idle(connection):
            connection.close()
        pools = getattr(connection, "_connection_pools", ())
        if connection.connection is None and connection.alias in pools:
            connection.close_pool()  # its threads would be lost in a fork; the next to connect makes another one


def _is_in_use(frame: FrameType | None) -> bool:
    """Whether a module is imported while Django connects or asks: by a receiver of `connection_created`, by a field."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("django.db."):
            return True
        frame = frame.f_back
    return False


def _is_idle(connection: "BaseDatabaseWrapper") -> bool:
    raw = connection.connection
    if raw is None or connection.in_atomic_block or not connection.autocommit:
        return False
    if getattr(connection, "is_in_memory_db", bool)():
        return False  # it would be empty
    held = sys.getrefcount(raw) - 1  # but for the name here
    return held <= (_held_by_itself(connection) if connection.vendor == "sqlite" else HELD_BY_DJANGO)


def _held_by_itself(connection: "BaseDatabaseWrapper") -> int:
    """SQLite's connections refer to themselves. A cursor refers to its connection, so one that is open shows."""
    other: Any = connection.Database.connect(":memory:")
    try:
        return sys.getrefcount(other)
    finally:
        other.close()
