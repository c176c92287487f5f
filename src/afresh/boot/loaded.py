"""Entries for the modules that ran before anybody looked: the entry through `manage.py` starts in the middle.

What ran may already differ from the disk. An entry for such a file has a signature that no file has, so that whoever
compares it with the disk finds the boot stale and needs no other word for it.
"""

from __future__ import annotations

import os
import sys

from afresh import modules
from afresh.boot.candidates import Candidates
from afresh.boot.imports import compiled
from afresh.reload.journal import Entry, Exec, Read, Sealed, Signature
from afresh.source.bytecode import code_for
from afresh.source.reading import absolute, digest_of, read_source, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, FrameType

    from afresh.boot.roots import ProjectRoots
    from afresh.source.cache import CodeCache

NO_FILE = Signature(0, 0, 0, 0, 0)
NO_DIGEST = b"\0" * 16


def entries(roots: ProjectRoots, cache: CodeCache, since: int) -> list[Entry]:
    """An `Exec` and a `Find` for each module in `sys.modules` that came from a file; not for Afresh's own.

    A file that has changed after `since`, in nanoseconds of the wall clock, is not taken for what ran where nothing
    else tells. Failed look-ups and files read before now left no trace and are missing.
    """
    found: list[Entry] = []
    candidates = Candidates(found.append)
    for name, names in modules.loaded():
        if name.partition(".")[0] == "afresh":
            continue
        spec, file = modules.spec_of(names), modules.file_of(names)
        if not file:
            continue
        if spec is not None and spec.has_location and name != "__main__":
            found.append(candidates.find(name, modules.path_of(name.rpartition(".")[0]), spec))
        entry = _executed(name, absolute(file), spec, since, roots, cache)
        if entry is not None:
            found.append(entry)
            if isinstance(entry, Exec) and entry.digest:
                found.append(Sealed(entry.file, "it was loaded before Afresh was"))
    return found


def _executed(
    name: str, file: str, spec: ModuleSpec | None, since: int, roots: ProjectRoots, cache: CodeCache
) -> Exec | Read | None:
    signature = signature_of(file)
    if signature is None and (archive := _archive_of(file)):
        known = signature_of(archive)
        return Read(archive, known if known and known.ctime < since else NO_FILE)
    if roots.contains(file) and file.endswith(".py"):
        return _verified(name, file, spec, since, cache)
    if signature is None:
        return None
    return Exec(name, file, signature if signature.ctime < since else NO_FILE)


def _archive_of(file: str) -> str:
    """The file that stands where a directory above `file` would: the archive that the module came from, if it did."""
    above = os.path.dirname(file)
    while above != os.path.dirname(above) and not os.path.lexists(above):
        above = os.path.dirname(above)
    return above if signature_of(above) else ""


def _verified(name: str, file: str, spec: ModuleSpec | None, since: int, cache: CodeCache) -> Exec:
    """The entry of a project file: with its digest, if the code that ran is that of the bytes that are there."""
    stale = Exec(name, file, NO_FILE, NO_DIGEST)
    try:
        signature, source = read_source(file)
        digest = digest_of(source)
        ran = _running(file) or _in_cache_file(spec.cached if spec else None, signature)
        if ran is None:
            # It was compiled by this process, from what the file was then.
            return Exec(name, file, signature, digest) if signature.ctime < since else stale
        return Exec(name, file, signature, digest) if ran == compiled(cache, name, file, source, digest) else stale
    except (OSError, SyntaxError, ValueError):
        return stale


def _running(file: str) -> CodeType | None:
    """The code of a module that is still being executed below this call, as `manage.py` is."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "<module>" and absolute(frame.f_code.co_filename) == file:
            return frame.f_code
        frame = frame.f_back
    return None


def _in_cache_file(path: str | None, source: Signature) -> CodeType | None:
    """The code that Python took from the .pyc at `path` when its header fits, or has put there (PEP 552)."""
    if path is None:
        return None
    try:
        data = read_source(path)[1]
    except OSError:
        return None
    return code_for(source, data)
