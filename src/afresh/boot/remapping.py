"""Other memory where shared memory was: what points into it goes on to do so, and no longer reaches another process."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afresh.boot.renewal import Mapped

MAP_FIXED = 0x10
FAILED = ctypes.c_void_p(-1).value
PROTECTIONS = {"r": mmap.PROT_READ, "w": mmap.PROT_WRITE, "x": mmap.PROT_EXEC}

_mmap = ctypes.CDLL(None, use_errno=True).mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)


def put_in_place(part: Mapped, descriptor: int) -> None:
    """Map that part of the file `descriptor` where `part` is mapped now. Raises OSError."""
    protection = sum(PROTECTIONS.get(letter, 0) for letter in part.permissions)
    flags = mmap.MAP_SHARED | MAP_FIXED
    if _mmap(part.start, part.size, protection, flags, descriptor, part.offset) == FAILED:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
