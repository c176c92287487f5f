"""What a file is now, against what it was: signatures and digests.

Must live here: stat, reading for a digest, and the comparison of both with what is known.
Must not know: events, or who consumed what.
"""

import hashlib
import os
import stat
import time

import msgspec

from afresh.reload.journal import Signature

SQLITE_MAGIC = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html#the_database_header

TICK = 20_000_000
"""Nanoseconds within which two writes may carry one time stamp: two ticks of the slowest kernel clock (100 Hz)."""


def look(path: str) -> Signature | None:
    """The signature of what is at `path`, links followed; None when nothing is, or nothing that can be looked at."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        # The times of a directory tell of its names, which have entries of their own.
        return Signature(found.st_dev, found.st_ino, -1, 0, 0)
    return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def is_regular(signature: Signature | None) -> bool:
    return signature is not None and signature.size >= 0


def digest_of(path: str) -> bytes | None:
    """BLAKE2b-128 of the content; None when it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return hashlib.blake2b(file.read(), digest_size=16).digest()
    except OSError:
        return None


def is_database(path: str) -> bool:
    """Whether a file begins as SQLite's do, whatever its name is."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False


def is_racy(signature: Signature, since: int) -> bool:
    """Whether a write after `since` (nanoseconds of the wall clock) could have left this very signature."""
    return signature.ctime >= since - TICK


def same_content(one: Signature, other: Signature) -> bool:
    """Whether two signatures differ by ctime at most: chmod, a new hard link (as `uv` makes them), a rename."""
    return (one.device, one.inode, one.size, one.mtime) == (other.device, other.inode, other.size, other.mtime)


class Known(msgspec.Struct):
    """The state of one file as last told: by the boot that consumed it, or to the keeper in an edit.

    `boot` is the newest boot that consumed it. `signature` None means that it was not there. `is_divided`: processes
    have consumed different states of it, so whatever it is now, it is another for one of them, who is still to be told.
    """

    boot: int
    signature: Signature | None
    digest: bytes = b""
    is_divided: bool = False

    def agrees(self, other: "Known") -> bool:
        """Whether both are the same content or absence."""
        if self.digest and other.digest:
            return self.digest == other.digest
        if self.signature is None or other.signature is None:
            return self.signature is other.signature
        return same_content(self.signature, other.signature)

    def holds(self, path: str, since: int) -> bool:
        """Whether a boot that began at `since` (nanoseconds) and read this state would read it again."""
        now = look(path)
        if self.signature is None:
            return now is None or not is_regular(now) or not os.access(path, os.R_OK)
        if now is None:
            return False
        if not is_regular(now) or not is_regular(self.signature):
            return True
        if now == self.signature and not (self.digest and is_racy(now, since)):
            return True
        return bool(self.digest) and digest_of(path) == self.digest

    def update(self, path: str, *, written: bool, thorough: bool) -> bool:
        """Look at the file and keep what is found; true if its content or existence is another.

        `written`: an event says that it was written to. `thorough`: read it even if the signature is the same.
        """
        was_divided, self.is_divided = self.is_divided, False
        return self._update(path, written=written, thorough=thorough) or was_divided

    def _update(self, path: str, *, written: bool, thorough: bool) -> bool:
        now = look(path)
        if now is None or self.signature is None:
            was, self.signature = self.signature, now
            self.digest = (digest_of(path) or b"") if now and self.digest else self.digest
            return (was is None) != (now is None)
        if self.digest:
            return self._update_digest(path, now, thorough)
        was, self.signature = self.signature, now
        # A second write within one tick of the clock leaves the signature that the first one left.
        return not same_content(was, now) or (written and is_racy(now, time.time_ns()))

    def _update_digest(self, path: str, now: Signature, thorough: bool) -> bool:
        if now == self.signature and not thorough and not is_racy(now, time.time_ns()):
            return False
        self.signature = now
        digest = digest_of(path)
        if digest is None:
            digest = b"-"
        was, self.digest = self.digest, digest
        return was != digest
