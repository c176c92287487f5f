"""Code objects on disk, keyed by the digest of the source and all else that the compiler's output depends on.

Python's own cache trusts whole seconds and the size of the source, so that two saves within a second can give stale
code. A key made of the content cannot. What is read here is executed, so files that another user could have written
are never loaded. Every failure (no home, full disk, read-only, corrupt file) is a miss.

One file per module, as Python has it: beside the source, which must be read anyway, a file of its own costs less than
what a joint format would save, and is written once instead of with every edit.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _blake2 import blake2b
from _imp import source_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType

DAY = 86_400.0
# A day's work of a thousand saves stays below; what was not used for so long comes back by compiling.
KEEP_DAYS = 30
KEEP_BYTES = 256 * 1024 * 1024
# SipHash tells files torn by a power cut from whole ones (marshal would crash on them), at 5 GB/s and without an
# import. Change the key with the format.
CHECK_KEY = 0x_AF_5E_5B_01
CHECK_BYTES = 8
WRITABLE_BY_OTHERS = 0o022
PRUNED = "pruned"


def default_directory(environ: Mapping[str, str]) -> str | None:
    """Where the code is kept: `$XDG_CACHE_HOME/afresh/code`, else below `~/.cache`; None without a home."""
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return os.path.join(base, "afresh", "code")


class CodeCache:
    """Code objects by digest of their source. `directory` None: nothing is ever found or kept.

    `compiler`: whose code it is, in the words of another process's `compiler`; by default this process's.
    """

    def __init__(self, directory: str | None, compiler: str | None = None) -> None:
        self._directory = directory if directory and is_ours(directory) else None
        self.compiler = compiler or repr(_compiler())
        self._key = self.compiler.encode()
        self._is_pruned = False

    def __repr__(self) -> str:
        return f"<CodeCache {self._directory}>"

    @property
    def directory(self) -> str | None:
        """Where the code is kept, if anywhere."""
        return self._directory

    def load(self, digest: bytes, path: str) -> CodeType | None:
        """The code compiled from the source with this digest under the file name `path`, or None."""
        if self._directory is None:
            return None
        try:
            data = read_own(self._file(digest, path))
            if data[:CHECK_BYTES] != source_hash(CHECK_KEY, payload := data[CHECK_BYTES:]):
                return None
            code = marshal.loads(payload)
        except (OSError, ValueError, EOFError, TypeError):
            return None
        return code if isinstance(code, _CODE) else None

    def store(self, digest: bytes, path: str, code: CodeType) -> None:
        """Keep `code` for later starts."""
        if self._directory is None:
            return
        try:
            payload = marshal.dumps(code)
            write_own(self._file(digest, path), source_hash(CHECK_KEY, payload) + payload)
            if not self._is_pruned:
                self._is_pruned = True
                _prune_daily(self._directory, time.time())
        except (OSError, ValueError):
            pass

    def _file(self, digest: bytes, path: str) -> str:
        key = blake2b(digest + os.fsencode(path) + b"\0" + self._key, digest_size=16).hexdigest()
        return f"{self._directory}/{key}"


_CODE = type((lambda: None).__code__)


def _compiler() -> tuple[object, ...]:
    from importlib.util import MAGIC_NUMBER

    # Without debug ranges, code objects have no columns.
    no_ranges = bool(os.environ.get("PYTHONNODEBUGRANGES")) or "no_debug_ranges" in sys._xoptions
    return sys.implementation.cache_tag, MAGIC_NUMBER, sys.flags.optimize, no_ranges


def is_ours(directory: str) -> bool:
    """Make the directory; whether it is this user's and nobody else can write into it."""
    try:
        os.makedirs(os.path.dirname(directory), mode=0o700, exist_ok=True)
        try:
            os.mkdir(directory, mode=0o700)
        except FileExistsError:
            pass
        status = os.lstat(directory)
    except OSError:
        return False
    is_directory = status.st_mode & 0o170000 == 0o040000
    return is_directory and status.st_uid == os.geteuid() and not status.st_mode & WRITABLE_BY_OTHERS


def read_own(file: str) -> bytes:
    """The content of a file that nobody else could have written; nothing of any other. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        # The directory was looked at once and may have been exchanged since.
        if status.st_uid != os.geteuid() or status.st_mode & WRITABLE_BY_OTHERS:
            return b""
        if time.time() - status.st_mtime > DAY:
            os.utime(descriptor)
        return os.read(descriptor, status.st_size + 1)
    finally:
        os.close(descriptor)


def write_own(file: str, data: bytes) -> None:
    """Put the whole content there, for `read_own`. Raises OSError."""
    # A name of its own: two boots may compile the same file at once. Renamed, so that no reader sees half of it.
    temporary = f"{file}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            whole = os.write(descriptor, data) == len(data)
        finally:
            os.close(descriptor)
        if whole:
            os.rename(temporary, file)
            return
    except OSError:
        pass
    os.unlink(temporary)


def _prune_daily(directory: str, now: float) -> None:
    """Remove what was not used for long, then the least recently used beyond the bound; at most once a day."""
    stamp = os.path.join(directory, PRUNED)
    try:
        if now - os.lstat(stamp).st_mtime < DAY:
            return
    except FileNotFoundError:
        pass
    os.close(os.open(stamp, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    os.utime(stamp, (now, now))
    with os.scandir(directory) as entries:
        files = [(status.st_mtime, status.st_size, entry.path) for entry in entries if (status := _status(entry))]
    room = KEEP_BYTES
    for used, size, path in sorted(files, reverse=True):
        room -= size
        if path != stamp and (room < 0 or now - used > KEEP_DAYS * DAY):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
