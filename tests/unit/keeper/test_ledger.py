"""Accounts of processes, and what files on the disk make of them."""

import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType

import msgspec
import pytest

from afresh.channel.messages import Compiler
from afresh.keeper.ledger import MOST_AHEAD, PLACES, Ledger
from afresh.reload.compare import HAS_CLASS_NOTES, are_functions_equal, replaced
from afresh.reload.journal import Edit, Entry, Exec, Find, Listing, Ran, Read, Sealed, Stat
from afresh.reload.orders import Inside, Patch
from afresh.reload.plan import Plan, Way
from afresh.source.cache import CodeCache
from afresh.source.reading import digest_of, signature_of

TEXT = "import os\nVALUE = 1\ndef view():\n    return 'one'\nTAIL = 1\n"
VIEW = TEXT.replace("'one'", "'two'")
TAIL = TEXT.replace("TAIL = 1", "TAIL = 2")
VALUE = TEXT.replace("VALUE = 1", "VALUE = 2")

# Handles, in the order that processes come into being.
BOOT, START, MIDDLE, SERVER = 1, 2, 3, 4


class Desk:
    """A ledger, a folder, and a watcher that knows which paths somebody depends on."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.root.mkdir()
        self.cache = CodeCache(str(root / "cache"))
        self.compiler = Compiler(self.cache.compiler, self.cache.directory, sys.flags.optimize)
        self.consumed: set[str] = set()
        self.asked_for: set[str] = set()
        self.ledger = Ledger(self.consumed.__contains__, self.asked_for.__contains__)
        self.serving: int | None = None
        self.candidates: list[int] = []

    def path(self, name: str) -> str:
        return str(self.root / name)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)

    def executed(self, name: str) -> Exec:
        path = self.path(name)
        signature = signature_of(path)
        assert signature is not None
        self.consumed.add(path)
        source = Path(path).read_bytes()
        # As the process does: the keeper finds the code of texts there that nobody had edited yet.
        self.cache.store(digest_of(source), path, compile(source, path, "exec", dont_inherit=True))
        return Exec(name.removesuffix(".py"), path, signature, digest_of(source))

    def consume(self, handle: int, *entries: Entry) -> None:
        self.ledger.consumed(handle, entries)

    def start(self) -> None:
        """A boot that stands before `early`, and between `early` and `late`; ready, with a server."""
        for name in ("settings", "early", "late"):
            self.write(f"{name}.py", TEXT)
        self.ledger.spawned(BOOT, 1)
        self.consume(BOOT, self.executed("settings.py"))
        self.ledger.split(BOOT, START, (), None)
        self.consume(BOOT, self.executed("early.py"))
        self.ledger.split(BOOT, MIDDLE, (), None)
        self.consume(BOOT, self.executed("late.py"))
        self.ledger.ready(BOOT, self.compiler)
        self.ledger.forked(SERVER, BOOT, ())
        self.serving, self.candidates = SERVER, [BOOT, START, MIDDLE]

    def save(self, changes: dict[str, str | None], *, receivers: bool = False) -> Plan:
        """Save, and plan."""
        for name, text in changes.items():
            if text is None:
                (self.root / name).unlink()
            else:
                self.write(name, text)
        return self.edited(changes, receivers=receivers)

    def edited(self, names: Iterable[str], *, receivers: bool = False) -> Plan:
        edit = Edit(frozenset(map(self.path, names)))
        self.ledger.touch(edit)
        return self.ledger.plan(
            edit,
            serving=self.serving,
            candidates=self.candidates,
            is_project_code=lambda _: False,
            receivers=receivers,
        )

    def follow(self, found: Plan, handle: int) -> None:
        """The server `handle` goes on as planned."""
        assert found.at is not None
        self.ledger.forked(handle, found.at, found.patches)
        self.serving = handle

    def patch(self, name: str) -> Patch:
        """What the present text of a file asks for, without the code itself."""
        path = self.path(name)
        return Patch(path, name.removesuffix(".py"), digest_of(Path(path).read_bytes()))


def bare(patches: Iterable[Patch]) -> tuple[Patch, ...]:
    return tuple(msgspec.structs.replace(patch, parts=()) for patch in patches)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def started(desk: Desk) -> Desk:
    desk.start()
    return desk


def test_what_nobody_runs_is_not_read(started: Desk) -> None:
    """An upload may be as large as the disk. This one would never come to its end."""
    os.mkfifo(started.path("dump.sql"))
    assert started.edited(["dump.sql"]).way is Way.NOTHING


# ---- sequences of edits ---------------------------------------------------------------------------------------------


def test_a_sequence(started: Desk) -> None:
    """Patch, patch elsewhere, a structural edit, undo: each from what the processes have consumed."""
    found = started.save({"late.py": VIEW})
    assert (found.way, found.at, bare(found.patches)) == (Way.PATCH, BOOT, (started.patch("late.py"),))
    started.follow(found, 10)
    found = started.save({"early.py": VIEW})
    assert (found.way, found.at) == (Way.PATCH, BOOT)
    assert set(bare(found.patches)) == {started.patch("early.py"), started.patch("late.py")}
    started.follow(found, 11)
    found = started.save({"late.py": VALUE})
    assert (found.way, found.at, bare(found.patches)) == (Way.RESUME, MIDDLE, (started.patch("early.py"),))
    found = started.save({"late.py": TEXT, "early.py": TEXT})
    assert (found.at, found.patches) == (BOOT, ())


def test_an_edit_that_nobody_consumed(started: Desk) -> None:
    assert started.save({"page.html": "text"}).way is Way.NOTHING
    assert started.save({"unused.py": TEXT}).way is Way.NOTHING


def test_saved_as_it_was(started: Desk) -> None:
    assert started.save({"late.py": TEXT}).way is Way.NOTHING


def test_deleted_and_back(started: Desk) -> None:
    found = started.save({"late.py": None})
    assert (found.way, found.at, found.reason) == (Way.RESUME, MIDDLE, "it is gone")
    assert started.save({"late.py": TEXT}).way is Way.NOTHING


def test_a_syntax_error_and_its_repair(started: Desk) -> None:
    found = started.save({"late.py": TEXT + "def\n"})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)
    assert found.reason.startswith("SyntaxError in line 6")
    started.serving = None
    found = started.save({"late.py": VIEW})
    assert (found.way, found.at) == (Way.PATCH, BOOT)


def test_a_text_with_zeros(started: Desk) -> None:
    assert started.save({"late.py": "\0"}).way is Way.RESUME


def test_what_cannot_be_decoded(started: Desk) -> None:
    (started.root / "late.py").write_bytes(b"\xff\xfe\n")
    assert started.edited(["late.py"]).way is Way.RESUME


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (VIEW, "the body of `view`"),
        (VALUE, "the statements of the module"),
        ("\n" + TEXT, "its lines"),
        ("def\n", "SyntaxError in line 1"),
    ],
)
def test_where_functions_cannot_be_exchanged_the_edit_is_the_reason(desk: Desk, text: str, reason: str) -> None:
    """A process that cannot say what ran names no compiler."""
    before = TEXT.encode()  # known by having been read: there is no cache of its code
    desk.ledger = Ledger(desk.consumed.__contains__, desk.asked_for.__contains__, lambda _: before)
    desk.start()
    desk.ledger.ready(BOOT, None)
    found = desk.save({"late.py": text})
    assert (found.way, found.at, found.reason) == (Way.RESUME, MIDDLE, reason)


def test_what_keeps_the_application_from_being_a_checkpoint_is_the_reason(desk: Desk) -> None:
    """And not that the last edit was so soon before; until the next start tells of none."""
    desk.start()
    desk.ledger.ready(BOOT, desk.compiler, "the start-up left threads running (a); threads that begin later are none")
    desk.candidates = [START, MIDDLE]
    found = desk.save({"late.py": VIEW})
    assert (found.way, found.at, found.reason) == (Way.RESUME, MIDDLE, "the start-up left threads running (a)")
    desk.ledger.ready(BOOT, desk.compiler)
    assert "so soon after the last edit" in desk.save({"late.py": VALUE}).reason


def test_a_start_that_failed_is_the_reason_for_what_follows(started: Desk) -> None:
    started.candidates = [START, MIDDLE]
    started.serving = None
    started.ledger.failed()
    found = started.save({"late.py": VALUE})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)
    assert found.reason == "the last start failed, so that there is nothing to exchange functions in"


def test_a_start_that_failed_hides_no_obstacle(started: Desk) -> None:
    started.ledger.ready(BOOT, started.compiler, "the start-up left threads running (a); others are none")
    started.candidates = [START, MIDDLE]
    started.serving = None
    started.ledger.failed()
    assert started.save({"late.py": VALUE}).reason == "the start-up left threads running (a)"


def test_what_ran_before_a_fork_ran_after_it(started: Desk) -> None:
    started.consume(MIDDLE, Ran(started.path("early.py"), ("view",)))
    found = started.save({"early.py": VIEW})
    assert (found.way, found.at, found.reason) == (Way.RESUME, START, "`view` ran during the start")


def test_data(started: Desk) -> None:
    started.write("data.txt", "old")
    started.consumed.add(started.path("data.txt"))
    started.consume(BOOT, Read(started.path("data.txt"), signature_of(started.path("data.txt"))))
    found = started.save({"data.txt": "new"})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)


def test_another_link_to_data_is_no_other_data(started: Desk) -> None:
    """As installers make them that share files between environments: only the time of the inode's change differs."""
    path = Path(started.path("data.txt"))
    path.write_text("data")
    started.consumed.add(str(path))
    started.consume(BOOT, Read(str(path), signature_of(str(path))))
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.chmod(0o600)
    started.consume(SERVER, Read(str(path), signature_of(str(path))))
    found = started.save({"late.py": VIEW})
    assert (found.way, found.at) == (Way.PATCH, BOOT)


