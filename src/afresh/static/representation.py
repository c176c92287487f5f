"""What is said about a file: its type, its size and by what a client can tell whether it is still the same. Pure."""

import os
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import quote

# File systems store times in steps of up to two seconds (FAT), the kernel's clock for them of up to 10 ms.
REST = 2.0


class Signature(NamedTuple):
    """What changes when a file is written, replaced, renamed or made unreadable."""

    device: int
    inode: int
    size: int
    modified: int  # nanoseconds, as `changed`
    changed: int


class Representation(NamedTuple):
    """A file as its responses describe it.

    `validators`: ETag and Last-Modified as header lines. `etag` and `last_modified` are empty for a file that was
    changed so recently that it might be again without a difference in its times: a client must not keep what it
    could not tell from the next version. `changed`: when anything of it was changed last, in whole seconds.
    """

    size: int
    content_type: str
    description: str  # Content-Encoding and Content-Disposition as header lines
    etag: str
    last_modified: str
    modified: int
    changed: int

    @property
    def validators(self) -> str:
        if not self.etag:
            return ""
        return f"ETag: {self.etag}\r\nLast-Modified: {self.last_modified}\r\n"


def signature_of(status: os.stat_result) -> Signature:
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_at_rest(signature: Signature, now: float) -> bool:
    """Whether a change from now on will show in the times; `now` in seconds. Not for a file from the future."""
    return now - max(signature.modified, signature.changed) / 1e9 >= REST


def describe(path: str, media_type: tuple[str, str], signature: Signature, now: float) -> Representation:
    """The representation of the file at `path`; `media_type`: its type and content coding."""
    content_type, coding = media_type
    description = f"Content-Encoding: {coding}\r\n" if coding else ""
    description += f"Content-Disposition: {disposition(os.path.basename(path))}\r\n"
    modified = signature.modified // 1_000_000_000
    is_settled = is_at_rest(signature, now)
    return Representation(
        size=signature.size,
        content_type=content_type,
        description=description,
        etag=f'"{signature.inode:x}-{signature.size:x}-{signature.modified:x}-{signature.changed:x}"'
        if is_settled
        else "",
        last_modified=formatdate(modified, usegmt=True) if is_settled else "",
        modified=modified,
        changed=signature.changed // 1_000_000_000,
    )


def disposition(name: str) -> str:
    """Content-Disposition, as Django's FileResponse gives it (django/utils/http.py, content_disposition_header)."""
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', r"\"")
        return f'inline; filename="{escaped}"'
    return f"inline; filename*=utf-8''{quote(name)}"
