"""The journal: what a boot, and the server after it, consumed, as values.

An entry says what was looked at and what was found there, so that a later look can tell whether the same boot would go
the same way again. The app process writes entries (`afresh.boot`), the keeper keeps and watches them
(`afresh.watch`), and `afresh.reload.plan` decides with them.
"""

from typing import TypeAlias

import msgspec

# gc=False: entries hold only texts and numbers. Tracked, a boot's thousand of them bring on one more collection of the
# young heap, which cost more (5 % of a small boot) than all the rest of the observation.


class Signature(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Identity of a file's content, from `fstat` taken before the content was read. Times in nanoseconds."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int


class Exec(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="exec"):
    """A module was executed from `file` (absolute path as imported, links not resolved).

    `digest` is the BLAKE2b-128 of the very bytes compiled, or empty where the code came from Python's own cache
    (modules outside the project): then the signature alone counts.
    """

    module: str
    file: str
    signature: Signature
    digest: bytes = b""


class Find(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="find"):
    """A module was looked up; in `directories` (absolute) nothing was found that would have won over the hit.

    A later file or directory there whose name up to the first dot is `stem` may shadow what was imported.
    """

    stem: str
    directories: tuple[str, ...]


class Read(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="read"):
    """A file was opened for reading, or its size or times were asked for; `signature` is None when it was not there."""

    file: str
    signature: Signature | None


class Listing(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="listing"):
    """The names in a directory were listed."""

    directory: str


class Stat(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="stat"):
    """It was asked what is at a path; `found`: of what kind, as of `afresh.source.reading.kind_of`, empty for nothing.

    `follows`: of a symbolic link, what it leads to was meant, and not the link.
    """

    path: str
    found: str
    follows: bool = True


class Wrote(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="wrote"):
    """The process itself makes, changes or removes a file that it has consumed: from here on that is its own work."""

    file: str


class Ran(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="ran"):
    """Functions of a project file, by qualified name, that ran during the start."""

    file: str
    functions: tuple[str, ...]


class Looked(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="looked"):
    """Functions of a project file, by qualified name, whose code object was asked for during the start.

    It holds the code of all that is defined inside, which may have been looked at as well.
    """

    file: str
    functions: tuple[str, ...]


class Sealed(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="sealed"):
    """The functions of a file cannot be exchanged in this process; `reason`: why, as in "it is the program"."""

    file: str
    reason: str


Entry: TypeAlias = Exec | Find | Read | Listing | Stat | Wrote | Ran | Looked | Sealed


class Edit(msgspec.Struct, frozen=True):
    """One settled batch of changes on disk.

    `changed`: files whose content or existence changed, absolute. `everything`: the watcher lost count (queue
    overflow, a watched directory moved): every consumed entry must be compared.
    """

    changed: frozenset[str]
    everything: bool = False