# ---- existence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["asked", "sought", "listed"])
def test_a_file_that_comes_and_goes(started: Desk, kind: str) -> None:
    path = started.path("extra.py")
    entries: dict[str, Entry] = {
        "asked": Stat(path, ""),
        "sought": Find("extra", (str(started.root),)),
        "listed": Listing(str(started.root)),
    }
    started.consumed.add(path)
    started.consume(BOOT, entries[kind])
    for _ in range(3):
        found = started.save({"extra.py": TEXT})
        assert (found.way, found.at) == (Way.RESUME, MIDDLE)
        assert started.save({"extra.py": None}).way is Way.NOTHING


def test_a_consumed_file_that_goes_and_comes(started: Desk) -> None:
    started.consume(BOOT, Listing(str(started.root)))
    for _ in range(3):
        assert started.save({"early.py": None}).way is Way.RESUME
        assert started.save({"early.py": TEXT}).way is Way.NOTHING


def test_links_that_lead_nowhere(started: Desk) -> None:
    path = started.path("link.py")
    started.consumed.add(path)
    started.consume(BOOT, Find("link", (str(started.root),)))
    os.symlink("nowhere", path)
    found = started.edited(["link.py"])
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)


def test_a_folder_that_becomes_a_package(started: Desk) -> None:
    started.consumed |= {started.path("late"), started.path("late/__init__.py")}
    started.consume(BOOT, Find("late", (str(started.root),)))
    found = started.save({"late/__init__.py": TEXT})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)


