"""Code of modules that are going to be executed, loaded while nobody waits.

A standby in the middle of a start is told what the last process executed from there on. Nothing of that is believed
later: code is given for the very files that it was made of, and else loaded as without it.
"""

from __future__ import annotations

import _imp
from importlib.util import cache_from_source

import msgspec

from afresh import native
from afresh.reload.journal import Exec, Signature
from afresh.source.bytecode import code_for, is_by_hash
from afresh.source.reading import digest_of, read_source, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType

    from afresh.source.cache import CodeCache

# The clock that the kernel writes into files moves in steps of some milliseconds (inode_set_ctime_current): what was
# written just now could be written once more and have the same signature.
SETTLED_NS = 2_000_000_000
_fix_co_filename: Callable[[CodeType, str], object] = _imp.__dict__["_fix_co_filename"]


class Library(msgspec.Struct, frozen=True):
    """The code of a module outside the project: what Python makes of this source and the .pyc at `path`."""

    source: Signature
    path: str
    cached: Signature
    code: CodeType


class Known(msgspec.Struct, frozen=True):
    """The code of a project module, of the text with this digest, which a file with this signature holds."""

    source: Signature
    digest: bytes
    code: CodeType


class Ahead:
    """Code by the absolute path of its source; each is given once."""

    def __init__(self) -> None:
        self._libraries: dict[str, Library] = {}
        self._project: dict[str, Known] = {}

    def __repr__(self) -> str:
        return f"<Ahead libraries={len(self._libraries)} project={len(self._project)}>"

    def load(self, executions: Iterable[Exec], cache: CodeCache) -> None:
        """Load the code of what was executed, as far as it is compiled."""
        before = native.time_of_files() - SETTLED_NS
        for executed in executions:
            if not executed.digest:
                library = _library(executed.file, before)
                if library is not None:
                    self._libraries[executed.file] = library
            elif (known := _known(executed, before, cache)) is not None:
                self._project[executed.file] = known

    def forget(self) -> None:
        """Nothing more is going to be executed."""
        self._libraries.clear()
        self._project.clear()

    def project(self, file: str) -> Known | None:
        """The code of a project module, if its file is the same."""
        found = self._project.pop(file, None)
        return found if found is not None and signature_of(file) == found.source else None

    def library(self, file: str, source: Signature) -> CodeType | None:
        """The code that Python would load for a file outside the project with this signature."""
        found = self._libraries.pop(file, None)
        if found is None or found.source != source or signature_of(found.path) != found.cached:
            return None
        return found.code


def _known(executed: Exec, before: int, cache: CodeCache) -> Known | None:
    try:
        source, text = read_source(executed.file)
    except OSError:
        return None
    if max(source.mtime, source.ctime) > before or digest_of(text) != executed.digest:
        return None
    code = cache.load(executed.digest, executed.file)
    return None if code is None else Known(source, executed.digest, code)


def _library(file: str, before: int) -> Library | None:
    try:
        path = cache_from_source(file)
        cached, data = read_source(path)
    except NotImplementedError:  # this interpreter has no .pyc files (`sys.implementation.cache_tag` is None)
        return None
    except OSError:  # there is none, or Python could not read it either: it will compile the source
        return None
    source = signature_of(file)
    if source is None or is_by_hash(data) or max(source.mtime, source.ctime, cached.mtime, cached.ctime) > before:
        return None
    code = code_for(source, data)
    if code is None:
        return None
    _fix_co_filename(code, file)  # as Python does where the file has been moved (importlib, `_compile_bytecode`)
    return Library(source, path, cached, code)
