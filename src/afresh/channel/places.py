"""Names that browsers use for what the keeper answers itself, the same in every process."""

from typing import Final

DASHBOARD_NAME: Final = "afresh.localhost"
"""The host name of the dashboard on the application's socket: an origin of its own, loopback to every browser."""

KEEPERS_PATHS: Final = "/__afresh__/"
"""Below it, on the application's own origin, are the script of the live reload and its stream, and nothing else."""