# ---- accounts -------------------------------------------------------------------------------------------------------


def test_the_latest_of_two_boots_is_the_one_that_has_come_further(started: Desk) -> None:
    """Ready ones come first, then those that have come furthest, however many forks that took."""
    started.candidates = [START, MIDDLE]
    assert started.save({"late.py": VALUE}).at == MIDDLE
    started.candidates = [MIDDLE, START]
    assert started.save({"late.py": TAIL}).at == MIDDLE


def test_processes_that_are_gone(started: Desk) -> None:
    started.ledger.gone(BOOT)
    found = started.save({"late.py": VIEW})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)
    for handle in (START, MIDDLE):
        started.ledger.gone(handle)
    assert started.save({"late.py": TAIL}).way is Way.COLD


def test_what_a_parent_consumed_counts_when_it_is_gone(started: Desk) -> None:
    for handle in (BOOT, START, MIDDLE):
        started.ledger.gone(handle)
    assert started.save({"settings.py": VIEW}).way is Way.COLD
    assert started.save({"settings.py": TEXT}).way is Way.NOTHING


def test_messages_of_processes_that_are_gone(started: Desk) -> None:
    started.ledger.gone(SERVER)
    started.consume(SERVER, started.executed("late.py"))
    started.ledger.doubt(SERVER)
    started.ledger.refused(SERVER, started.path("late.py"), "why")
    started.ledger.gone(SERVER)
    assert started.ledger.root_of(SERVER) == 0
    assert started.ledger.modules_of(SERVER) == 0


