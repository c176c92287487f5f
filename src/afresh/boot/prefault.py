"""Copying pages ahead of time that a forked process would copy one by one while somebody waits.

After a fork every first write to a page costs a page fault and a copy: some thousand for a first request, a third of
its time. Which pages those are is told by the server that answered before: what is its alone it has written to.
"""

import ctypes
import os
from array import array
from collections.abc import Iterator

PAGE = os.sysconf("SC_PAGE_SIZE")
ENTRY = 8  # bytes in /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst)
PRESENT, OF_A_FILE, EXCLUSIVE = 1 << 63, 1 << 61, 1 << 56
MADV_POPULATE_WRITE = 23  # since Linux 5.14; an older kernel says EINVAL
# A server that has answered for hours owns what no first request needs.
MOST_BYTES = 64 * 1024 * 1024


def prefault(pid: int) -> None:
    """Make this process's own the pages that are the own ones of process `pid`, forked from the same checkpoint."""
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    room = MOST_BYTES
    try:
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
            for begin, end in list(_writable()):
                for first, length in _runs(pagemap.fileno(), begin, end):
                    room -= length
                    if room < 0 or madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), MADV_POPULATE_WRITE) != 0:
                        return
    except OSError:
        return  # the server has ended


def _writable() -> Iterator[tuple[int, int]]:
    """The private writable mappings of this process: first address, and the one after the last."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            addresses, permissions = line.split(maxsplit=2)[:2]
            if permissions == "rw-p" and not line.endswith("[stack]\n"):
                begin, end = addresses.split("-")
                yield int(begin, 16), int(end, 16)


def _runs(pagemap: int, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Address and length of each run of pages that the other process owns."""
    entries = array("Q", os.pread(pagemap, (end - begin) // PAGE * ENTRY, begin // PAGE * ENTRY))
    first = None
    for number, entry in enumerate(entries):
        is_owned = entry & EXCLUSIVE and entry & PRESENT and not entry & OF_A_FILE
        if is_owned and first is None:
            first = number
        elif not is_owned and first is not None:
            yield begin + first * PAGE, (number - first) * PAGE
            first = None
    if first is not None:
        yield begin + first * PAGE, (len(entries) - first) * PAGE
