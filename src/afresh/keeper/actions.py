"""What the dashboard may ask of the keeper, by name: the one list of what a page can cause.

An action gets the value that was sent, which is not trusted, and a `Reply`. It runs on the loop's thread, so it never
waits: it replies at once, or keeps the reply and uses it later.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias


class Reply(Protocol):
    """To be called once, on the loop's thread. `error`: one sentence that says why not."""

    def __call__(self, value: Any = None, error: str = "") -> None: ...


Action: TypeAlias = Callable[[Any, Reply], None]