def test_doubt(started: Desk) -> None:
    """What was consumed since the fork did not hold: that part is never gone on from."""
    started.ledger.doubt(BOOT)
    found = started.save({"late.py": VIEW})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)


def test_what_the_end_of_a_process_has_changed_may_have_been_made_by_others(started: Desk) -> None:
    started.ledger.forked(9, MIDDLE, ())
    started.ledger.doubt_beside(9)
    assert started.save({"late.py": VIEW}).at == MIDDLE
    assert started.save({"early.py": VALUE}).at == START


def test_what_a_start_has_looked_at_holds_or_does_not(started: Desk) -> None:
    started.ledger.spawned(9, 2)
    path = started.path("state.json")
    edit = Edit(frozenset({path}))
    started.write("state.json", "one")
    started.ledger.touch(edit)
    assert started.ledger.holds(9, edit), "it has looked at nothing yet"
    started.consume(9, Read(path, signature_of(path)))
    started.ledger.touch(edit)
    assert started.ledger.holds(9, edit)
    started.write("state.json", "another")
    started.ledger.touch(edit)
    assert not started.ledger.holds(9, edit)
    assert not started.ledger.holds(10, edit), "a process that is gone"


def test_what_was_read_before_the_text_was_saved(desk: Desk) -> None:
    """A boot that began before an edit and reads after it has the new text."""
    desk.start()
    desk.ledger.spawned(20, 2)
    desk.save({"late.py": VALUE})
    desk.consume(20, desk.executed("settings.py"), desk.executed("early.py"), desk.executed("late.py"))
    desk.ledger.ready(20, desk.compiler)
    desk.ledger.forked(21, 20, ())
    desk.serving, desk.candidates = 21, [20]
    assert desk.edited(["late.py"]).way is Way.NOTHING
    assert desk.save({"late.py": VALUE.replace("'one'", "'two'")}).way is Way.PATCH


def test_inside_and_unfinished(desk: Desk) -> None:
    desk.start()
    path = desk.path("early.py")
    desk.save({"early.py": TEXT + "# seen\n"})  # from here on its text is known
    desk.save({"early.py": TEXT})
    desk.ledger.spawned(20, 2)
    desk.consume(20, desk.executed("settings.py"))
    desk.ledger.split(20, 21, (), None)
    desk.consume(20, desk.executed("early.py"))
    desk.ledger.split(20, 22, (path,), Inside(path, 3))
    desk.ledger.ready(20, desk.compiler)
    desk.serving, desk.candidates = 20, [20, 21, 22]
    assert (desk.save({"early.py": TAIL}).at, desk.save({"early.py": VALUE}).at) == (22, 21)
    assert desk.save({"early.py": VIEW}).at == 20


