"""The import hook: every module look-up and every project module, seen and journalled, nothing of it changed.

The observer stands first on `sys.meta_path` and asks the finders behind it, so that editable installs, namespace
packages and rewriting hooks behave as without it. Its frames are cut out of tracebacks where an exception passes
through: a bare `raise` adds no entry for its own frame, so what remains is what Python alone would have printed, line
numbers inside importlib included.
"""

from __future__ import annotations

import sys
from _imp import acquire_lock, release_lock
from _thread import get_ident
from importlib import _bootstrap
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder, SourceFileLoader
from posix import stat

import msgspec

from afresh import modules
from afresh.boot.ahead import Ahead
from afresh.boot.candidates import Candidates
from afresh.boot.observe import Importing
from afresh.reload.journal import Entry, Exec, Sealed, Signature
from afresh.reload.orders import Inside
from afresh.source.reading import absolute, digest_of, read_source, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

    from afresh.boot.journal import JournalWriter
    from afresh.boot.roots import ProjectRoots
    from afresh.boot.standing import Standing
    from afresh.channel.messages import Compiler
    from afresh.reload.orders import Patch
    from afresh.source.cache import CodeCache

    Trigger = Callable[[ModuleType], None]

OWN_FILE = (lambda: None).__code__.co_filename
# Python takes frames below this one out of tracebacks of imports (Python/import.c, `remove_importlib_frames`).
_call_with_frames_removed: Callable[..., object] = _bootstrap.__dict__["_call_with_frames_removed"]
# Python's own finders do not look at sys.meta_path and so cannot lead back here.
PLAIN_FINDERS = (BuiltinImporter, FrozenImporter, PathFinder)
HAS_LAZY_IMPORTS = hasattr(sys, "lazy_modules")
WITHOUT_FILES: tuple[object, ...] = (BuiltinImporter, FrozenImporter)


