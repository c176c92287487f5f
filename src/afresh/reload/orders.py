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
