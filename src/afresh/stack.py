"""Room on the interpreter's own stack.

Python keeps the frames of a thread in pieces of 16 KiB, and gives a piece back as soon as the first frame in it returns
(`push_chunk` and `_PyThreadState_PopFrame` in CPython's pystate.c). A loop at a depth that fills a piece to its end
maps and unmaps memory with every call it makes: 13 us instead of 50 ns. Which loop that is, is chance: one start of a
large project spent 300 of its 2,000 ms on 20,000 pieces.

Must live here: what keeps the threads that run a project's code away from that edge.
Must not know: any room.
"""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

# As deep as the recursion limit lets anybody go, by frames of 256 bytes. What is not used is not touched.
SLOTS = 1 << 15


def roomy(function: F) -> F:
    """Let what `function` calls find room in the piece where its own frame is: a piece is made twice as long until the
    frame fits, and this one says that it needs just over half."""
    function.__code__ = function.__code__.replace(co_stacksize=SLOTS)
    return function
