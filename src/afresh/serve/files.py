"""`wsgi.file_wrapper`: files that an application returns, and which of them the kernel can send by itself."""

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

# Only files whose `read()` is known to give the descriptor's own bytes: a gzip or encrypting file has a `fileno()` too.
_PLAIN_FILES = (io.FileIO, io.BufferedReader, io.BufferedRandom)


class FileWrapper:
    """An iterable over a file-like object, in blocks of `block_size` bytes (PEP 3333, optional file handling)."""

    def __init__(self, filelike: Any, block_size: int = 8192) -> None:
        self.filelike = filelike
        self.block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        while data := self.filelike.read(self.block_size):
            yield data

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


def plain_extent(filelike: Any) -> tuple[int, int, int] | None:
    """Descriptor, position and bytes from there to the end of a plain regular file; None for anything else."""
    # The exact class: a subclass may read something else than it stores. The temporary-file wrapper only delegates.
    if type(filelike) is tempfile._TemporaryFileWrapper:
        filelike = filelike.file
    if type(filelike) not in _PLAIN_FILES:
        return None
    try:
        descriptor, position = filelike.fileno(), filelike.tell()
        status = os.fstat(descriptor)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return descriptor, position, max(0, status.st_size - position)
