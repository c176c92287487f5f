"""What all processes consumed and what was edited since: everything that a plan depends on, kept up to date.

Must live here: strands by process, the history of edited paths, the code that comparisons need.
Must not know: messages, the machine, what becomes of a plan.
"""

from __future__ import annotations

import marshal
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from afresh.channel.messages import Compiler
from afresh.reload.disk import Now, followed
from afresh.reload.journal import Edit, Entry, Exec, Read, Signature, Stat
from afresh.reload.orders import Inside, Part, Patch
from afresh.reload.plan import Candidate, Plan, Question, Texts, Way, plan
from afresh.reload.strand import Strand, Text
from afresh.source.cache import CodeCache
from afresh.source.editions import Editions
from afresh.source.reading import kind_of, signature_of
from afresh.watch.states import same_content

if TYPE_CHECKING:
    from afresh.reload.compare import Comparison

OVERTAKEN = "the start itself was overtaken by an edit"
# Imported by a first request, these leave nothing behind that a start would not have had (Django imports them by name,
# from settings, when they are needed first).
FRAMEWORK = "django."
MOST_PARTS = 64 * 1024  # bytes of code in one message
MOST_AHEAD = 2 << 20  # bytes of source, of which the code takes some more, in a process that may never be needed
PLACES = 2  # people edit the same few places again and again; each costs the memory of a process


class Account(msgspec.Struct, eq=False):
    """One process in the ledger. `began` and `progress` in seconds: how far its boot had come when it was forked.
    `edits`: how many there had been when its first interpreter began, in generation `root`. `later`: of a checkpoint,
    what the process that went on from it last has executed, with those `before` it came there.
    """

    strand: Strand
    root: int
    edits: int = 0
    began: float = msgspec.field(default_factory=time.monotonic)
    progress: float = 0.0
    executed: list[Exec] = msgspec.field(default_factory=list)
    later: list[Exec] = msgspec.field(default_factory=list)
    before: int = 0
    is_ready: bool = False
    inside: Inside | None = None
    unfinished: frozenset[str] = frozenset()
    refused: set[tuple[str, bytes | None]] = msgspec.field(default_factory=set)

    def reached(self) -> float:
        """How far the boot has come, in the time that a boot takes to come there."""
        return self.progress + time.monotonic() - self.began


