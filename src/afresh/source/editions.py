"""The texts of a file over time: what it says now, and how that differs from what a process runs.

The compiler's settings are those of the process that runs the code, as it has told them.
"""

import warnings
from collections.abc import Collection
from types import CodeType
from typing import TYPE_CHECKING, TypeAlias

from afresh.source.cache import CodeCache
from afresh.source.reading import digest_of, read_source, signature_of

if TYPE_CHECKING:
    from afresh.reload.journal import Signature


_Key: TypeAlias = tuple[bytes, int, str]
"""Digest, level of optimization, compiler."""


class Editions:
    """Sources that were edited, by file, and their code."""

    def __init__(self) -> None:
        self._sources: dict[str, list[tuple[bytes, bytes]]] = {}
        # By file; the keys are all that the code depends on.
        self._codes: dict[str, dict[_Key, CodeType]] = {}
        self._unkept: list[tuple[CodeCache, bytes, str, CodeType]] = []

    def __repr__(self) -> str:
        return f"<Editions files={len(self._sources)}>"

    def add(self, path: str, source: bytes) -> None:
        """Take in what the file said before it was edited first, for questions about it."""
        if path not in self._sources:
            self._sources[path] = [(digest_of(source), source)]

    def read(self, path: str, needed: Collection[bytes] = ()) -> "tuple[bytes | None, Signature | None]":
        """Digest and signature of what is at `path`; the source is kept for questions about it, and so are those with
        the `needed` digests."""
        try:
            signature, source = read_source(path)
        except OSError:
            return None, signature_of(path)
        digest = digest_of(source)
        known = [edition for edition in self._sources.get(path, ()) if edition[0] != digest]
        # The last one too, which may be told as the text that was there before.
        sources = [*(one for one in known if one[0] in needed or one is known[-1]), (digest, source)]
        self._sources[path] = sources
        if path in self._codes:
            alive = {*needed, *(one[0] for one in sources)}
            self._codes[path] = {key: code for key, code in self._codes[path].items() if key[0] in alive}
        return digest, signature

    def source(self, path: str, digest: bytes) -> bytes | None:
        """The source with this digest, if it was read here lately."""
        return next((source for known, source in self._sources.get(path, ()) if known == digest), None)

    def code(
        self, path: str, digest: bytes, cache: CodeCache, optimize: int, *, like: bytes | None = None
    ) -> CodeType | None:
        """The code of that text, from the cache or compiled, and put there by `keep`; raises SyntaxError, ValueError.

        `like`: the digest of a text that it may differ little from. A text that the compiler warns of is not put
        there: the process that runs it is to show the warning.
        """
        codes = self._codes.setdefault(path, {})
        key = (digest, optimize, cache.compiler)
        code = codes.get(key) or cache.load(digest, path)
        if code is not None:
            codes[key] = code
            return code
        source = self.source(path, digest)
        if source is None:
            return None
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                code = self._recompiled(path, like, source, cache, optimize)
                if code is None:
                    code = compile(source, path, "exec", dont_inherit=True, optimize=optimize)
            except (RecursionError, MemoryError) as exc:
                raise ValueError("it is too deeply nested for the compiler") from exc
        if not warned:
            codes[key] = code
            self._unkept.append((cache, digest, path, code))
        return code

    def known(self, path: str, digest: bytes, cache: CodeCache, optimize: int) -> CodeType | None:
        """What `code` has returned for that text lately, if the compiler had nothing to warn of."""
        return self._codes.get(path, {}).get((digest, optimize, cache.compiler))

    def forget_code(self, path: str) -> None:
        """Nobody runs a text of this file that was edited since."""
        self._codes.pop(path, None)

    def keep(self) -> None:
        """Put into the cache what was compiled."""
        for cache, digest, path, code in self._unkept:
            cache.store(digest, path, code)
        self._unkept.clear()

    def _recompiled(
        self, path: str, like: bytes | None, source: bytes, cache: CodeCache, optimize: int
    ) -> CodeType | None:
        before = None if like is None else self.source(path, like)
        if like is None or before is None:
            return None
        # Of a text that is known here or in the cache there is nothing to warn of.
        code = self.known(path, like, cache, optimize) or cache.load(like, path)
        if code is None:
            return None
        from afresh.source.recompile import recompiled

        return recompiled(before, code, source, optimize=optimize)