def test_refused_texts(started: Desk) -> None:
    """Without a reason the same text may be refused once more; with one, no text will do there."""
    path = started.path("late.py")
    assert started.save({"late.py": VIEW}).at == BOOT
    started.ledger.refused(BOOT, path, "")
    assert started.edited(["late.py"]).at == MIDDLE
    assert started.save({"late.py": VIEW.replace("two", "three")}).at == BOOT
    started.ledger.refused(BOOT, path, "it holds the code")
    found = started.edited(["late.py"])
    assert (found.at, found.reason) == (MIDDLE, "it holds the code")
    found = started.save({"late.py": VIEW.replace("two", "four")})
    assert (found.at, found.reason) == (MIDDLE, "it holds the code")


def test_refused_before_anything_was_saved(started: Desk) -> None:
    started.ledger.refused(BOOT, started.path("late.py"), "why")
    assert started.save({"late.py": VIEW}).at == MIDDLE


def test_modules_and_roots(started: Desk) -> None:
    assert [started.ledger.modules_of(handle) for handle in (BOOT, SERVER)] == [3, 0]
    assert [started.ledger.root_of(handle) for handle in (BOOT, START, SERVER, 99)] == [1, 1, 1, 0]
    started.ledger.spawned(20, 5)
    started.ledger.split(20, 21, (), None)
    started.ledger.forked(22, 21, ())
    assert [started.ledger.root_of(handle) for handle in (20, 21, 22)] == [5, 5, 5]


def test_lazily_imported(started: Desk) -> None:
    signature = signature_of(started.path("late.py"))
    assert signature is not None
    lazy = [Exec(name, f"/lib/{name}.py", signature) for name in ("django.core.mail", "django.late", "other.lazy")]
    started.consume(BOOT, lazy[1])
    started.consume(SERVER, *lazy)
    assert started.ledger.lazily_imported(SERVER, BOOT) == ("django.core.mail",)
    assert started.ledger.lazily_imported(SERVER, 99) == ()
    assert started.ledger.lazily_imported(99, BOOT) == ()


