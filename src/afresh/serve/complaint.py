"""What goes wrong is told on standard error; where that takes nothing, whoever answers requests goes on."""

import sys
import traceback
from contextlib import suppress


def tell_error(error: BaseException) -> None:
    """Print an exception with its traceback."""
    with suppress(Exception):
        traceback.print_exception(error, file=sys.stderr)


def tell(message: str) -> None:
    """Print a line."""
    with suppress(Exception):
        print(message, file=sys.stderr)  # noqa: T201
