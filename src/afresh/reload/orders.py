"""What the keeper orders of a process that goes on from a checkpoint, as values."""

import msgspec


class Part(msgspec.Struct, frozen=True, array_like=True):
    """The `code` of one function, marshalled, and its position among the code of its module: at each level, which of
    the nested code objects, counted from 0."""

    position: tuple[int, ...]
    code: bytes


class Patch(msgspec.Struct, frozen=True, array_like=True):
    """Exchange the functions of `module`, executed from `file`, by those of the text with `digest` (BLAKE2b-128).

    `parts`: all in which that text's code differs from what is executed there, where that is little.
    """

    file: str
    module: str
    digest: bytes
    parts: tuple[Part, ...] = ()


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """A place inside a module: above `line` (from 1) of `file` a top-level statement has ended, and the next begins."""

    file: str
    line: int


class Course(msgspec.Struct, frozen=True, array_like=True):
    """How a start is to leave checkpoints on its way.

    `places`: where edits were made, the latest last. `is_short`: what follows takes so little that it will be repeated
    while nobody waits, except for what a start may do but once; `is_short_in_the_end`: so does what follows that.
    `is_repeat`: this is the repetition. Another one has come the same way and answers, so nobody waits, and what this
    one prints was printed.
    """

    places: tuple[Inside, ...] = ()
    is_short: bool = False
    is_short_in_the_end: bool = False
    is_repeat: bool = False
