"""What a fork has to make its own: opened again as a cold start would have it, on the same descriptors.

Each `renew` is called in a process that was just forked, before any code of the project goes on in it. The dormant
parent never uses what it shares, so positions there are still those of the moment when the fork was found possible.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The flags that open(2) takes and a description keeps. The rest would create, truncate, or name another kind of file.
KEPT = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC | os.O_DIRECT | os.O_NOATIME
MOST_AT_ONCE = 1 << 24
_SETTABLE = os.O_NONBLOCK | os.O_DIRECT  # of a pipe


class Spoilt(Exception):
    """What a cold start would find cannot be made here any more, for a reason in words."""


class Renewal(Protocol):
    def renew(self) -> None:
        """Raises OSError and Spoilt."""


class Survey(msgspec.Struct, frozen=True):
    """Why a process must not be forked, in words with an advice after the semicolon; or what to do in each fork."""

    obstacle: str = ""
    renewals: tuple[Renewal, ...] = ()


class Descriptor(msgspec.Struct, frozen=True):
    number: int
    is_inheritable: bool


def renew(renewals: Iterable[Renewal]) -> None:
    """In a process that was just forked. Raises Spoilt."""
    for each in renewals:
        try:
            each.renew()
        except OSError as exc:
            raise Spoilt(f"what the start-up had opened cannot be opened again ({exc})") from None


class Reopened(msgspec.Struct, frozen=True):
    """A file that is read, a folder, a terminal: the same one, whatever its name is now."""

    descriptors: tuple[Descriptor, ...]
    flags: int
    position: int

    def renew(self) -> None:
        again = _open(f"/proc/self/fd/{self.descriptors[0].number}", self.flags)
        if self.position:
            os.lseek(again, self.position, os.SEEK_SET)
        _put(again, self.descriptors)


class Appended(msgspec.Struct, frozen=True):
    """A log: what is at its path now, or a new one where nothing is. `position`: None where only the end counts."""

    descriptors: tuple[Descriptor, ...]
    flags: int
    path: str
    identity: tuple[int, int]
    position: int | None
    permissions: int

    def renew(self) -> None:
        again = _open(self.path, self.flags | os.O_CREAT, self.permissions)
        status = os.fstat(again)
        if self.position is not None and (status.st_dev, status.st_ino) == self.identity:
            os.lseek(again, self.position, os.SEEK_SET)
        else:
            os.lseek(again, 0, os.SEEK_END)  # as Python's own `open` for appending
        _put(again, self.descriptors)


class Empty(msgspec.Struct, frozen=True):
    """A file open for writing that nothing was written to, such as a lock's. Whether a cold start would truncate what
    is in it by now is not known, so with anything in it there is no going on."""

    descriptors: tuple[Descriptor, ...]
    flags: int
    path: str

    def renew(self) -> None:
        ours, there = os.fstat(self.descriptors[0].number), os.stat(self.path)
        if there.st_size or not os.path.samestat(ours, there):
            raise Spoilt(f"{self.path}, which the start-up had opened for writing, was written since")
        _put(_open(self.path, self.flags), self.descriptors)


class Mapped(msgspec.Struct, frozen=True):
    """Where a file is mapped into memory, shared with forks. `offset`: in the file."""

    start: int
    size: int
    offset: int
    permissions: str


class Private(msgspec.Struct, frozen=True):
    """A deleted file, or memory without one that is shared with forks: only this process has it, each fork gets a copy.

    `ways`: for each of its descriptions the descriptors, the flags and the position. `mapped`: wherever it is mapped.
    `size`: bytes.
    """

    ways: Sequence[tuple[tuple[Descriptor, ...], int, int]]
    mapped: Sequence[Mapped]
    size: int

    def renew(self) -> None:
        copy = os.memfd_create("copy")
        try:
            os.truncate(copy, self.size)
            if self.ways:
                self._copy_file(copy)
            else:
                self._copy_memory(copy)
            for descriptors, flags, position in self.ways:
                again = _open(f"/proc/self/fd/{copy}", flags & ~os.O_DIRECT)
                os.lseek(again, position, os.SEEK_SET)
                _put(again, descriptors)
            for part in self.mapped:
                from afresh.boot.remapping import put_in_place

                put_in_place(part, copy)
        finally:
            os.close(copy)

    def _copy_file(self, copy: int) -> None:
        source = os.open(f"/proc/self/fd/{self.ways[0][0][0].number}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            done = 0
            while sent := os.sendfile(copy, source, done, MOST_AT_ONCE):
                done += sent
        finally:
            os.close(source)

    def _copy_memory(self, copy: int) -> None:
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            for part in self.mapped:
                os.pwrite(copy, os.pread(memory.fileno(), part.size, part.start), part.offset)


class Pipe(msgspec.Struct, frozen=True):
    """A pipe of which both ends are here: two new ends."""

    readers: tuple[Descriptor, ...]
    reading: int
    writers: tuple[Descriptor, ...]
    writing: int

    def renew(self) -> None:
        size = fcntl.fcntl(self.readers[0].number, fcntl.F_GETPIPE_SZ)
        ends = os.pipe2(os.O_CLOEXEC)
        if fcntl.fcntl(ends[0], fcntl.F_GETPIPE_SZ) != size:
            fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, size)
        for again, descriptors, flags in zip(
            ends, (self.readers, self.writers), (self.reading, self.writing), strict=True
        ):
            fcntl.fcntl(again, fcntl.F_SETFL, flags & _SETTABLE)
            _put(again, descriptors)


class Event(msgspec.Struct, frozen=True):
    """A counter (eventfd(2)) with what it held."""

    descriptors: tuple[Descriptor, ...]
    flags: int
    count: int
    is_semaphore: bool

    def renew(self) -> None:
        kind = os.EFD_SEMAPHORE if self.is_semaphore else 0
        again = os.eventfd(0, kind | os.EFD_CLOEXEC | (self.flags & os.O_NONBLOCK))
        if self.count:
            os.eventfd_write(again, self.count)  # `eventfd` itself takes no more than 32 bits
        _put(again, self.descriptors)


def _open(path: str, flags: int, permissions: int = 0o666) -> int:
    return os.open(path, flags & (KEPT | os.O_CREAT) | os.O_CLOEXEC | os.O_NOCTTY, permissions)


def _put(again: int, descriptors: Iterable[Descriptor]) -> None:
    """Let these descriptors lead to what was opened again."""
    for descriptor in descriptors:
        os.dup2(again, descriptor.number, descriptor.is_inheritable)
    os.close(again)
