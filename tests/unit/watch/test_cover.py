"""Entries against the disk when they are covered, and what newer boots do to what older ones consumed."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from afresh.reload.journal import Entry, Exec, Read, Stat

from .rig import Rig, asked, digest, executed, executed_from_cache, found, listed, read, rename_over, write


def test_entries_that_hold(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    entries: list[Entry] = [
        executed(file),
        executed_from_cache(file),
        read(file),
        read(rig.root / "absent"),
        asked(file),
        asked(rig.root / "absent/deeper"),
        found("views", rig.root),
        found("other", rig.root, rig.root / "absent"),
        listed(rig.root),
        Read("/proc/self/maps", None),
        Read("/dev/null", None),
        Stat(str(rig.root) + "/", "directory"),
    ]
    assert rig.watcher.cover(entries, since=time.time_ns()) == []


def test_what_was_saved_before_the_watch_stood_is_returned(rig: Rig) -> None:
    files = [rig.root / f"{name}.py" for name in ("digest", "signature", "read", "deleted", "appeared", "asked")]
    with_digest, with_signature, was_read, deleted, appeared, was_asked = files
    for file in files[:4]:
        write(file, "x = 1\n")
    entries: list[Entry] = [
        executed(with_digest),
        executed_from_cache(with_signature),
        read(was_read),
        executed(deleted),
        read(appeared),
        asked(was_asked),
    ]
    for file in (with_digest, with_signature, was_read, appeared, was_asked):
        rename_over(file, "x = 2\n")
    deleted.unlink()
    assert rig.watcher.cover(entries) == [str(file) for file in files]


def test_a_file_that_was_touched_or_written_with_the_same_content_holds(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    entry = executed(file)
    rename_over(file, "x = 1\n")
    assert rig.watcher.cover([entry]) == []


def test_the_same_signature_with_another_digest_does_not_hold_if_it_is_recent(rig: Rig) -> None:
    """Two writes within one tick of the clock: the first was read, the second left the same signature."""
    file = rig.root / "views.py"
    write(file, "x = 2\n")
    assert rig.watcher.cover([Exec("views", str(file), executed(file).signature, digest(b"x = 1\n"))]) == [str(file)]


def test_a_boot_that_began_later_reads_no_file_that_is_older(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 2\n")
    wrong = Exec("views", str(file), executed(file).signature, digest(b"not read"))
    assert rig.watcher.cover([wrong], since=time.time_ns() + 10**9) == []


@pytest.mark.parametrize("name", ["helper.py", "helper"])
def test_a_shadowing_name_that_appeared_between_the_look_up_and_the_watch(rig: Rig, tmp_path: Path, name: str) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    write(rig.root / "helper.py", "x = 1\n")
    since = time.time_ns() - 10**7
    shadow = earlier / name
    if name == "helper":
        shadow.mkdir()
        write(shadow / "__init__.py", "")
    else:
        write(shadow, "")
    entries: list[Entry] = [found("helper", earlier, rig.root), executed(rig.root / "helper.py")]
    assert rig.watcher.cover(entries, since=since) == [str(shadow)]


def test_names_that_were_there_and_passed_over_do_not_count(rig: Rig) -> None:
    """A folder without code, a module beside a package: they were there when the look-up passed them over."""
    (rig.root / "redis").mkdir()
    write(rig.root / "redis/redis.conf", "")
    (rig.root / "both").mkdir()
    write(rig.root / "both/__init__.py", "")
    write(rig.root / "both.py", "")
    since = time.time_ns() + 10**8
    assert rig.watcher.cover([found("redis", rig.root), found("both", rig.root)], since=since) == []


def test_a_new_name_in_a_listed_folder(rig: Rig) -> None:
    since = time.time_ns() - 10**7
    write(rig.root / "0002_more.py", "")
    write(rig.root / "debug.log", "")
    assert rig.watcher.cover([listed(rig.root)], since=since) == [str(rig.root / "0002_more.py")]


def test_a_path_that_is_no_file_or_may_not_be_read_holds(rig: Rig) -> None:
    pipe = rig.root / "pipe"
    os.mkfifo(pipe)
    assert rig.watcher.cover([Read(str(rig.root), None), Read(str(pipe), None)]) == []


def test_a_later_boot_decides_what_a_file_is_compared_with(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    old = executed(file)
    rig.watcher.cover([old], boot=1)
    assert rig.changes(lambda: write(file, "x = 2\n")) == {file}
    assert rig.watcher.cover([executed(file)], boot=2) == []
    assert rig.watcher.cover([old], boot=1) == [str(file)]
    assert rig.changes(lambda: os.utime(file)) == set()
    assert rig.changes(lambda: write(file, "x = 1\n")) == {file}


def test_what_only_older_boots_consumed_is_forgotten_and_nothing_else(rig: Rig) -> None:
    both, old, new = (rig.root / f"{name}.py" for name in ("both", "old", "new"))
    for file in (both, old, new):
        write(file, "x = 1\n")
    outside = rig.root / "outside"
    outside.mkdir()
    rig.watcher.cover([executed(both), executed(old), found("gone", outside), asked(rig.root / "gone")], boot=1)
    rig.watcher.cover([executed(both), executed(new), found("kept", rig.root)], boot=2)
    rig.watcher.forget(2)
    assert [rig.watcher.is_consumed(str(file)) for file in (both, old, new)] == [True, False, True]
    assert not rig.watcher.is_consumed(str(outside / "gone.py"))
    assert rig.changes(lambda: write(old, "x = 2\n")) == set()
    assert rig.changes(lambda: write(outside / "gone.py", "x = 2\n")) == set()
    assert rig.changes(lambda: write(both, "x = 2\n")) == {both}
    assert rig.changes(lambda: write(rig.root / "kept.py", "")) == {rig.root / "kept.py"}


def test_a_save_while_boots_change_over_is_not_lost(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 0\n")
    for boot in range(1, 50):
        assert rig.watcher.cover([executed(file)], boot=boot) == []

        def save_and_forget() -> None:
            write(file, f"x = {boot}\n")  # noqa: B023
            rig.watcher.forget(boot)  # noqa: B023

        assert rig.changes(save_and_forget) == {file}


def test_a_folder_that_is_replaced_while_boots_change_over_is_not_lost(rig: Rig) -> None:
    """The events of what was in it are of watches that are gone by then, and the new folder has no such file."""
    for boot in range(1, 50):
        folder = rig.root / f"package{boot}"
        folder.mkdir()
        write(folder / "module.py", "x = 1\n")
        assert rig.watcher.cover([executed(folder / "module.py")], boot=boot) == []

        def replace_and_forget() -> None:
            folder.rename(folder.with_name("old" + folder.name))  # noqa: B023
            folder.mkdir()  # noqa: B023
            rig.watcher.forget(boot)  # noqa: B023

        assert rig.changes(replace_and_forget) == {folder / "module.py"}


def test_nothing_grows_with_the_number_of_boots(rig: Rig) -> None:
    sizes = set()
    for boot in range(1, 8):
        file = rig.root / f"module{boot}.py"
        write(file, "x = 1\n")
        rig.watcher.cover([executed(file), found(f"module{boot}", rig.root)], boot=boot)
        rig.watcher.cover_tree(str(rig.root / "templates"), boot=boot)
        rig.watcher.forget(boot)
        sizes.add(repr(rig.watcher))
    assert len(sizes) == 1


def test_what_counts_as_consumed(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    folder = rig.root / "listed"
    folder.mkdir()
    absent = rig.root / "absent.toml"
    rig.watcher.cover([executed(file), read(absent), found("helper", rig.root), listed(folder)])
    consumed = [file, absent, rig.root / "helper.py", rig.root / "helper", folder / "new.py"]
    assert all(rig.watcher.is_consumed(str(path)) for path in consumed)
    other = [rig.root / "other.py", rig.root / "helper.txt", folder / "x.pyc", rig.root]
    assert not any(rig.watcher.is_consumed(str(path)) for path in other)


def test_covering_takes_steps_in_proportion_to_the_entries(make_rig: Callable[..., Rig], tmp_path: Path) -> None:
    """Each entry may take some calls, but none for each other entry."""
    steps = {}
    for count in (300, 1200):
        root = tmp_path / str(count)
        files = [root / f"app{number % 50}/module{number}.py" for number in range(count)]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            write(file, "x = 1\n")
        entries: list[Entry] = [executed(file) for file in files]
        entries += [found(file.stem, *(root / f"app{number}" for number in range(5)), file.parent) for file in files]
        watcher = make_rig().watcher
        with counted_calls() as calls:
            assert watcher.cover(entries, since=time.time_ns()) == []
        steps[count] = sum(calls.values())
    assert steps[300] > 2 * 300  # they are counted
    assert steps[1200] <= 4 * steps[300]


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Counts the calls of functions that this thread makes, those in C too."""
    events: Counter[str] = Counter()

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            events[event] += 1

    sys.setprofile(count)
    try:
        yield events
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("style", [read, executed, executed_from_cache, asked])
def test_an_edit_that_a_second_process_has_consumed_before_it_was_told(
    rig: Rig, style: Callable[[Path], Entry]
) -> None:
    """The first one has the old state, and nobody has said so yet: the event is still to be looked at."""
    file = rig.root / "views.py"
    if style is not asked:
        write(file, "x = 1\n")
    assert rig.watcher.cover([style(file)], boot=1) == []

    def save() -> None:
        with rig.watcher._covering():
            rename_over(file, "x = 2\n")
            assert rig.watcher.cover([style(file)], boot=1) == []

    assert rig.changes(save) == {file}
    if style in (executed, asked):  # the others go by times, and may tell of it once more
        assert rig.changes(lambda: rename_over(file, "x = 2\n")) == set()
