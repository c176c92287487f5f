"""What a process consumed and would not find again; the same wherever it was forked meanwhile."""

from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afresh.reload.disk import Now
from afresh.reload.journal import Entry, Find, Listing, Looked, Ran, Sealed, Wrote
from afresh.reload.strand import Strand, Text

from .worlds import World, digest

A, B, DATA = "/p/a.py", "/p/b.py", "/p/data.txt"


def world() -> World:
    return World({A: "x = 1\n", B: "y = 1\n", DATA: "old"})


def strand(entries: Iterable[Entry], parent: Strand | None = None, edit: int = 0) -> Strand:
    made = Strand(parent)
    made.add(entries, edit)
    return made


def reason(strand: Strand, now: Now) -> str:
    found = strand.objection(now)
    return found.reason if found else ""


CHANGES = [
    ("executed and saved", lambda w: [w.executed(A)], {A: "x = 2\n"}, "it was executed"),
    ("executed and deleted", lambda w: [w.executed(A)], {A: None}, "it is gone"),
    ("executed and saved as it was", lambda w: [w.executed(A)], {A: "x = 1\n"}, ""),
    ("another file", lambda w: [w.executed(A)], {B: "y = 2\n"}, ""),
    ("installed and saved", lambda w: [w.executed(A, outside=True)], {A: "x = 2\n"}, "it was read during the start"),
    ("read and saved", lambda w: [w.read(DATA)], {DATA: "new"}, "it was read during the start"),
    ("read and saved as it was", lambda w: [w.read(DATA)], {DATA: "old"}, "it was read during the start"),
    ("read and deleted", lambda w: [w.read(DATA)], {DATA: None}, "it was read during the start"),
    ("not there and made", lambda w: [w.read("/p/no")], {"/p/no": "new"}, "it was read during the start"),
    ("asked for and made", lambda w: [w.asked("/p/no")], {"/p/no": "new"}, "the start depends on its existence"),
    ("asked for and deleted", lambda w: [w.asked(DATA)], {DATA: None}, "the start depends on its existence"),
    ("asked for and saved", lambda w: [w.asked(DATA)], {DATA: "new"}, ""),
    ("listed, one made", lambda w: [Listing("/p")], {"/p/new.txt": ""}, "its folder was listed during the start"),
    ("listed, one deleted", lambda w: [Listing("/p")], {DATA: None}, "its folder was listed during the start"),
    ("listed, one saved", lambda w: [Listing("/p")], {DATA: "new"}, ""),
    ("listed above", lambda w: [Listing("/")], {"/p/new.txt": ""}, ""),
    ("sought, module made", lambda w: [Find("m", ("/p",))], {"/p/m.py": ""}, "a module of this name was looked for"),
    (
        "sought, extension made",
        lambda w: [Find("m", ("/p",))],
        {"/p/m.cpython-313-x86_64-linux-gnu.so": ""},
        "a module of this name was looked for",
    ),
    (
        "sought, package made",
        lambda w: [Find("m", ("/p",))],
        {"/p/m/__init__.py": ""},
        "a module of this name was looked for",
    ),
    (
        "sought, package with a compiled initializer made",
        lambda w: [Find("m", ("/p",))],
        {"/p/m/__init__.so": ""},
        "a module of this name was looked for",
    ),
    ("sought, folder made", lambda w: [Find("m", ("/p",))], {"/p/m": ""}, "a module of this name was looked for"),
    ("sought elsewhere", lambda w: [Find("m", ("/p",))], {"/q/m.py": ""}, ""),
    ("sought, another made", lambda w: [Find("m", ("/p",))], {"/p/n.py": "", "/p/mm.py": "", "/p/m_.py": ""}, ""),
    ("executed, own work", lambda w: [w.executed(A), Wrote(A)], {A: "x = 2\n"}, ""),
    ("made and then executed", lambda w: [w.read(A), Wrote(A), w.executed(A)], {A: "x = 2\n"}, "it was executed"),
    ("made again", lambda w: [Wrote(A), w.executed(A), Wrote(A)], {A: "x = 2\n"}, ""),
    ("read, own work", lambda w: [w.read(DATA), Wrote(DATA)], {DATA: "new"}, ""),
    (
        "executed and read",
        lambda w: [w.executed(A), w.read(A)],
        {A: "x = 2\n"},
        "it was read during the start",
    ),
]


