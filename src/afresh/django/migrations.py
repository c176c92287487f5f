"""Which migrations the databases have seen and which they have not (django/db/migrations)."""

from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


def state() -> dict[str, Any]:
    """By database: the migrations that are not applied, and how many are. Asks the databases, on this thread."""
    databases = []
    try:
        for alias in settings.DATABASES:
            databases.append({"alias": alias, **_of(alias)})
    finally:
        connections.close_all()
    return {"databases": databases}


def _of(alias: str) -> dict[str, Any]:
    connection = connections[alias]
    told: dict[str, Any] = {"engine": connection.vendor, "pending": [], "applied": 0, "error": ""}
    if connection.settings_dict["ENGINE"].endswith(".dummy"):
        return told
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        told["pending"] = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
        told["applied"] = len(executor.loader.applied_migrations)
    except Exception as exc:
        told["error"] = f"{type(exc).__name__}: {exc}"
    return told
