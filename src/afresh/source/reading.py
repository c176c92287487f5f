"""Reading files so that what was read can be told from what is there later."""

from __future__ import annotations

import os
from _blake2 import blake2b
from posix import lstat, readlink, stat

from afresh.reload.journal import Signature

FORMAT = 0o170000
REGULAR, DIRECTORY, LINK = 0o100000, 0o040000, 0o120000
KINDS = {REGULAR: "file", DIRECTORY: "directory"}


def absolute(path: str) -> str:
    """`path` as an absolute one without ".", ".." and a slash at its end; symbolic links are resolved only where ".."
    follows them."""
    if not path.startswith("/"):
        path = os.path.join(os.getcwd(), path)
    if "/." not in path and "//" not in path and path[-1:] != "/":
        return path
    # "link/.." is where the link leads to, so that dropping both words by name would be another directory.
    head, up, tail = (path + "/").rpartition("/../")
    path = os.path.normpath(os.path.join(os.path.realpath(head + up), tail) if up else path)
    return path[1:] if path.startswith("//") else path  # which POSIX leaves to the system, and to Linux is one


def kind_of(path: str, *, follows: bool = True) -> str:
    """What is at `path`: "file", "directory", "other", "link to ..." where it `follows` none; empty for nothing."""
    try:
        return kind_in(stat(path) if follows else lstat(path), path)
    except (OSError, ValueError):
        return ""


def kind_in(status: os.stat_result, path: str) -> str:
    """The same, of the file at `path` of which `status` was told; raises OSError where a link is one no more."""
    kind = status.st_mode & FORMAT
    return "link to " + readlink(path) if kind == LINK else KINDS.get(kind, "other")


def signature_of(path: str) -> Signature | None:
    """The signature of the regular file at `path`, or None where there is none."""
    try:
        status = stat(path)
    except (OSError, ValueError):
        return None
    return signature_in(status)


def signature_in(status: os.stat_result) -> Signature | None:
    """The signature of a regular file, of which `status` was told; None for anything else."""
    return _signature(status) if status.st_mode & FORMAT == REGULAR else None


def read_source(path: str) -> tuple[Signature, bytes]:
    """The content of `path`, and the signature it had just before; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        source = os.read(descriptor, status.st_size + 1)
        # As many as there were, where one more was asked for, are all. The file may grow, and signals cut reads short.
        if len(source) != status.st_size:
            pieces = [source]
            while more := os.read(descriptor, 1 << 20):
                pieces.append(more)
            source = b"".join(pieces)
    finally:
        os.close(descriptor)
    return _signature(status), source


def digest_of(source: bytes) -> bytes:
    """BLAKE2b-128 of the source, as in `Exec.digest`. Taken from `_blake2`: `hashlib` loads OpenSSL."""
    return blake2b(source, digest_size=16).digest()


def _signature(status: os.stat_result) -> Signature:
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
