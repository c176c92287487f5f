"""What edits ask for: values in, plans out."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afresh.reload.journal import Edit, Entry, Find, Listing, Looked, Ran, Sealed
from afresh.reload.orders import Inside, Patch
from afresh.reload.plan import Candidate, Plan, Way
from afresh.reload.strand import Strand, Text

from .edits import qualnames
from .worlds import World, digest

EARLY, LATE, SETTINGS, DATA = "/p/early.py", "/p/late.py", "/p/settings.py", "/p/data.txt"
PACKAGE = "/p/pkg/__init__.py"
TEXT = "import os\nVALUE = 1\ndef view():\n    return 'one'\ndef other(x=1):\n    return 'other'\nTAIL = 1\n"
VIEW = TEXT.replace("'one'", "'two'")
OTHER = TEXT.replace("'other'", "'different'")
VALUE = TEXT.replace("VALUE = 1", "VALUE = 2")
TAIL = TEXT.replace("TAIL = 1", "TAIL = 2")
MOVED = "# a comment\n" + TEXT
BROKEN = TEXT.replace("def view", "deff view")

# Handles of the checkpoints that `started` makes.
START, BEFORE_EARLY, INSIDE_EARLY, BEFORE_LATE, READY = 1, 2, 3, 4, 5


class Started(NamedTuple):
    """A boot: settings, early, late; with a checkpoint between any two, one inside early, and the ready one."""

    world: World
    candidates: list[Candidate]
    serving: Strand

    def with_(self, handle: int, *entries: Entry) -> None:
        """Let the checkpoint have consumed more."""
        self.strand(handle).add(entries, self.world.edits)

    def strand(self, handle: int) -> Strand:
        return next(each.strand for each in self.candidates if each.handle == handle)

    def change(self, handle: int, **changes: object) -> None:
        at = next(number for number, each in enumerate(self.candidates) if each.handle == handle)
        self.candidates[at] = msgspec.structs.replace(self.candidates[at], **changes)

    def without(self, *handles: int) -> None:
        self.candidates[:] = [each for each in self.candidates if each.handle not in handles]

    def package(self, *entries: Entry) -> None:
        """Let the ready checkpoint have imported a package, and a module in it."""
        self.world.disk[PACKAGE] = TEXT
        executed = self.world.executed(PACKAGE, "pkg")
        self.with_(READY, Find("pkg", ("/p",)), executed, Find("late", ("/p/pkg",)), *entries)

    def edit(self, changes: Mapping[str, str | None], **more: bool) -> Plan:
        """What the edit asks for."""
        edit = self.world.save(changes)
        return self.world.plan(edit, self.candidates, self.serving, **{k: _always(v) for k, v in more.items()})  # type: ignore[arg-type]


def _always(value: bool) -> Callable[[str], bool]:
    return lambda _: value


def started() -> Started:
    world = World({EARLY: TEXT, LATE: TEXT, SETTINGS: TEXT, DATA: "data", "/p/unused.py": TEXT})
    line = [Strand()]

    def goes_on(*entries: Entry) -> Strand:
        line[-1].add(entries, 0)
        line.append(Strand(line[-1]))
        return line[-2]

    candidates = [
        Candidate(START, goes_on(Sealed("/p/manage.py", "it is the program itself")), is_ready=False),
        Candidate(BEFORE_EARLY, goes_on(world.executed(SETTINGS)), is_ready=False),
        Candidate(
            INSIDE_EARLY,
            goes_on(world.executed(EARLY)),
            is_ready=False,
            inside=Inside(EARLY, 3),
            unfinished=frozenset({EARLY}),
        ),
        Candidate(BEFORE_LATE, goes_on(), is_ready=False),
        Candidate(READY, goes_on(world.executed(LATE)), is_ready=True),
    ]
    return Started(world, candidates[::-1], line[-1])


def patch(file: str, text: str) -> Patch:
    return Patch(file, file.rpartition("/")[2].removesuffix(".py"), digest(text))


# ---- a table --------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """One edit. `at` and `patches`: where to go on, and what is exchanged there. `reason`: a part of it."""

    name: str
    changes: Mapping[str, str | None]
    way: Way
    at: int | None = None
    patches: tuple[Patch, ...] = ()
    reason: str = ""
    place: str = ""
    prepare: Callable[[Started], object] = lambda _: None


NESTED = TEXT.replace("return 'one'", "return [(lambda: 'one')()]")
NESTED_VIEW = NESTED.replace("'one'", "'two'")
ANNOTATED = TEXT.replace("view()", "view(a: int = 1)")
LAMBDA = "view.<locals>.<lambda>"
METHOD = TEXT.replace("VALUE = 1\n", "VALUE = 1\nclass C:\n    def __init__(self):\n        self.a = lambda: 1\n")
METHOD_VIEW = METHOD.replace("lambda: 1", "lambda: 2")


def executed_again(text: str, *entries: Entry) -> Callable[[Started], None]:
    """The late module is this text, and the ready checkpoint has consumed these entries."""

    def prepare(started: Started) -> None:
        started.world.disk[LATE] = text
        started.with_(READY, started.world.executed(LATE), *entries)

    return prepare


def looks_at_code() -> Iterator[Case]:
    """Code that was looked at: of the function that changes, of those around it, and of others."""

    def row(name: str, old: str, new: str, entry: Entry, reason: str = "") -> Case:
        prepare = executed_again(old, entry)
        if reason:
            return Case(name, {LATE: new}, Way.RESUME, BEFORE_LATE, reason=reason, prepare=prepare)
        return Case(name, {LATE: new}, Way.PATCH, READY, (patch(LATE, new),), prepare=prepare)

    told = "the start looked at the code of `{}`".format
    yield row("code read by a decorator", TEXT, VIEW, Looked(LATE, ("view",)), told("view"))
    yield row("code around a lambda", NESTED, NESTED_VIEW, Looked(LATE, ("view",)), told("view"))
    yield row("code of a lambda", NESTED, NESTED_VIEW, Looked(LATE, (LAMBDA,)), told(LAMBDA))
    yield row("code around a method's lambda", METHOD, METHOD_VIEW, Looked(LATE, ("C.__init__",)), told("C.__init__"))
    yield row("code of another", TEXT, VIEW, Looked(LATE, ("other", "vie", "view.<locals>")))
    yield row("code of that name elsewhere", TEXT, VIEW, Looked(EARLY, ("view",)))
    yield row("code of a class of that name", METHOD, METHOD_VIEW, Looked(LATE, ("C",)))
    # What ran is not what is inside of it.
    yield row("the function around ran", NESTED, NESTED_VIEW, Ran(LATE, ("view",)))
    yield row("what is inside ran", NESTED, NESTED_VIEW, Ran(LATE, (LAMBDA,)), f"`{LAMBDA}` ran during the start")


CASES = [
    # Nothing.
    Case("not consumed", {"/p/unused.py": VIEW}, Way.NOTHING),
    Case("a template", {"/p/page.html": "new"}, Way.NOTHING),
    Case("saved as it was", {LATE: TEXT}, Way.NOTHING),
    Case("a data file that nobody read", {DATA: "new"}, Way.NOTHING),
    # Patch.
    Case("a function", {LATE: VIEW}, Way.PATCH, READY, (patch(LATE, VIEW),), place="/p/late.py:view"),
    Case("a function of a module before", {EARLY: VIEW}, Way.PATCH, READY, (patch(EARLY, VIEW),)),
    Case("only lines moved", {LATE: MOVED}, Way.PATCH, READY, (patch(LATE, MOVED),), place=LATE),
    Case(
        "several files at once",
        {EARLY: VIEW, LATE: OTHER, DATA: "new"},
        Way.PATCH,
        READY,
        (patch(EARLY, VIEW), patch(LATE, OTHER)),
        place="/p/early.py:view and 1 more",
    ),
    Case(
        "two functions",
        {LATE: VIEW.replace("'other'", "'x'")},
        Way.PATCH,
        READY,
        (patch(LATE, VIEW.replace("'other'", "'x'")),),
        place="/p/late.py:view and 1 more",
    ),
    Case(
        "a function of a package",
        {PACKAGE: VIEW},
        Way.PATCH,
        READY,
        (Patch(PACKAGE, "pkg", digest(VIEW)),),
        place=f"{PACKAGE}:view",
        prepare=lambda s: s.package(),
    ),
    Case(
        "an initializer",
        {LATE: METHOD.replace("lambda: 1", "1")},
        Way.PATCH,
        READY,
        (patch(LATE, METHOD.replace("lambda: 1", "1")),),
        place=f"{LATE}:C.__init__",
        prepare=executed_again(METHOD),
    ),
    Case(
        "another function ran",
        {LATE: VIEW},
        Way.PATCH,
        READY,
        (patch(LATE, VIEW),),
        prepare=lambda s: s.with_(READY, Ran(LATE, ("other",))),
    ),
    Case(
        "a function of that name ran elsewhere",
        {LATE: VIEW},
        Way.PATCH,
        READY,
        (patch(LATE, VIEW),),
        prepare=lambda s: s.with_(READY, Ran(EARLY, ("view",))),
    ),
    Case(
        "it ran in a server only",
        {LATE: VIEW},
        Way.PATCH,
        READY,
        (patch(LATE, VIEW),),
        prepare=lambda s: s.serving.add([Ran(LATE, ("view",))], 0),
    ),
    # Resume.
    Case("module level", {LATE: VALUE}, Way.RESUME, BEFORE_LATE, reason="the statements of the module", place=LATE),
    Case("a signature", {LATE: TEXT.replace("x=1", "y=1")}, Way.RESUME, BEFORE_LATE, reason="signature of `other`"),
    Case(
        "a function that ran",
        {LATE: VIEW},
        Way.RESUME,
        BEFORE_LATE,
        reason="`view` ran during the start",
        prepare=lambda s: s.with_(READY, Ran(LATE, ("view",))),
    ),
    Case(
        "a function that ran before the last fork",
        {EARLY: VIEW},
        Way.RESUME,
        INSIDE_EARLY,
        reason="`view` ran during the start",
        prepare=lambda s: s.with_(BEFORE_LATE, Ran(EARLY, ("view",))),
    ),
    *looks_at_code(),
    Case(
        "an annotation that was evaluated",
        {LATE: ANNOTATED.replace("a: int", "a: str")},
        Way.RESUME,
        BEFORE_LATE,
        prepare=executed_again(ANNOTATED, Ran(LATE, tuple(qualnames(ANNOTATED)))),
    ),
    Case(
        "an initializer that ran",
        {LATE: METHOD.replace("lambda: 1", "1")},
        Way.RESUME,
        BEFORE_LATE,
        reason="`C.__init__` ran during the start",
        prepare=executed_again(METHOD, Ran(LATE, ("C.__init__",))),
    ),
    Case(
        "what a package executes",
        {PACKAGE: VALUE},
        Way.RESUME,
        BEFORE_LATE,
        reason="the statements of the module",
        place=PACKAGE,
        prepare=lambda s: s.package(),
    ),
    Case(
        "a function of a package that ran",
        {PACKAGE: VIEW},
        Way.RESUME,
        BEFORE_LATE,
        reason="`view` ran during the start",
        prepare=lambda s: s.package(Ran(PACKAGE, ("view",))),
    ),
    Case(
        "a package that is one no more",
        {PACKAGE: None},
        Way.RESUME,
        BEFORE_LATE,
        prepare=lambda s: s.package(),
    ),
    Case(
        "a sealed file",
        {LATE: VIEW},
        Way.RESUME,
        BEFORE_LATE,
        reason="it was executed more than once",
        prepare=lambda s: s.with_(READY, Sealed(LATE, "it was executed more than once")),
    ),
    Case("broken", {LATE: BROKEN}, Way.RESUME, BEFORE_LATE, reason="SyntaxError in line 3"),
    Case("deleted", {LATE: None}, Way.RESUME, BEFORE_LATE, reason="it is gone"),
    Case("below a checkpoint inside", {EARLY: TAIL}, Way.RESUME, INSIDE_EARLY, reason="the statements of the module"),
    Case("a definition right behind it", {EARLY: TEXT.replace("x=1", "y=1")}, Way.RESUME, INSIDE_EARLY),
    Case("above a checkpoint inside", {EARLY: VALUE}, Way.RESUME, BEFORE_EARLY, reason="the statements of the module"),
    Case("all lines moved, and the end", {EARLY: "# x\n" + TAIL}, Way.RESUME, BEFORE_EARLY),
    Case(
        "inside of what is executed a second time",
        {EARLY: TAIL},
        Way.RESUME,
        BEFORE_EARLY,
        prepare=lambda s: s.with_(INSIDE_EARLY, Sealed(EARLY, "it was executed more than once")),
    ),
    Case("nothing left below", {EARLY: "import os\nVALUE = 1\n"}, Way.RESUME, INSIDE_EARLY),
    Case("nothing left at all", {EARLY: ""}, Way.RESUME, BEFORE_EARLY),
    Case(
        "a file under execution",
        {SETTINGS: VIEW},
        Way.RESUME,
        START,
        prepare=lambda s: [
            s.with_(READY, Ran(SETTINGS, ("view",))),
            *(s.change(at, unfinished=frozenset({SETTINGS})) for at in (BEFORE_EARLY, INSIDE_EARLY, BEFORE_LATE)),
        ],
    ),
    Case(
        "a patch here and a structural edit there",
        {EARLY: VIEW, LATE: VALUE},
        Way.RESUME,
        BEFORE_LATE,
        (patch(EARLY, VIEW),),
        reason="/p/late.py: the statements of the module",
    ),
    Case(
        "a patch further back",
        {SETTINGS: VIEW, EARLY: TAIL, LATE: VIEW},
        Way.RESUME,
        INSIDE_EARLY,
        (patch(SETTINGS, VIEW),),
    ),
    Case("the latest of several", {LATE: VALUE}, Way.RESUME, START, prepare=lambda s: s.without(*range(2, 5))),
    Case("without the ready one", {LATE: VIEW}, Way.RESUME, BEFORE_LATE, prepare=lambda s: s.without(READY)),
    Case(
        "a refused text",
        {LATE: VIEW},
        Way.RESUME,
        BEFORE_LATE,
        prepare=lambda s: s.change(READY, refused=frozenset({(LATE, digest(VIEW))})),
    ),
    Case(
        "a text that nobody has edited was refused",
        {LATE: VIEW},
        Way.RESUME,
        BEFORE_LATE,
        prepare=lambda s: s.change(READY, refused=frozenset({(EARLY, None)})),
    ),
    Case(
        "another text was refused",
        {LATE: VIEW},
        Way.PATCH,
        READY,
        (patch(LATE, VIEW),),
        prepare=lambda s: s.change(READY, refused=frozenset({(LATE, digest(OTHER)), (EARLY, digest(VIEW))})),
    ),
    Case(
        "a doubtful part",
        {LATE: VIEW},
        Way.RESUME,
        INSIDE_EARLY,
        reason="overtaken",
        prepare=lambda s: setattr(s.strand(BEFORE_LATE), "spoilt", "the start itself was overtaken by an edit"),
    ),
    Case(
        "a data file",
        {DATA: "new"},
        Way.RESUME,
        BEFORE_LATE,
        reason="it was read during the start",
        place=DATA,
        prepare=lambda s: s.with_(READY, s.world.read(DATA)),
    ),
    Case(
        "a folder",
        {"/p/migrations/2.py": ""},
        Way.RESUME,
        BEFORE_EARLY,
        reason="its folder was listed",
        prepare=lambda s: s.with_(INSIDE_EARLY, Listing("/p/migrations")),
    ),
    Case(
        "a file whose existence was asked for",
        {"/p/.env": "X=1"},
        Way.RESUME,
        START,
        reason="depends on its existence",
        prepare=lambda s: s.with_(BEFORE_EARLY, s.world.asked("/p/.env")),
    ),
    Case(
        "a module that shadows",
        {"/p/json.py": ""},
        Way.RESUME,
        BEFORE_LATE,
        reason="a module of this name was looked for",
        prepare=lambda s: s.with_(READY, Find("json", ("/p",))),
    ),
    Case(
        "a package beside the module",
        {"/p/late/__init__.py": ""},
        Way.RESUME,
        BEFORE_LATE,
        reason="a module of this name was looked for",
        prepare=lambda s: s.with_(READY, Find("late", ("/p",))),
    ),
    Case(
        "a package that becomes a module",
        {"/p/late/__init__.py": None, LATE: TEXT},
        Way.RESUME,
        BEFORE_LATE,
        prepare=lambda s: [
            s.world.disk.update({"/p/late/__init__.py": ""}),
            s.world.disk.pop(LATE),
            s.with_(READY, s.world.executed("/p/late/__init__.py", "late"), Find("late", ("/p",))),
        ],
    ),
    Case(
        "a module that only a server has imported",
        {"/p/unused.py": VIEW},
        Way.RESUME,
        READY,
        prepare=lambda s: s.serving.add([s.world.executed("/p/unused.py")], 0),
    ),
    # Cold.
    Case(
        "nothing to go on from",
        {LATE: VIEW},
        Way.COLD,
        reason="nothing of the last start",
        prepare=lambda s: s.without(*range(1, 6)),
    ),
    Case(
        "all is doubtful",
        {LATE: VIEW},
        Way.COLD,
        reason="overtaken",
        prepare=lambda s: setattr(s.strand(START), "spoilt", "the start itself was overtaken by an edit"),
    ),
    Case(
        "consumed before the first checkpoint",
        {"/p/manage.py": "new"},
        Way.COLD,
        reason="it is the program itself",
        prepare=lambda s: [
            s.world.disk.update({"/p/manage.py": "old"}),
            s.with_(START, s.world.executed("/p/manage.py", "__main__")),
        ],
    ),
    Case(
        "read before the first checkpoint",
        {DATA: "new"},
        Way.COLD,
        reason="it was read during the start",
        prepare=lambda s: s.with_(START, s.world.read(DATA)),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_one_edit(case: Case) -> None:
    boot = started()
    case.prepare(boot)
    found = boot.edit(case.changes)
    assert (found.way, found.at, set(found.patches)) == (case.way, case.at, set(case.patches)), found
    assert case.reason in found.reason
    assert not case.place or found.place == case.place


# ---- one edit after another -----------------------------------------------------------------------------------------


def gone_on(boot: Started, found: Plan) -> Strand:
    """The server that the plan leads to, from the ready checkpoint; the others stay as they are."""
    patched = {each.file: Text(each.file, each.module, each.digest) for each in found.patches}
    assert found.at is not None
    return Strand(boot.strand(found.at), patched)


def test_a_patched_file_and_an_older_checkpoint() -> None:
    """The older one consumed the text from before the patch: it goes on only with the same patch."""
    boot = started()
    boot = boot._replace(serving=gone_on(boot, boot.edit({EARLY: VIEW})))
    found = boot.edit({LATE: VALUE})
    assert (found.way, found.at, found.patches) == (Way.RESUME, BEFORE_LATE, (patch(EARLY, VIEW),))


def test_a_patched_file_that_was_unfinished_in_the_older_checkpoint() -> None:
    boot = started()
    boot.without(BEFORE_LATE, INSIDE_EARLY)
    boot.change(BEFORE_EARLY, unfinished=frozenset({SETTINGS}))
    boot = boot._replace(serving=gone_on(boot, boot.edit({SETTINGS: VIEW})))
    assert boot.edit({LATE: VALUE}).at == START


def test_patch_upon_patch() -> None:
    """The second is made of the text that the checkpoint has, not of the first."""
    boot = started()
    boot = boot._replace(serving=gone_on(boot, boot.edit({LATE: VIEW})))
    both = VIEW.replace("'other'", "'different'")
    assert boot.edit({LATE: both}).patches == (patch(LATE, both),)
    boot = boot._replace(serving=gone_on(boot, boot.edit({EARLY: VIEW})))
    assert set(boot.edit({LATE: OTHER}).patches) == {patch(LATE, OTHER), patch(EARLY, VIEW)}


def test_undo_of_a_patch_goes_on_from_the_ready_checkpoint_as_it_is() -> None:
    boot = started()
    boot = boot._replace(serving=gone_on(boot, boot.edit({LATE: VIEW})))
    found = boot.edit({LATE: TEXT})
    assert (found.at, found.patches) == (READY, ())
    assert found.way is not Way.NOTHING


def test_touched_and_undone_while_nothing_was_decided() -> None:
    boot = started()
    boot.world.save({LATE: VALUE})
    assert boot.edit({LATE: TEXT}).way is Way.NOTHING


def test_an_edit_that_leaves_an_earlier_one_behind() -> None:
    """Broken in between: the ready checkpoint outlives it, and the repair is a patch."""
    boot = started()
    boot.edit({LATE: BROKEN})
    boot = boot._replace(serving=Strand())
    found = boot.world.plan(boot.world.save({LATE: VIEW}), boot.candidates, None, is_consumed=lambda path: path == LATE)
    assert (found.way, found.at, found.patches) == (Way.PATCH, READY, (patch(LATE, VIEW),))


def test_existence_changed_and_changed_back() -> None:
    boot = started()
    boot.with_(READY, boot.world.asked("/p/.env"), Find("extra", ("/p",)), Listing("/p/m"))
    for path in ("/p/.env", "/p/extra.py", "/p/m/new.py"):
        found = boot.edit({path: ""})
        assert (found.way, found.at) == (Way.RESUME, BEFORE_LATE)
        assert boot.edit({path: None}).way is Way.NOTHING


# ---- who is asked, and what counts while nothing answers ------------------------------------------------------------


@pytest.mark.parametrize("is_consumed", [False, True])
@pytest.mark.parametrize("is_project_code", [False, True])
def test_while_nothing_answers(is_consumed: bool, is_project_code: bool) -> None:
    """Nobody knows what the start has consumed so far: what anybody has consumed counts, or may consume."""
    boot = started()._replace(serving=None)  # type: ignore[arg-type]
    found = boot.edit({"/p/unused.py": VIEW}, is_consumed=is_consumed, is_project_code=is_project_code)
    assert (found.way is Way.NOTHING) is not (is_consumed or is_project_code)


def test_everything() -> None:
    boot = started()
    edit = Edit(frozenset({LATE}), everything=True)
    found = boot.world.plan(edit, boot.candidates, boot.serving)
    assert (found.way, found.at, found.patches) == (Way.COLD, None, ())
    assert found.reason == "the watcher lost count of what changed"


def test_who_is_asked() -> None:
    """Receivers hear of code that is stale; whoever asked for a tree hears of what is in it."""
    boot = started()
    asked = boot.world.plan(
        boot.world.save({LATE: VIEW, "/p/page.html": "x", DATA: "y"}),
        boot.candidates,
        boot.serving,
        is_asked_for=lambda path: path == "/p/page.html",
        receivers=True,
    )
    assert (asked.way, asked.ask) == (Way.PATCH, (LATE, "/p/page.html"))
    asked = boot.world.plan(
        boot.world.save({LATE: OTHER, "/p/page.html": "z"}),
        boot.candidates,
        boot.serving,
        is_asked_for=lambda path: path.endswith(".html"),
        receivers=False,
    )
    assert (asked.way, asked.ask) == (Way.PATCH, ("/p/page.html",))
    only = boot.world.plan(
        boot.world.save({"/p/page.html": "w"}),
        boot.candidates,
        gone_on(boot, asked),
        is_asked_for=lambda path: path.endswith(".html"),
        receivers=False,
    )
    assert (only.way, only.place, only.ask) == (Way.NOTHING, "/p/page.html", ("/p/page.html",))


def test_the_reason_names_the_file_where_it_is_another() -> None:
    boot = started()
    assert boot.edit({LATE: VALUE}).reason == "the statements of the module"
    boot = started()
    assert boot.edit({EARLY: VIEW, LATE: VALUE}).reason == "/p/late.py: the statements of the module"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({LATE: VIEW}, "only the body of `view` changed, and it did not run during the start"),
        ({LATE: VIEW, EARLY: VIEW}, "only bodies of functions changed, and none of them ran during the start"),
        ({LATE: MOVED}, "no code changed, only lines moved"),
    ],
)
def test_why_functions_could_be_exchanged(changes: dict[str, str], reason: str) -> None:
    found = started().edit(changes)
    assert (found.way, found.reason) == (Way.PATCH, reason)


def test_why_functions_are_exchanged_again_where_another_edit_is_undone() -> None:
    boot = started()
    boot = boot._replace(serving=gone_on(boot, boot.edit({EARLY: VIEW, LATE: VIEW})))
    found = boot.edit({LATE: TEXT})
    assert (found.way, found.reason) == (Way.PATCH, "it is again as it was during the start")


def test_why_nothing_is_to_be_done() -> None:
    boot = started()
    assert boot.edit({"/p/unused.py": VIEW}).reason == "nothing that was loaded depends on it"
    assert boot.edit({LATE: TEXT}).reason == "what was loaded is still what it says"


# ---- any start, any edits -------------------------------------------------------------------------------------------

TEXTS = (TEXT, VIEW, OTHER, VALUE, TAIL, MOVED, BROKEN, VALUE.replace("'one'", "'two'"))
FILES = (SETTINGS, EARLY, LATE)
SIDES = (DATA, "/p/.env", "/p/late/__init__.py", "/p/early.so")


class Look(NamedTuple):
    """Something that was consumed: which path it is about, and whether it is found again."""

    path: str
    holds: Callable[[], bool]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_nothing_that_stays_untrue_is_gone_on_from(data: st.DataObject) -> None:
    """Each look of the chosen checkpoint's line is told by the disk again, or is one into a text that is patched."""
    world = World(dict.fromkeys(FILES, TEXT) | {DATA: "data"})
    strand = Strand()
    line: list[Look] = []
    candidates: list[tuple[Candidate, list[Look], dict[str, set[str]]]] = []
    ran: dict[str, set[str]] = {}
    executed: dict[str, str] = {}
    for step in data.draw(
        st.lists(st.sampled_from(["execute", "read", "ask", "find", "list", "ran", "fork"]), max_size=14)
    ):
        file, side = data.draw(st.sampled_from(FILES)), data.draw(st.sampled_from(SIDES))
        match step:
            case "execute":
                strand.add([world.executed(file)], 0)
                executed[file] = world.disk[file]
            case "read":
                strand.add([world.read(side)], 0)
                line.append(look(world, side, world.signature))
            case "ask":
                strand.add([world.asked(side)], 0)
                line.append(look(world, side, lambda path: path in world.disk))
            case "find":
                strand.add([Find("late", ("/p",)), Find("early", ("/p",))], 0)
                line += [look(world, path, lambda path: path in world.disk) for path in (*SIDES[2:], EARLY, LATE)]
            case "list":
                strand.add([Listing("/p")], 0)
                line += [look(world, path, lambda path: path in world.disk) for path in (*FILES, DATA, "/p/.env")]
            case "ran":
                strand.add([Ran(file, ("view",))], 0)
                ran.setdefault(file, set()).add("view")
            case _:
                handle = len(candidates) + 1
                is_ready = data.draw(st.booleans())
                looks = [*line, *(executed_look(world, path, text) for path, text in executed.items())]
                candidates.append((Candidate(handle, strand, is_ready), looks, {k: set(v) for k, v in ran.items()}))
                strand = Strand(strand)
    edit = Edit(frozenset())
    for _ in range(data.draw(st.integers(1, 4))):
        changes: dict[str, str | None] = data.draw(
            st.dictionaries(st.sampled_from((*FILES, *SIDES)), st.sampled_from((None, *TEXTS)), min_size=1, max_size=3)
        )
        edit = world.save(changes)
    found = world.plan(edit, [each for each, _, _ in candidates[::-1]], None, is_consumed=lambda _: True)
    if found.at is None:
        assert found.way is Way.COLD
        return
    candidate, looks, had_run = candidates[found.at - 1]
    patched = {each.file: each for each in found.patches}
    for path in {each.path for each in looks if not each.holds()}:
        assert path in patched, f"{path} is not as it was"
        assert patched[path].digest == digest(world.disk[path])
        text = candidate.strand.text(path)
        assert text is not None
        comparison = world.compare(text, world.touched[path])
        assert not isinstance(comparison, str)
        assert not comparison.obstacle
        assert not {place.qualname for place in comparison.changed} & had_run.get(path, set())