def test_executed_after(started: Desk) -> None:
    """What follows a checkpoint: at first in the boot that left it, then in whoever has gone on from it last."""
    desk = started
    signature = signature_of(desk.path("late.py"))
    assert signature is not None
    signature = msgspec.structs.replace(signature, size=MOST_AHEAD // 4)
    many = [Exec(f"lazy{number}", f"/lib/lazy{number}.py", signature) for number in range(6)]
    desk.ledger.spawned(20, 1)
    desk.consume(20, many[0])
    desk.ledger.split(20, 21, (), None)
    desk.consume(20, many[1])
    assert desk.ledger.executed_after(21) == (many[1],)
    desk.ledger.forked(22, 21, ())
    assert desk.ledger.executed_after(21) == ()
    desk.consume(22, *many)
    assert desk.ledger.executed_after(21) == tuple(many[:4])
    assert desk.ledger.executed_after(99) == ()


# ---- places ---------------------------------------------------------------------------------------------------------


def test_places(started: Desk) -> None:
    """The statement is known from the second edit on: before the first, nobody has kept the old text."""
    path = started.path("late.py")
    started.save({"late.py": VALUE})
    assert started.ledger.places == (Inside(path, 0),)
    started.save({"late.py": TEXT})
    started.save({"late.py": VIEW})
    started.save({"late.py": TAIL})
    assert started.ledger.places[0].file == path


def test_the_places_of_files_that_nobody_executes(started: Desk) -> None:
    started.save({"unused.py": TEXT, "page.html": "x"})
    assert started.ledger.places == ()


def test_the_checkpoint_at_the_last_place(started: Desk) -> None:
    ledger = started.ledger
    assert ledger.at_last_place([BOOT, START, MIDDLE]) is None
    started.save({"late.py": VALUE})
    place = ledger.places[-1]
    ledger.spawned(20, 1)
    for checkpoint, inside in ((21, None), (22, place), (23, place), (24, Inside(place.file, 99))):
        ledger.split(20, checkpoint, (), inside)
    assert ledger.at_last_place([BOOT, START, 20, 21, 22, 24, 99]) == 22
    assert ledger.at_last_place([22, 23]) == 23


def test_the_last_few_places_are_kept(desk: Desk) -> None:
    names = [f"m{number}.py" for number in range(PLACES + 4)]
    desk.ledger.spawned(BOOT, 1)
    for name in names:
        desk.write(name, TEXT)
        desk.consume(BOOT, desk.executed(name))
    desk.ledger.ready(BOOT, desk.compiler)
    desk.serving, desk.candidates = BOOT, [BOOT]
    for name in names:
        desk.save({name: VALUE})
    assert [place.file for place in desk.ledger.places] == [desk.path(name) for name in names[-PLACES:]]
    desk.save({names[-PLACES]: VALUE + "\nMORE = 1\n"})
    assert desk.ledger.places[-1].file == desk.path(names[-PLACES])
    assert len(desk.ledger.places) == PLACES


# ---- forgetting -----------------------------------------------------------------------------------------------------


# ---- code that is given along ---------------------------------------------------------------------------------------


def compiled(desk: Desk, name: str, text: str) -> CodeType:
    return compile(text, desk.path(name), "exec", dont_inherit=True)


METHODS = "class A:\n    def f(self):\n        return 'one'\n\n    def g(self):\n        return [0 for _ in 'one']\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(TEXT, VIEW, id="a function"),
        pytest.param(METHODS, METHODS.replace("'one'", "'two'"), id="two methods"),
    ],
)
def test_the_code_of_what_changed_is_given_along(desk: Desk, before: str, after: str) -> None:
    desk.write("late.py", before)
    desk.ledger.spawned(BOOT, 1)
    desk.consume(BOOT, desk.executed("late.py"))
    desk.ledger.ready(BOOT, desk.compiler)
    desk.serving, desk.candidates = BOOT, [BOOT]
    for text in (after, before.replace("'one'", "'three'"), after):
        (patch,) = desk.save({"late.py": text}).patches
        parts = {part.position: marshal.loads(part.code) for part in patch.parts}
        assert parts
        code = replaced(compiled(desk, "late.py", before), parts)
        assert are_functions_equal(code, compiled(desk, "late.py", text))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param("# more\n" + METHODS, id="lines moved"),
        pytest.param(
            METHODS.replace("return 'one'", "self.one = 1"),
            id="what a class notes of itself",
            marks=pytest.mark.skipif(not HAS_CLASS_NOTES, reason="classes note nothing"),
        ),
        pytest.param(METHODS.replace("return 'one'", f"return {list(range(20_000))}"), id="too much"),
        pytest.param(METHODS.replace("return 'one'", "return 1 is 1"), id="the process is to show a warning"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_code_that_is_left_to_be_loaded(desk: Desk, after: str) -> None:
    desk.write("late.py", METHODS)
    desk.ledger.spawned(BOOT, 1)
    desk.consume(BOOT, desk.executed("late.py"))
    desk.ledger.ready(BOOT, desk.compiler)
    desk.serving, desk.candidates = BOOT, [BOOT]
    found = desk.save({"late.py": after})
    assert (found.way, found.patches) == (Way.PATCH, (desk.patch("late.py"),))
    assert "1 is 1" in after or desk.cache.load(digest_of(after.encode()), desk.path("late.py")) is not None


def test_more_code_than_one_message_takes_is_left_to_be_loaded(desk: Desk) -> None:
    names = [f"{number}.py" for number in range(9)]
    large = METHODS.replace("return 'one'", f"return {'x' * 15_000!r}")
    for name in names:
        desk.write(name, METHODS)
    desk.ledger.spawned(BOOT, 1)
    desk.consume(BOOT, *(desk.executed(name) for name in names))
    desk.ledger.ready(BOOT, desk.compiler)
    desk.serving, desk.candidates = BOOT, [BOOT]
    assert all(patch.parts for patch in desk.save(dict.fromkeys(names[:2], large)).patches)
    found = desk.save(dict.fromkeys(names, large))
    assert (len(found.patches), found.patches) == (9, bare(found.patches))
    assert all(desk.cache.load(digest_of(large.encode()), desk.path(name)) for name in names)


def test_code_that_was_given_along_is_kept_for_later_starts(started: Desk) -> None:
    found = started.save({"late.py": VIEW})
    assert found.patches[0].parts
    started.ledger.prepare()
    assert started.cache.load(digest_of(VIEW.encode()), started.path("late.py")) is not None


def test_forget(started: Desk) -> None:
    """A cold start has consumed the disk as it is: what was edited before it began is of no interest any more."""
    started.save({"late.py": VIEW, "early.py": VALUE})
    started.ledger.spawned(20, 2)
    started.consume(20, *(started.executed(f"{name}.py") for name in ("settings", "early", "late")))
    started.ledger.ready(20, started.compiler)
    for handle in (BOOT, START, MIDDLE, SERVER):
        started.ledger.gone(handle)
    started.ledger.forget(2)
    started.serving, started.candidates = 20, [20]
    found = started.save({"late.py": VIEW.replace("two", "three")})
    assert (found.way, found.at, len(found.patches)) == (Way.PATCH, 20, 1)


def test_nothing_is_forgotten_that_an_older_process_still_runs(started: Desk) -> None:
    started.follow(started.save({"early.py": VIEW}), 10)
    started.ledger.spawned(20, 2)
    started.ledger.forget(2)
    found = started.save({"late.py": VALUE})
    assert (found.at, bare(found.patches)) == (MIDDLE, (started.patch("early.py"),))


def test_what_was_edited_during_the_start_is_not_forgotten(desk: Desk) -> None:
    desk.start()
    desk.ledger.spawned(20, 2)
    desk.consume(20, desk.executed("late.py"))
    desk.save({"late.py": VIEW})
    for handle in (BOOT, START, MIDDLE, SERVER):
        desk.ledger.gone(handle)
    desk.ledger.forget(2)
    desk.ledger.ready(20, desk.compiler)
    desk.serving, desk.candidates = None, [20]
    found = desk.edited(["late.py"])
    assert (found.at, bare(found.patches)) == (20, (desk.patch("late.py"),))


def test_sealed_files(started: Desk) -> None:
    started.consume(BOOT, Sealed(started.path("late.py"), "it is the program itself"))
    found = started.save({"late.py": VIEW})
    assert (found.at, found.reason) == (MIDDLE, "it is the program itself")


def test_who_is_asked(started: Desk) -> None:
    started.asked_for.add(started.path("page.html"))
    found = started.save({"page.html": "x", "late.py": VIEW}, receivers=True)
    assert set(found.ask) == {started.path("page.html"), started.path("late.py")}


CODINGS = ("hex", "rot13", "undefined", "utf-16", "utf-7", "idna", "punycode", "mbcs", "nowhere", "latin-1", "\u00e4")


@pytest.mark.parametrize("coding", CODINGS)
def test_texts_in_any_coding(started: Desk, coding: str) -> None:
    """The text that runs is known, so that each is compared with it closely."""
    started.save({"late.py": VALUE})
    started.save({"late.py": TEXT})
    for number in (1, 2):
        found = started.save({"late.py": f"# coding: {coding}\n{TEXT}x = {number}\n"})
        assert (found.way, found.at) == (Way.RESUME, MIDDLE)


DEEP = {
    "signs": f"x = {'-' * 100_000}1\n",
    "sums": f"x = {'+'.join(['1'] * 100_000)}\n",
    "attributes": "x" + ".y" * 50_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_a_text_that_is_too_deep_for_the_compiler(started: Desk, text: str) -> None:
    """What the compiler makes of it is for the start to show."""
    found = started.save({"late.py": text})
    assert (found.way, found.at) == (Way.RESUME, MIDDLE)