class Observer:
    """Sees every look-up; to be put first on `sys.meta_path`. The last one made reads the project's modules.

    `triggers`: by module name, what to call with the module right after it has been executed.
    """

    def __init__(
        self,
        journal: JournalWriter,
        roots: ProjectRoots,
        cache: CodeCache,
        triggers: dict[str, Trigger],
        standing: Standing | None = None,
        looked_up: Callable[[], None] | None = None,
        found: Callable[[str], Trigger | None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._importing = Importing(journal)
        self._roots = roots
        self._cache = cache
        self._triggers = triggers
        self.standing = standing
        self._looked_up = looked_up  # called before each look-up
        # Called with the name of each module that is about to be executed; what it returns is one more trigger.
        self._found = found
        # What runs of the project, by file; None for a file whose functions are of more than one text.
        self.running: dict[str, Running | None] = {}
        self._candidates = Candidates(journal.add)
        self._ahead = Ahead()
        # Finders that are being asked right now, by thread and module name.
        self._asking: dict[tuple[int, str], list[object]] = {}
        journal.on_serve = self._go_first
        ProjectLoader.observer = self

    def __repr__(self) -> str:
        return f"<Observer {self._journal!r} {self._roots!r}>"

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the finders behind this one find (importlib.abc.MetaPathFinder)."""
        if self._looked_up is not None:
            self._looked_up()
        try:
            spec = self._ask(name, path, target)
        except BaseException as exc:
            cut_own_frames(exc)
            raise
        if spec is not None and spec.loader in WITHOUT_FILES:
            return spec
        if not (name == "afresh" or name.startswith("afresh.")):
            self._note(name, path, spec)
        return spec

    def _go_first(self) -> None:
        """Look-ups that finders put in front during the boot have answered were seen by the files they opened.

        From here on nobody sees those, and what is asked first sees them all; the others are asked in their order.
        """
        if self in sys.meta_path and sys.meta_path[0] is not self:
            sys.meta_path.remove(self)
            sys.meta_path.insert(0, self)

    def _ask(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        is_behind = False
        for finder in tuple(sys.meta_path):
            if not is_behind:
                is_behind = finder is self
            elif finder in PLAIN_FINDERS:
                if (spec := finder.find_spec(name, path, target)) is not None:
                    return spec
            elif (spec := self._ask_guarded(finder, name, path, target)) is not None:
                return spec
        return None

    def _ask_guarded(
        self, finder: object, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """Ask a finder that may itself ask all of `sys.meta_path` (wrapt's does): then it is passed over, once in."""
        find = getattr(finder, "find_spec", None)
        asking = self._asking.setdefault((get_ident(), name), [])
        if find is None or any(other is finder for other in asking):
            return None
        asking.append(finder)
        try:
            spec: ModuleSpec | None = find(name, path, target)
            return spec
        finally:
            asking.pop()
            if not asking:
                self._asking.pop((get_ident(), name), None)

    def _note(self, name: str, path: Sequence[str] | None, spec: ModuleSpec | None) -> None:
        found = self._candidates.find(name, path, spec)
        executed = None if spec is None else self._take_over(name, spec)
        entries = (found,) if executed is None else (found, executed)
        if self._journal.waits and (spec is None or executed is not None):
            self._cover(*entries)
        else:
            # A project module waits later, with its bytes in hand; a look-up alone takes no effect.
            for entry in entries:
                self._journal.add(entry)
        if spec is not None and spec.loader is not None:
            trigger = self._triggers.get(name) or self._found(name)
            if trigger is not None:
                _call_after(spec.loader, trigger)

    def _take_over(self, name: str, spec: ModuleSpec) -> Entry | None:
        """Put the project's loader in place; for any other module, the entry that says it is executed.

        Between a look-up and the execution Python gives no hook that leaves the loader alone, so a module outside the
        project counts as executed when it was found.
        """
        if spec.origin is None or not spec.has_location:
            return None
        file = absolute(spec.origin)
        plain = spec.loader if type(spec.loader) is SourceFileLoader else None
        signature = None if plain and self._roots.contains(file) else signature_of(file)
        if plain and (signature is None or _is_younger_than_code(signature, spec.cached)):
            spec.loader = ProjectLoader(plain.name, plain.path)
            return None
        self._journal.files.add(file)
        if spec.cached is not None:
            self._journal.files.add(spec.cached)
        if signature is None:
            return None
        if plain and file == spec.origin and (code := self._ahead.library(file, signature)) is not None:
            _give_code(plain, code)
        return Exec(name, file, signature)

    def _cover(self, *entries: Entry) -> None:
        # importlib holds its global lock around find_spec. The thread that reads the answer may need it.
        depth = _give_lock_away()
        try:
            self._journal.cover(*entries)
        finally:
            for _ in range(depth):
                acquire_lock()

    def code(self, module: str, path: str) -> CodeType:
        """The code of the project module at `path`, of the bytes that are there now; journalled before it is run."""
        known = self._ahead.project(path)
        if known is None:
            return self._code(module, path)[0]
        self._journal.files.add(path)
        # Saved from here on, it differs from the entry, as if it had been read just before.
        self._journal.cover(Exec(module, path, known.source, known.digest))
        self._runs(module, path, known.code)
        return known.code

    def _code(self, module: str, path: str) -> tuple[CodeType, bytes]:
        try:
            source, digest = self.read(module, path)
        except OSError:
            digest = b""
        if not digest:
            # Python's loader runs an unreadable source from its .pyc, or says what is wrong.
            return _not_none(SourceFileLoader(module, path).get_code(module)), b""
        code = compiled(self._cache, module, path, source, digest)
        self._runs(module, path, code)
        return code, source

    def _runs(self, module: str, path: str, code: CodeType) -> None:
        if path in self.running or path != absolute(path):
            self.running[path] = None
            self._journal.add(Sealed(absolute(path), "it was executed more than once"))
        else:
            self.running[path] = Running(module, code)

    def execute(self, module: ModuleType, execute: Callable[[ModuleType], object]) -> None:
        """Execute a project module; in a server, what it consumes meanwhile is journalled as it is during a start."""
        if not self._journal.is_serving:
            execute(module)
            return
        with self._importing:
            try:
                execute(module)
            finally:
                self._journal.settle()

    def execute_in_parts(self, module: ModuleType, path: str, standing: Standing, line: int) -> None:
        """Execute the project module at `path`, with a checkpoint above that line if there can be one."""
        from afresh.boot.inside import parts
        from afresh.reload.statements import boundary

        code, source = self._code(module.__name__, path)
        # The line was found in a text that may have been saved over since.
        found = parts(code, line) if source and boundary(source, line) == line else None
        if found is None:
            _call_with_frames_removed(exec, code, module.__dict__)
            return
        _call_with_frames_removed(exec, found.above, module.__dict__)
        rest = found.rest
        # What holds functions' code beside the one tree would keep them from being exchanged.
        del code, found
        if standing.inside(Inside(path, line)):
            rest = self._rest_by_now(module, path, standing, line, source)
        _call_with_frames_removed(exec, rest, module.__dict__)

    def _rest_by_now(self, module: ModuleType, path: str, standing: Standing, line: int, before: bytes) -> CodeType:
        """In a process that was resumed above that line: the rest of what the file says now."""
        from afresh.boot.inside import annotate, joined, parts
        from afresh.reload.statements import begins_alike, conditions, late_annotations

        source, digest = self.read(module.__name__, path)
        code = compiled(self._cache, module.__name__, path, source, digest)
        old = self.running[path]
        found = parts(code, line) if begins_alike(line, before, source) else None
        if found is None or (old is not None and conditions(old.code) != conditions(code)):
            standing.give_up(path)
        if late_annotations(code) and not (old and annotate(module.__dict__, old.code, code)):
            standing.give_up(path)
        self.running[path] = None if old is None else old.followed_by(joined(old.code, code, line), code)
        return found.rest

    def patch(self, patches: Sequence[Patch], *, for_good: bool = False) -> None:
        """Exchange functions of what runs by those of other texts; raises `Refusal`, with nothing usable left then.

        `for_good`: nobody will be forked from this process, and so no others be exchanged after these.
        """
        if not patches:
            return
        from afresh.boot.control import Refusal
        from afresh.boot.patch import apply, merged

        for patch in patches:
            running = self.running.get(patch.file)
            module = None if running is None else sys.modules.get(running.module)
            if running is None or not modules.is_module(module):
                raise Refusal(patch.file, "it was not loaded in the usual way")
            code = self._code_with(patch, running.code)
            if reason := apply(running.code, code, modules.attributes(module), running.held):
                raise Refusal(patch.file, reason)
            if not for_good:
                self.running[patch.file] = running.followed_by(merged(running.code, code))

    def _code_with(self, patch: Patch, old: CodeType) -> CodeType:
        if patch.parts:
            import marshal

            from afresh.reload.compare import replaced

            return replaced(old, {part.position: marshal.loads(part.code) for part in patch.parts})
        code = self._cache.load(patch.digest, patch.file)
        if code is not None:
            return code
        from afresh.boot.control import Refusal

        try:
            source = read_source(patch.file)[1]
            if digest_of(source) == patch.digest:
                return compiled(self._cache, patch.module, patch.file, source, patch.digest)
        except (OSError, SyntaxError, ValueError):
            pass
        raise Refusal(patch.file, "")

    @property
    def compiler(self) -> Compiler:
        """How code comes to be here, for whoever compiles in this process's place."""
        from afresh.channel.messages import Compiler

        return Compiler(self._cache.compiler, self._cache.directory, sys.flags.optimize)

    def expect(self, executions: Iterable[Exec]) -> None:
        """These are going to be executed, if nothing of them is edited: load their code."""
        self._ahead.load(executions, self._cache)

    def expect_nothing(self) -> None:
        """All is loaded."""
        self._ahead.forget()

    def read(self, module: str, path: str) -> tuple[bytes, bytes]:
        """Source and digest of a project file that is about to be executed, journalled; raises OSError."""
        file = absolute(path)
        self._journal.files.add(file)
        signature, source = read_source(path)
        digest = digest_of(source)
        self._journal.cover(Exec(module, file, signature, digest))
        return source, digest

    def main(self, path: str) -> bytes:
        """The source of the script that becomes `__main__`, journalled; raises OSError."""
        self._journal.add(Sealed(absolute(path), "it is the program itself"))
        return self.read("__main__", path)[0]


class Running(msgspec.Struct, frozen=True):
    """A module's code as it was executed: the functions that live hold parts of this very object.

    `held`: the code before, which what is imported lazily (since 3.15) holds until it is used.
    """

    module: str
    code: CodeType
    held: tuple[CodeType, ...] = ()

    def followed_by(self, code: CodeType, *executed: CodeType) -> Running:
        """The same with other code, of which `executed` was executed."""
        return Running(self.module, code, (*self.held, self.code, *executed) if HAS_LAZY_IMPORTS else ())


class ProjectLoader(SourceFileLoader):
    """Loads a project module from its bytes, never from `__pycache__`, which it neither reads nor writes."""

    observer: Observer | None = None

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module; raises what it raises."""
        try:
            observer = self.observer
            standing = None if observer is None else observer.standing
            if observer is None or standing is None:
                super().exec_module(module)
                return
            standing.before(self.path)
            line = standing.line_in(self.path)
            if line:
                observer.execute_in_parts(module, self.path, standing, line)
            else:
                observer.execute(module, super().exec_module)
        except BaseException as exc:
            cut_own_frames(exc)
            raise

    def get_code(self, fullname: str) -> CodeType:
        """The module's code; raises what Python's own loader raises."""
        try:
            path = self.get_filename(fullname)
            if self.observer is None:
                return compile_source(fullname, path, read_source(path)[1])
            return self.observer.code(fullname, path)
        except BaseException as exc:
            cut_own_frames(exc)
            raise

    def __reduce__(self) -> tuple[type[SourceFileLoader], tuple[str, str]]:
        # Whoever loads a pickled spec need not have Afresh.
        return SourceFileLoader, (self.name, self.path)


class _Given(SourceFileLoader):
    """Python's loader with the source in hand. Its own `get_code` is what raises, with its own line numbers."""

    def __init__(self, module: str, path: str, source: bytes) -> None:
        super().__init__(module, path)
        self._source = source

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError("without a time there is nothing to compare a .pyc with")

    def get_data(self, path: str) -> bytes:
        return self._source


def read_main(path: str) -> bytes:
    """The source of the script that becomes `__main__`, journalled where there is an observer; raises OSError."""
    observer = ProjectLoader.observer
    return read_source(path)[1] if observer is None else observer.main(path)


def compile_source(module: str, path: str, source: bytes) -> CodeType:
    """Compile as Python's loader does; raises SyntaxError, ValueError."""
    return _not_none(_Given(module, path, source).get_code(module))


def compiled(cache: CodeCache, module: str, path: str, source: bytes, digest: bytes) -> CodeType:
    """The code of a source, from `cache` or to be found there from now on; raises as `compile_source`."""
    code = cache.load(digest, path)
    if code is None:
        code = compile_source(module, path, source)
        cache.store(digest, path, code)
    return code


def cut_own_frames(exc: BaseException) -> None:
    """Take the leading frames of this file out of the traceback, in a handler that goes on with a bare `raise`."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == OWN_FILE:
        traceback = traceback.tb_next
    if traceback is not None:
        # Not by attribute: exception classes may forbid setting any (frozen attrs classes).
        BaseException.with_traceback(exc, traceback)


def _call_after(loader: Any, trigger: Trigger) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module
        try:
            execute(module)
        except BaseException as exc:
            cut_own_frames(exc)
            raise
        trigger(module)

    loader.exec_module = exec_module


def _give_code(loader: Any, code: CodeType) -> None:
    """Have Python's loader, which goes on as ever, find the code without reading it, once."""

    def get_code(_: str) -> CodeType:
        del loader.get_code
        return code

    loader.get_code = get_code


def _is_younger_than_code(source: Signature, cached: str | None) -> bool:
    """Whether the source was saved after its .pyc was made: then whole seconds cannot tell the two apart."""
    if cached is None:
        return False
    try:
        return source.mtime >= stat(cached).st_mtime_ns
    except OSError:
        return False


def _give_lock_away() -> int:
    depth = 0
    while True:
        try:
            release_lock()
        except RuntimeError:  # not held by this thread
            return depth
        depth += 1


def _not_none(code: CodeType | None) -> CodeType:
    assert code is not None, "only loaders without a source give no code"
    return code