def look(world: World, path: str, ask: Callable[[str], object]) -> Look:
    before = ask(path)
    return Look(path, lambda: ask(path) == before)


def executed_look(world: World, path: str, text: str) -> Look:
    return Look(path, lambda: world.disk.get(path) == text)


# ---- one edit after another: each is told for itself ----------------------------------------------------------------

BOTH = VIEW.replace("'other'", "'different'")
THREADS = "the start-up left threads running (a)"


class Sequence(NamedTuple):
    """Edits before the last one, of which each was `patched` or has `failed`; what is told of the last."""

    name: str
    before: tuple[tuple[Mapping[str, str | None], str], ...]
    last: Mapping[str, str | None]
    place: str
    reason: str
    prepare: Callable[[Started], object] = lambda _: None
    obstacle: str = ""


def ran(*names: str) -> Callable[[Started], object]:
    return lambda started: started.with_(READY, Ran(LATE, names))


def has_no_end(started: Started) -> None:
    """Something kept the end of the start from being a checkpoint."""
    started.with_(BEFORE_LATE, started.world.executed(LATE), Ran(LATE, ("view",)))
    started.without(READY)


ONE = "only the body of `{}` changed, and it did not run during the start".format
SEQUENCES = [
    Sequence("another function", (({LATE: VIEW}, "patched"),), {LATE: BOTH}, f"{LATE}:other", ONE("other")),
    Sequence(
        "a function again",
        (({LATE: VIEW}, "patched"), ({LATE: BOTH}, "patched")),
        {LATE: BOTH.replace("'two'", "'three'")},
        f"{LATE}:view",
        ONE("view"),
    ),
    Sequence(
        "a function put back, the other stays",
        (({LATE: VIEW}, "patched"), ({LATE: BOTH}, "patched")),
        {LATE: OTHER},
        f"{LATE}:view",
        ONE("view"),
    ),
    Sequence("another file", (({EARLY: VIEW}, "patched"),), {LATE: OTHER}, f"{LATE}:other", ONE("other")),
    Sequence("mended", (({LATE: BROKEN}, "failed"),), {LATE: VIEW}, f"{LATE}:view", ONE("view")),
    Sequence(
        "mended after a patch",
        (({LATE: VIEW}, "patched"), ({LATE: BROKEN}, "failed")),
        {LATE: BOTH},
        f"{LATE}:other",
        ONE("other"),
    ),
    Sequence(
        "statements put back",
        (({LATE: VALUE}, "failed"),),
        {LATE: VIEW},
        f"{LATE}:view",
        ONE("view"),
    ),
    Sequence(
        "both ran, one is edited",
        (({LATE: VIEW}, "failed"),),
        {LATE: BOTH},
        LATE,
        # Both are changes since the last answer; the first of them in the file is named.
        "`view` ran during the start",
        ran("view", "other"),
    ),
    Sequence(
        "only an earlier edit is in the way",
        (({LATE: VIEW}, "failed"),),
        {EARLY: VIEW},
        EARLY,
        f"{LATE}: `view` ran during the start",
        ran("view"),
    ),
    Sequence(
        "this edit is in the way before an earlier one",
        (({EARLY: VALUE}, "failed"),),
        {LATE: VIEW},
        LATE,
        "`view` ran during the start",
        ran("view"),
    ),
    Sequence(
        "an obstacle, and an earlier edit",
        (({LATE: VIEW}, "failed"),),
        {EARLY: OTHER},
        EARLY,
        THREADS,
        has_no_end,
        THREADS,
    ),
    Sequence(
        "no obstacle, and an earlier edit",
        (({LATE: VIEW}, "failed"),),
        {EARLY: OTHER},
        EARLY,
        f"{LATE}: `view` ran during the start",
        has_no_end,
    ),
]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence.name)
def test_what_is_told_of_an_edit_is_not_of_earlier_ones(sequence: Sequence) -> None:
    begun = started()
    sequence.prepare(begun)
    world, serving, shown = begun.world, begun.serving, begun.serving
    is_answering = True

    def plan(changes: Mapping[str, str | None]) -> Plan:
        answers = serving if is_answering else None
        known = _always(True)
        return world.plan(
            world.save(changes), begun.candidates, answers, is_consumed=known, obstacle=sequence.obstacle, shown=shown
        )

    for changes, outcome in sequence.before:
        found = plan(changes)
        is_answering = outcome == "patched"
        if is_answering:
            assert found.way is Way.PATCH
            texts = {each.file: Text(each.file, each.module, each.digest) for each in found.patches}
            serving = shown = Strand(begun.strand(READY), texts)
    found = plan(sequence.last)
    assert (found.place, found.reason) == (sequence.place, sequence.reason)