class Ledger:
    """By handle of the process. `is_consumed`: whether the watcher knows of anybody who depends on a path. `text_of`:
    what a file said before it was edited, where that is known."""

    def __init__(
        self,
        is_consumed: Callable[[str], bool],
        is_asked_for: Callable[[str], bool],
        text_of: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        self._is_consumed = is_consumed
        self._text_of = text_of
        self._is_asked_for = is_asked_for
        self._accounts: dict[int, Account] = {}
        self._edits = 0
        self._touched: dict[str, Now] = {}
        self._touched_at: dict[str, int] = {}
        # What was found at a path last, by any process: a digest, a signature, or of what kind it was.
        self._found: dict[tuple[type[Entry], str, bool], object] = {}
        # What requests have read and no start has consumed: while a start is under way, it does not depend on them.
        self._only_read: set[str] = set()
        self._editions = Editions()
        self._compiler: Compiler | None = None
        self._obstacle = ""
        self._shown: Strand | None = None  # what answered last
        self._cache = CodeCache(None)
        self._comparisons: dict[tuple[str, bytes, bytes], Comparison | str] = {}
        self._places: dict[str, int] = {}
        self._whole = math.inf  # seconds that a boot took lately
        # By file and digest; None for a text that cannot be compiled.
        self._conditions: dict[tuple[str, bytes], tuple[int, ...] | None] = {}

    def __repr__(self) -> str:
        return f"<Ledger processes={sorted(self._accounts)} edits={self._edits} touched={len(self._touched)}>"

    # ---- processes ------------------------------------------------------------------------------------------------

    def spawned(self, handle: int, generation: int) -> None:
        """A fresh interpreter begins to boot."""
        self._accounts[handle] = Account(Strand(), generation, self._edits)

    def forked(self, handle: int, parent: int, patches: Iterable[Patch]) -> None:
        """A process goes on from a checkpoint, with functions exchanged."""
        origin = self._accounts[parent]
        patched = {patch.file: Text(patch.file, patch.module, patch.digest) for patch in patches}
        account = Account(Strand(origin.strand, patched), origin.root, origin.edits, progress=origin.progress)
        self._accounts[handle] = account
        origin.later, origin.before = account.executed, 0

    def split(self, boot: int, checkpoint: int, unfinished: Iterable[str], inside: Inside | None) -> None:
        """What `boot` was until now is `checkpoint`; it goes on as a child of that."""
        account = self._accounts[boot]
        here = account.reached()
        self._accounts[checkpoint] = Account(
            account.strand,
            account.root,
            account.edits,
            progress=here,
            inside=inside,
            unfinished=frozenset(unfinished),
            later=account.executed,
            before=len(account.executed),
        )
        account.strand = Strand(account.strand)
        account.progress, account.began = here, time.monotonic()

    def consumed(self, handle: int, entries: Iterable[Entry], *, by_request: bool = False) -> None:
        """Take in journal entries. `by_request`: reads of a process that answers."""
        account = self._accounts.get(handle)
        if account is not None:
            entries = tuple(entries)
            for entry in entries:
                if isinstance(entry, Read | Exec | Stat):
                    self._note_reader(entry, by_request=by_request)
            self._learn(entries)
            account.strand.add(entries, self._edits)
            account.executed += [entry for entry in entries if isinstance(entry, Exec)]

    def _note_reader(self, entry: Read | Exec | Stat, *, by_request: bool) -> None:
        path = entry.path if isinstance(entry, Stat) else entry.file
        if not by_request:
            self._only_read.discard(path)
        elif not any((kind, path, follows) in self._found for kind in (Read, Exec, Stat) for follows in (True, False)):
            self._only_read.add(path)

    def _learn(self, entries: Iterable[Entry]) -> None:
        """Note what a process has found otherwise than those before it: the watcher compares with what was consumed
        last and so may never tell of it as an edit."""
        changed = set()
        for entry in entries:
            follows = True
            match entry:
                case Exec(file=path, digest=found) if found:
                    pass
                case Read(file=path, signature=found) | Exec(file=path, signature=found):
                    pass
                case Stat(path=path, found=found, follows=follows):
                    pass
                case _:
                    continue
            known = self._found.setdefault((type(entry), path, follows), found)
            if known != found and not _is_same_file(known, found):
                self._found[type(entry), path, follows] = found
                changed.add(path)
        if changed:
            self.touch(Edit(frozenset(changed)))

    def doubt(self, handle: int) -> None:
        """What the process has consumed was saved over before the watch stood."""
        self.spoil(handle, OVERTAKEN)

    def spoil(self, handle: int, reason: str) -> None:
        """Nothing can go on from the process, nor from what went on from it."""
        account = self._accounts.get(handle)
        if account is not None:
            account.strand.spoilt = reason

    def holds(self, handle: int, edit: Edit) -> bool:
        """Whether what the process has consumed so far is as the disk is after the edit, which was touched."""
        account = self._accounts.get(handle)
        found = [] if account is None else [account.strand.objection(self._touched[path]) for path in edit.changed]
        return account is not None and not any(found)

    def doubt_beside(self, handle: int) -> None:
        """The same of all that the process does not descend from: its end changes what they have made."""
        account = self._accounts.get(handle)
        line = [] if account is None else list(account.strand.line())
        for other in self._accounts.values():
            if other.strand not in line:
                other.strand.spoilt = OVERTAKEN

    def refused(self, checkpoint: int, file: str, reason: str) -> None:
        """What is forked from there cannot go on with the present text of `file`; with a `reason`, with none."""
        account = self._accounts.get(checkpoint)
        if account is None:
            return
        if reason:
            account.strand.sealed[file] = reason
        # Of a file that nobody has edited this holds for good: the same would be asked again and again.
        account.refused.add((file, self._touched[file].digest if file in self._touched else None))

    def ready(self, handle: int, compiler: Compiler | None, obstacle: str = "") -> None:
        """The process has loaded the application. `obstacle`: why it is no checkpoint, as of `afresh.boot.sensors`."""
        # What follows the semicolon is advice, and has been given.
        self._obstacle = obstacle.partition(";")[0]
        account = self._accounts[handle]
        account.is_ready = True
        account.progress = self._whole = account.reached()
        if compiler is not None and compiler != self._compiler:
            self._cache = CodeCache(compiler.cache, compiler.key)
        self._compiler = compiler

    def failed(self) -> None:
        """A start did not come to its end: it has left no checkpoint there. Nor would it have, beside an obstacle."""
        self._obstacle = self._obstacle or "the last start failed, so that there is nothing to exchange functions in"

    def gone(self, handle: int) -> None:
        """The process has ended; what it consumed counts for those who were forked from it."""
        self._accounts.pop(handle, None)

    def root_of(self, handle: int) -> int:
        """The generation of the boot that the process descends from; 0 for a process that is not known."""
        account = self._accounts.get(handle)
        return 0 if account is None else account.root

    def modules_of(self, handle: int) -> int:
        """How many modules the process has executed since it was forked."""
        account = self._accounts.get(handle)
        return 0 if account is None else len(account.executed)

    def lazily_imported(self, server: int, ready: int) -> tuple[str, ...]:
        """Modules of the framework that a server has imported while it answered and its checkpoint has not."""
        accounts = self._accounts.get(server), self._accounts.get(ready)
        if accounts[0] is None or accounts[1] is None:
            return ()
        known = {executed.module for executed in accounts[1].executed}
        names = (executed.module for executed in accounts[0].executed)
        return tuple(name for name in names if name.startswith(FRAMEWORK) and name not in known)

    def executed_after(self, checkpoint: int) -> tuple[Exec, ...]:
        """What the process that went on from there last has executed, in this order; of much, the first part."""
        account = self._accounts.get(checkpoint)
        later = [] if account is None else account.later[account.before :]
        sizes = accumulate(executed.signature.size for executed in later)
        return tuple(executed for executed, size in zip(later, sizes, strict=True) if size <= MOST_AHEAD)

    def at_last_place(self, checkpoints: Iterable[int]) -> int | None:
        """Which of the checkpoints stands where the last edit was; the latest, of more than one."""
        place = next(reversed(self.places), None)
        found = [
            handle for handle in checkpoints if handle in self._accounts and self._accounts[handle].inside == place
        ]
        return max(found, default=None) if place is not None else None

    def progress_of(self, handle: int) -> tuple[float, Inside | None, tuple[str, ...]]:
        """How far a checkpoint's boot had come, in seconds; the place inside a file that it stands at; the files that
        it was executing."""
        account = self._accounts.get(handle)
        if account is None:
            return 0.0, None, ()
        return account.progress, account.inside, tuple(sorted(account.unfinished))

    def rest_of(self, handle: int) -> float:
        """Seconds that a boot takes from this checkpoint to its end, about."""
        account = self._accounts.get(handle)
        return math.inf if account is None else self._whole - account.progress

    # ---- edits ----------------------------------------------------------------------------------------------------

    def touch(self, edit: Edit) -> None:
        """Take note of what the disk says now."""
        self._edits += 1
        for path in edit.changed:
            if path not in self._touched_at and (text := self._text_of(path)) is not None:
                self._editions.add(path, text)
            needed = self._digests_of(path)
            # What nobody runs, a dump or an upload, may be as large as the disk, and its signature is enough.
            is_code = bool(needed) or path.endswith(".py")
            digest, signature = self._editions.read(path, needed) if is_code else (None, signature_of(path))
            kinds = (kind_of(path), kind_of(path, follows=False))
            exists = bool(kinds[1])
            # A path that nobody has seen and that is told of for its name has just come, or gone.
            existed = self._was_known(path) or exists != self._is_consumed(path)
            now = Now(path, digest, signature, ((0, exists),), kinds)
            self._touched[path] = followed(self._touched.get(path), now, self._edits, existed=existed)
            self._touched_at[path] = self._edits

    def _digests_of(self, path: str) -> set[bytes]:
        """The texts of this file that somebody runs."""
        lines = (account.strand.line() for account in self._accounts.values())
        return {strand.texts[path].digest for line in lines for strand in line if path in strand.texts}

    def _was_known(self, path: str) -> bool:
        return any(account.strand.has_seen(path) for account in self._accounts.values())

    def plan(
        self,
        edit: Edit,
        *,
        serving: int | None,
        candidates: Sequence[int],
        is_project_code: Callable[[str], bool],
        receivers: bool,
    ) -> Plan:
        """What the edit asks for. `candidates`: checkpoints, in any order."""
        accounts = [(handle, self._accounts[handle]) for handle in candidates if handle in self._accounts]
        accounts.sort(key=lambda item: (item[1].is_ready, item[1].progress, item[0]), reverse=True)
        server = None if serving is None else self._accounts.get(serving)
        if server is not None:
            self._shown = server.strand
        found = plan(
            Question(
                edit=edit,
                serving=None if server is None else server.strand,
                candidates=[
                    Candidate(
                        handle,
                        account.strand,
                        account.is_ready,
                        account.inside,
                        account.unfinished,
                        frozenset(account.refused),
                    )
                    for handle, account in accounts
                ],
                touched=self._touched,
                texts=Texts(self._compare, self._begins_alike),
                is_consumed=lambda path: path not in self._only_read and self._is_consumed(path),
                is_asked_for=self._is_asked_for,
                is_project_code=is_project_code,
                receivers=receivers,
                obstacle=self._obstacle,
                shown=self._shown,
            )
        )
        if found.way in (Way.RESUME, Way.COLD):
            self._expect_more(edit, [account for _, account in accounts])
        return self._with_parts(found)

    def _with_parts(self, found: Plan) -> Plan:
        """Give the code along where it is little. Where it is not, it is put where the process can load it."""
        patches = tuple(self._patch_with_parts(found.at, patch) for patch in found.patches)
        if sum(len(part.code) for patch in patches for part in patch.parts) > MOST_PARTS:
            patches = found.patches
        if found.way is not Way.PATCH or not all(patch.parts for patch in patches):
            self._editions.keep()
        return msgspec.structs.replace(found, patches=patches)

    def _patch_with_parts(self, at: int | None, patch: Patch) -> Patch:
        account = self._accounts.get(at or 0)
        text = None if account is None else account.strand.text(patch.file)
        found = None if text is None else self._comparisons.get((patch.file, text.digest, patch.digest))
        if text is None or found is None or isinstance(found, str) or self._compiler is None or not found.changed:
            return patch
        from afresh.reload.compare import are_functions_equal, at_position, outermost, replaced

        before, after = (
            self._editions.known(patch.file, digest, self._cache, self._compiler.optimize)
            for digest in (text.digest, patch.digest)
        )
        if before is None or after is None:
            return patch
        positions = {outermost(after, place.position) for place in found.changed}
        codes = {position: at_position(after, position) for position in positions}
        parts = tuple(Part(position, marshal.dumps(code)) for position, code in codes.items())
        # Where other functions are, or what a class notes of itself, may differ as well.
        if not are_functions_equal(replaced(before, codes), after):
            return patch
        return msgspec.structs.replace(patch, parts=parts)

    def forget(self, root: int) -> None:
        """No process of a boot before generation `root` will be gone on from: forget what was edited before it."""
        if all(account.root >= root for account in self._accounts.values()):
            begun = min((account.edits for account in self._accounts.values()), default=self._edits)
            for path in [path for path, at in self._touched_at.items() if at <= begun]:
                del self._touched[path], self._touched_at[path]
                self._editions.forget_code(path)

    @property
    def places(self) -> tuple[Inside, ...]:
        """Where edits were made lately, and so where checkpoints will be of use."""
        return tuple(Inside(file, line) for file, line in self._places.items())

    def _expect_more(self, edit: Edit, accounts: Sequence[Account]) -> None:
        for path in edit.changed:
            text = next((found for account in accounts if (found := account.strand.text(path)) is not None), None)
            if text is None:
                continue
            place = self._place(text, self._touched[path])
            self._places.pop(path, None)
            self._places[path] = place
            for surplus in list(self._places)[:-PLACES]:
                del self._places[surplus]

    def prepare(self) -> None:
        """Put away what was compiled, and import what only edits need: not at the start, which the user waits for, nor
        at the first edit."""
        self._editions.keep()
        import afresh.reload.compare
        import afresh.reload.statements
        import afresh.source.recompile  # noqa: F401

    # ---- texts ----------------------------------------------------------------------------------------------------

    def _compare(self, old: Text, now: Now) -> Comparison | str:
        if now.digest is None:
            return "it is gone"
        key = (old.file, old.digest, now.digest)
        if key not in self._comparisons:
            if len(self._comparisons) > 100:
                self._comparisons.clear()
                self._conditions.clear()
            optimize = sys.flags.optimize if self._compiler is None else self._compiler.optimize
            self._comparisons[key] = self._compare_code(*key, optimize)
        found = self._comparisons[key]
        if self._compiler is None and not isinstance(found, str):
            return found.obstacle or _what_changed(found)
        return found

    def _compare_code(self, file: str, old: bytes, new: bytes, optimize: int) -> Comparison | str:
        before = self._editions.code(file, old, self._cache, optimize)
        if before is None:
            return "its old text is not known"
        try:
            after = self._editions.code(file, new, self._cache, optimize, like=old)
        except (SyntaxError, ValueError) as exc:
            self._conditions[file, new] = None
            return f"{type(exc).__name__} in line {exc.lineno}" if isinstance(exc, SyntaxError) else str(exc)
        if after is None:
            return "it was saved again"
        from afresh.reload.compare import compare
        from afresh.reload.statements import conditions

        self._conditions[file, old], self._conditions[file, new] = conditions(before), conditions(after)
        return compare(before, after)

    def _begins_alike(self, inside: Inside, old: Text, now: Now) -> bool:
        before, after = self._sources(old, now)
        if before is None or after is None or now.digest is None:
            return False
        from afresh.reload.statements import begins_alike

        # What is not known here, the process itself finds out, and gives up.
        here, there = ((old.file, digest) for digest in (old.digest, now.digest))
        if self._conditions.get(there, ()) is None:
            return False
        if here in self._conditions and there in self._conditions and self._conditions[here] != self._conditions[there]:
            return False
        return begins_alike(inside.line, before, after)

    def _place(self, old: Text, now: Now) -> int:
        """Above which line of the present text a checkpoint is of use for edits where this one was; 0 for none."""
        before, after = self._sources(old, now)
        if before is None or after is None:
            return 0
        from afresh.reload.statements import begins_alike, boundary, parting

        line = parting(before, after)
        last = self._places.get(old.file, 0)
        if 0 < last <= line and begins_alike(last, before, after):
            return last  # which saves the time of parsing, again and again
        return boundary(after, line)

    def _sources(self, old: Text, now: Now) -> tuple[bytes | None, bytes | None]:
        """Both texts; None for one that is not known any more."""
        before = self._editions.source(old.file, old.digest)
        return before, None if now.digest is None else self._editions.source(old.file, now.digest)


def _what_changed(found: Comparison) -> str:
    """The reason of an edit that would ask for no more than to exchange functions, where that is not possible."""
    names = [place.qualname for place in found.changed]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"the body of `{names[0]}`{more}" if names else "its lines"


def _is_same_file(one: object, other: object) -> bool:
    """Whether it is as the watcher has it: another link to a file, or other rights, are no other content."""
    return isinstance(one, Signature) and isinstance(other, Signature) and same_content(one, other)
