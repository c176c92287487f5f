"""`afresh` with a keeper that is slow at every step of the gate: what must hold then holds by order, not by luck."""

import random
import sys
import threading
from collections.abc import Callable
from typing import Any

from afresh.cli.main import main
from afresh.keeper.loop import Keeper
from afresh.watch.gate import Latch
from afresh.watch.watcher import Watcher

_never = threading.Event()


def slowed(function: Callable[..., Any]) -> Callable[..., Any]:
    def slow(*args: Any, **kwargs: Any) -> Any:
        _never.wait(random.random() * 0.03)
        result = function(*args, **kwargs)
        _never.wait(random.random() * 0.03)
        return result

    return slow


for owner, names in (
    (Latch, ("raise_", "decide", "advance", "withdraw")),
    (Watcher, ("cover", "_look")),
    (Keeper, ("_edit_arrived", "_conclude", "_ready", "_tell_servers", "_deliver")),
):
    for name in names:
        setattr(owner, name, slowed(getattr(owner, name)))

if __name__ == "__main__":
    sys.exit(main())
