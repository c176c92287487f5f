"""What the keeper orders of a process that goes on from a checkpoint, as values."""

import msgspec


class Patch(msgspec.Struct, frozen=True, array_like=True):
    """Exchange the functions of `module`, executed from `file`, by those of the text with `digest` (BLAKE2b-128)."""

    file: str
    module: str
    digest: bytes


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """A place inside a module: above `line` (from 1) of `file` a top-level statement has ended, and the next begins."""

    file: str
    line: int


class Course(msgspec.Struct, frozen=True, array_like=True):
    """How a start is to leave checkpoints on its way.

    `places`: where edits were made, the latest last. `is_brief`: what follows once all is set up takes so little that it
    will be repeated while nobody waits. `is_repeat`: this is such a one. Another has come the same way and answers, so
    nobody waits, and what this one prints was printed.
    """

    places: tuple[Inside, ...] = ()
    is_brief: bool = False
    is_repeat: bool = False
