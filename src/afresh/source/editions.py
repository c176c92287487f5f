"""The texts of a file over time: what it says now, and how that differs from what a process runs.

The compiler's settings are those of the process that runs the code, as it has told them.
"""

import warnings
from types import CodeType
from typing import TYPE_CHECKING

from afresh.source.cache import CodeCache
from afresh.source.reading import digest_of, read_source, signature_of

if TYPE_CHECKING:
    from afresh.reload.journal import Signature


class Editions:
    """Sources that were edited, by file, and code by digest."""

    def __init__(self) -> None:
        self._sources: dict[str, list[tuple[bytes, bytes]]] = {}

    def __repr__(self) -> str:
        return f"<Editions files={len(self._sources)}>"

    def read(self, path: str) -> "tuple[bytes | None, Signature | None]":
        """Digest and signature of what is at `path`; the source is kept for questions about it."""
        try:
            signature, source = read_source(path)
        except OSError:
            return None, signature_of(path)
        digest = digest_of(source)
        kept = [edition for edition in self._sources.get(path, ()) if edition[0] != digest]
        self._sources[path] = [*kept[-3:], (digest, source)]
        return digest, signature

    def source(self, path: str, digest: bytes) -> bytes | None:
        """The source with this digest, if it was read here lately."""
        return next((source for known, source in self._sources.get(path, ()) if known == digest), None)

    def code(self, path: str, digest: bytes, cache: CodeCache, optimize: int) -> CodeType | None:
        """The code of that text, from the cache or compiled and put there; raises SyntaxError, ValueError.

        A text that the compiler warns of is not put there: the process that runs it is to show the warning.
        """
        code = cache.load(digest, path)
        if code is not None:
            return code
        source = self.source(path, digest)
        if source is None:
            return None
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                code = compile(source, path, "exec", dont_inherit=True, optimize=optimize)
            except (RecursionError, MemoryError) as exc:
                raise ValueError("it is too deeply nested for the compiler") from exc
        if not warned:
            cache.store(digest, path, code)
        return code
