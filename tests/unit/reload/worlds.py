"""A disk, processes that consume what is on it, and the plan that they lead to."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType

from afresh.reload.compare import Comparison, compare
from afresh.reload.disk import Now, followed
from afresh.reload.journal import Edit, Exec, Read, Signature, Stat
from afresh.reload.orders import Inside
from afresh.reload.plan import Candidate, Plan, Question, Texts, plan
from afresh.reload.statements import begins_alike, conditions
from afresh.reload.strand import Strand, Text


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass
class World:
    """`disk`: what is in each file. Everything that is consumed is consumed as it is at that moment."""

    disk: dict[str, str] = field(default_factory=dict)
    touched: dict[str, Now] = field(default_factory=dict)
    edits: int = 0
    _saved: dict[str, int] = field(default_factory=dict)
    _texts: dict[bytes, str] = field(default_factory=dict)

    # ---- what processes consume ---------------------------------------------------------------------------------

    def signature(self, path: str) -> Signature | None:
        if path not in self.disk:
            return None
        saved = self._saved.get(path, 0)
        return Signature(1, 1, len(self.disk[path]), saved, saved)

    def executed(self, path: str, module: str = "", *, outside: bool = False) -> Exec:
        """A module's execution; `outside` the project there is no digest."""
        signature = self.signature(path)
        assert signature is not None
        text = self.disk[path]
        self._texts[digest(text)] = text
        return Exec(
            module or path.rpartition("/")[2].removesuffix(".py"), path, signature, b"" if outside else digest(text)
        )

    def read(self, path: str) -> Read:
        return Read(path, self.signature(path))

    def asked(self, path: str) -> Stat:
        return Stat(path, "file" if path in self.disk else "")

    # ---- edits ---------------------------------------------------------------------------------------------------

    def save(self, changes: Mapping[str, str | None]) -> Edit:
        """One edit: new texts, None for a file that is deleted."""
        self.edits += 1
        for path, text in changes.items():
            existed = path in self.disk
            if text is None:
                self.disk.pop(path, None)
            else:
                self.disk[path] = text
                self._texts[digest(text)] = text
                self._saved[path] = self.edits
            known = digest(text) if text is not None else None
            now = Now(
                path,
                known,
                self.signature(path),
                ((0, path in self.disk),),
                ("file",) * 2 if path in self.disk else ("", ""),
            )
            self.touched[path] = followed(self.touched.get(path), now, self.edits, existed=existed)
        return Edit(frozenset(changes))

    # ---- the plan ------------------------------------------------------------------------------------------------

    def plan(
        self,
        edit: Edit,
        candidates: Iterable[Candidate],
        serving: Strand | None,
        *,
        is_consumed: Callable[[str], bool] = lambda _: False,
        is_asked_for: Callable[[str], bool] = lambda _: False,
        is_project_code: Callable[[str], bool] = lambda _: False,
        receivers: bool = False,
        obstacle: str = "",
        shown: Strand | None = None,
    ) -> Plan:
        """Decide; `candidates` with the latest first."""
        return plan(
            Question(
                edit=edit,
                serving=serving,
                candidates=list(candidates),
                touched=self.touched,
                texts=Texts(self.compare, self.begins_alike),
                is_consumed=is_consumed,
                is_asked_for=is_asked_for,
                is_project_code=is_project_code,
                receivers=receivers,
                obstacle=obstacle,
                shown=shown,
            )
        )

    def compare(self, old: Text, now: Now) -> Comparison | str:
        if now.digest is None:
            return "it is gone"
        before, after = self._texts[old.digest], self._texts[now.digest]
        try:
            return compare(_compiled(before, old.file), _compiled(after, old.file))
        except SyntaxError as exc:
            return f"SyntaxError in line {exc.lineno}"

    def begins_alike(self, inside: Inside, old: Text, now: Now) -> bool:
        if now.digest is None:
            return False
        before, after = self._texts[old.digest], self._texts[now.digest]
        try:
            acts_alike = conditions(_compiled(before, old.file)) == conditions(_compiled(after, old.file))
        except SyntaxError:
            return False
        return acts_alike and begins_alike(inside.line, before.encode(), after.encode())


@lru_cache(maxsize=1000)
def _compiled(text: str, file: str) -> CodeType:
    return compile(text, file, "exec", dont_inherit=True)