@pytest.mark.parametrize(
    ("consume", "changes", "expected"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_changes(consume: Callable[[World], list[Entry]], changes: dict[str, str | None], expected: str) -> None:
    w = world()
    one = strand(consume(w))
    forked = Strand(Strand(one))
    w.save(changes)
    for process in (one, forked):
        found = {reason(process, now) for now in w.touched.values()}
        assert found == {expected}, process


@pytest.mark.parametrize("there", [False, True])
def test_there_and_back(there: bool) -> None:
    """What was looked for by name, by existence or in a listing, and is as it was again."""
    w = world()
    path = "/p/m.py"
    if there:
        w.disk[path] = "m = 1\n"
    one = strand([Find("m", ("/p",)), Listing("/p"), w.asked(path)])
    w.save({path: None if there else "m = 1\n"})
    assert reason(one, w.touched[path])
    w.save({path: "m = 1\n" if there else None})
    assert not reason(one, w.touched[path])


def test_looked_after_the_edit() -> None:
    """One process listed before a file came, the next after it."""
    w = world()
    before = strand([Listing("/p")])
    w.save({"/p/new.txt": ""})
    after = strand([Listing("/p")], edit=1)
    now = w.touched["/p/new.txt"]
    assert (reason(before, now), reason(after, now)) == ("its folder was listed during the start", "")
    w.save({"/p/new.txt": None})
    now = w.touched["/p/new.txt"]
    assert (reason(before, now), reason(after, now)) == ("", "its folder was listed during the start")


def test_the_newest_text_counts() -> None:
    """A child whose functions were exchanged runs the new text, its parent the old."""
    w = world()
    parent = strand([w.executed(A)])
    w.save({A: "x = 2\n"})
    child = Strand(parent, {A: Text(A, "a", digest("x = 2\n"))})
    now = w.touched[A]
    assert (reason(parent, now), reason(child, now)) == ("it was executed", "")
    w.save({A: "x = 1\n"})
    now = w.touched[A]
    assert (reason(parent, now), reason(child, now)) == ("", "it was executed")
    text = child.text(A)
    assert text is not None
    assert text.digest == digest("x = 2\n")


def test_the_objection_names_the_text_that_runs() -> None:
    w = world()
    one = strand([w.executed(A, "pkg.a")])
    w.save({A: "x = 2\n"})
    found = Strand(one).objection(w.touched[A])
    assert found is not None
    assert found.text == Text(A, "pkg.a", digest("x = 1\n"))


def test_two_names_of_one_file() -> None:
    w = world()
    one = strand([w.executed(A, "a")])
    child = strand([w.executed(A, "pkg.a")], one)
    assert one.seal(A) == ""
    assert child.seal(A) == "it was executed under two names (a and pkg.a)"
    assert Strand(child).seal(A) == child.seal(A)


def test_what_ran_and_what_is_sealed_is_inherited() -> None:
    one = strand([Ran(A, ("f", "C.m")), Ran(B, ("g",)), Looked(A, ("l",))])
    child = strand([Ran(A, ("h",)), Looked(A, ("m",)), Sealed(B, "it is the program itself")], one)
    assert one.functions_run(A) == {"f", "C.m"}
    assert child.functions_run(A) == {"f", "C.m", "h"}
    assert (one.functions_looked_at(A), child.functions_looked_at(A)) == ({"l"}, {"l", "m"})
    assert child.functions_looked_at(B) == set()
    assert (one.seal(B), child.seal(B)) == ("", "it is the program itself")


def test_siblings_know_nothing_of_each_other() -> None:
    w = world()
    parent = strand([])
    child, sibling = strand([w.read(DATA), Ran(A, ("f",))], parent), Strand(parent)
    w.save({DATA: "new"})
    now = w.touched[DATA]
    assert (reason(child, now), reason(sibling, now), reason(parent, now)) == ("it was read during the start", "", "")
    assert sibling.functions_run(A) == set()


@pytest.mark.parametrize("path", [A, DATA, "/p/no"])
def test_has_seen(path: str) -> None:
    w = world()
    rows: list[tuple[list[Entry], bool]] = [
        ([w.executed(A)], path == A),
        ([w.read(path)], path != "/p/no"),
        ([w.asked(path)], path != "/p/no"),
        ([Listing("/p"), Find("a", ("/p",))], False),
    ]
    for entries, seen in rows:
        assert Strand(strand(entries)).has_seen(path) is seen


def test_line() -> None:
    first = Strand()
    second = Strand(first)
    third = Strand(second)
    assert list(third.line()) == [third, second, first]


# ---- any history ----------------------------------------------------------------------------------------------------

PATHS = ("/p/m.py", "/p/m/__init__.py", "/p/data", "/q/m.py")


def steps() -> st.SearchStrategy[list[tuple[str, str, str | None]]]:
    consume = st.tuples(st.sampled_from(["execute", "read", "ask", "list", "find"]), st.sampled_from(PATHS), st.none())
    save = st.tuples(st.just("save"), st.sampled_from(PATHS), st.sampled_from([None, "one", "two"]))
    return st.lists(st.one_of(consume, consume, save), max_size=12)


def consumed(w: World, kind: str, path: str) -> list[Entry]:
    folder = path.rpartition("/")[0]
    match kind:
        case "execute":
            return [w.executed(path)] if path in w.disk else []
        case "read":
            return [w.read(path)]
        case "ask":
            return [w.asked(path)]
        case "list":
            return [Listing(folder)]
        case _:
            return [Find("m", ("/p",))]


@pytest.mark.slow
@settings(max_examples=400)
@given(steps(), st.lists(st.booleans(), min_size=12, max_size=12))
def test_forks_between_the_entries_change_nothing(
    history: Sequence[tuple[str, str, str | None]], forks: Sequence[bool]
) -> None:
    """One process, and one that forked on the way, have the same against the disk."""
    w = World({"/p/m.py": "one", "/p/data": "one"})
    one = Strand()
    line = Strand()
    for (kind, path, text), is_forked in zip(history, forks, strict=False):
        if is_forked:
            line = Strand(line)
        if kind == "save":
            if w.disk.get(path) != text:
                w.save({path: text})
        else:
            entries = consumed(w, kind, path)
            one.add(entries, w.edits)
            line.add(entries, w.edits)
    for now in w.touched.values():
        assert (one.objection(now) is None) == (line.objection(now) is None), now.path
