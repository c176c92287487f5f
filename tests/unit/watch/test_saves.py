"""Every way to save a file ends in an edit that names it, under the path that the journal spells."""

import ctypes
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from afresh.reload.journal import Entry

from .rig import (
    Rig,
    asked,
    back_up_and_write,
    delete_and_write,
    digest,
    executed,
    executed_from_cache,
    found,
    listed,
    many_small_writes,
    move_over,
    read,
    rename_over,
    truncate_then_write,
    write,
    write_in_place,
)

SAVES = [
    write,
    write_in_place,
    rename_over,
    back_up_and_write,
    delete_and_write,
    truncate_then_write,
    many_small_writes,
]
AT_FDCWD = -100
RENAME_EXCHANGE = 2


def exchange(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        pytest.skip(os.strerror(ctypes.get_errno()))


@pytest.mark.parametrize("save", SAVES)
def test_a_save_is_one_edit(rig: Rig, save: Callable[[Path, str], None]) -> None:
    file = rig.root / "views.py"
    write(file, "old = 1\n")
    assert rig.watcher.cover([executed(file)]) == []
    for number in range(20):
        save(file, f"new = {number}\n")
        assert rig.edit().changed == {str(file)}


@pytest.mark.parametrize("save", SAVES)
def test_a_save_of_the_same_content_is_no_edit(patient: Rig, save: Callable[[Path, str], None]) -> None:
    file = patient.root / "views.py"
    write(file, "same = 1\n")
    patient.watcher.cover([executed(file)])
    assert patient.changes(lambda: save(file, "same = 1\n")) == set()


@pytest.mark.parametrize("save", [write, rename_over, delete_and_write])
def test_two_saves_of_equal_length_within_one_tick_of_the_clock_are_both_seen_without_a_digest(
    rig: Rig, save: Callable[[Path, str], None]
) -> None:
    file = rig.root / "installed.py"
    write(file, "value = 00\n")
    rig.watcher.cover([executed_from_cache(file)])
    for number in range(10, 40):
        save(file, f"value = {number}\n")
        assert str(file) in rig.edit().changed


def test_touching_changes_nothing_where_the_content_is_known(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    assert rig.changes(lambda: os.utime(file)) == set()
    assert rig.changes(lambda: file.chmod(0o600)) == set()


def test_a_new_hard_link_changes_nothing_even_where_only_the_signature_is_known(rig: Rig) -> None:
    file = rig.root / "installed.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed_from_cache(file)])
    assert rig.changes(lambda: (rig.root / "link").hardlink_to(file)) == set()


def test_a_write_through_a_hard_link_in_an_unwatched_folder_is_seen(rig: Rig, tmp_path: Path) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other-name").hardlink_to(file)
    rig.watcher.cover([executed(file)])
    write_in_place(elsewhere / "other-name", "x = 2\n")
    assert rig.edit().changed == {str(file)}


def test_a_file_that_is_written_and_not_closed_is_seen_within_the_limit(
    make_rig: Callable[..., Rig], root: Path
) -> None:
    rig = make_rig(settle_limit=0.05)
    file = root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    with file.open("r+") as open_file:
        open_file.write("x = 2\n")
        open_file.flush()
        assert rig.edit().changed == {str(file)}


def test_truncating_by_path_is_seen(make_rig: Callable[..., Rig], root: Path) -> None:
    rig = make_rig(settle_limit=0.05)
    file = root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    os.truncate(file, 2)
    assert rig.edit().changed == {str(file)}


def test_exchanging_two_files_changes_both(rig: Rig) -> None:
    one, other = rig.root / "one.py", rig.root / "other.py"
    write(one, "x = 1\n")
    write(other, "x = 2\n")
    rig.watcher.cover([executed(one), executed(other)])
    assert rig.changes(lambda: exchange(one, other)) == {one, other}
    assert rig.changes(lambda: write(one, "x = 3\n")) == {one}


def test_a_deleted_file_and_one_that_comes_back_are_edits(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])
    assert rig.changes(file.unlink) == {file}
    assert rig.changes(lambda: write(file, "x = 1\n")) == {file}
    assert rig.changes(lambda: write(file, "x = 2\n")) == {file}


def test_a_file_with_an_older_time_is_seen(rig: Rig) -> None:
    file = rig.root / "views.py"
    write(file, "x = 1\n")
    rig.watcher.cover([executed(file)])

    def restore() -> None:
        old = file.with_name("restored")
        write(old, "x = 0\n")
        os.utime(old, (1, 1))
        os.replace(old, file)

    assert rig.changes(restore) == {file}


class TestLinks:
    """A linked file is watched on both sides and reported as the journal spells it."""

    @pytest.fixture
    def link(self, rig: Rig, tmp_path: Path) -> Path:
        shared = tmp_path / "shared"
        shared.mkdir()
        write(shared / "settings.py", "x = 1\n")
        link = rig.root / "settings.py"
        link.symlink_to(os.path.relpath(shared / "settings.py", rig.root))
        return link

    @pytest.mark.parametrize("save", SAVES)
    def test_saving_the_target(self, rig: Rig, link: Path, tmp_path: Path, save: Callable[[Path, str], None]) -> None:
        rig.watcher.cover([executed(link)])
        for number in range(5):
            assert rig.changes(lambda: save(tmp_path / "shared/settings.py", f"n = {number}\n")) == {link}  # noqa: B023

    def test_pointing_the_link_elsewhere(self, rig: Rig, link: Path, tmp_path: Path) -> None:
        rig.watcher.cover([executed(link)])
        other = tmp_path / "other.py"
        write(other, "x = 2\n")

        def repoint() -> None:
            new = link.with_name("new")
            new.symlink_to(other)
            os.replace(new, link)

        assert rig.changes(repoint) == {link}
        assert rig.changes(lambda: write(other, "x = 3\n")) == {link}
        assert rig.changes(lambda: write(tmp_path / "shared/settings.py", "x = 4\n")) == set()

    def test_a_link_to_nothing_and_its_target_appearing_later(self, rig: Rig, tmp_path: Path) -> None:
        link = rig.root / "local.py"
        link.symlink_to(tmp_path / "new/deep/local.py")
        assert rig.watcher.cover([read(link)]) == []

        def create() -> None:
            (tmp_path / "new/deep").mkdir(parents=True)
            write(tmp_path / "new/deep/local.py", "x = 1\n")

        assert rig.changes(create) == {link}
        assert rig.changes(lambda: rename_over(tmp_path / "new/deep/local.py", "x = 2\n")) == {link}

    def test_a_linked_directory_that_is_pointed_elsewhere(self, rig: Rig, tmp_path: Path) -> None:
        """As a release is switched: `current` leads to another folder from one moment to the next."""
        for release in ("one", "two"):
            (tmp_path / release / "package").mkdir(parents=True)
            write(tmp_path / release / "package/module.py", f"release = {release!r}\n")
        current = rig.root / "current"
        current.symlink_to(tmp_path / "one")
        module = current / "package/module.py"
        rig.watcher.cover([executed(module), found("module", current / "package")])

        def switch() -> None:
            new = rig.root / "next"
            new.symlink_to(tmp_path / "two")
            os.replace(new, current)

        assert rig.changes(switch) == {module}
        assert rig.changes(lambda: write(tmp_path / "two/package/module.py", "x = 1\n")) == {module}
        assert rig.changes(lambda: write(tmp_path / "one/package/module.py", "x = 2\n")) == set()


class TestFolders:
    def test_a_tree_that_is_made_in_a_burst_is_found_whole(self, rig: Rig) -> None:
        rig.watcher.cover_project(str(rig.root))
        files = [rig.root / f"app{a}/deep/er/module{b}.py" for a in range(10) for b in range(5)]

        def create() -> None:
            for file in files:
                file.parent.mkdir(parents=True, exist_ok=True)
                write(file, "x = 1\n")

        assert rig.changes(create) == set(files)
        assert rig.changes(lambda: write(files[-1], "x = 22\n")) == {files[-1]}

    def test_a_folder_that_is_deleted_and_made_again(self, patient: Rig) -> None:
        folder = patient.root / "app"
        folder.mkdir()
        file = folder / "models.py"
        write(file, "x = 1\n")
        patient.watcher.cover([executed(file), found("forms", folder)])

        def recreate(content: str) -> None:
            file.unlink()
            folder.rmdir()
            folder.mkdir()
            write(file, content)

        assert patient.changes(lambda: recreate("x = 2\n")) == {file}
        assert patient.changes(lambda: recreate("x = 2\n")) == set()
        assert patient.changes(lambda: write(file, "x = 3\n")) == {file}
        assert patient.changes(lambda: write(folder / "forms.py", "")) == {folder / "forms.py"}

    def test_a_folder_that_is_moved_away_takes_what_is_in_it(self, rig: Rig) -> None:
        folder = rig.root / "src/app"
        folder.mkdir(parents=True)
        file = folder / "models.py"
        write(file, "x = 1\n")
        rig.watcher.cover([executed(file)])
        (edit, *_) = rig.edits(lambda: os.rename(rig.root / "src", rig.root / "old"))
        assert (str(file) in edit.changed, edit.everything) == (True, True)
        assert rig.changes(lambda: write(rig.root / "old/app/models.py", "x = 2\n")) == set()
        assert rig.changes(lambda: os.rename(rig.root / "old", rig.root / "src")) == {file}
        assert rig.changes(lambda: write(file, "x = 3\n")) == {file}

    def test_swapping_two_folders_with_equal_files_changes_nothing(self, rig: Rig) -> None:
        for name in ("one", "two"):
            (rig.root / name).mkdir()
            write(rig.root / name / "module.py", "x = 1\n")
        file = rig.root / "one/module.py"
        rig.watcher.cover([executed(file)])
        assert rig.changes(lambda: exchange(rig.root / "one", rig.root / "two")) == set()
        assert rig.changes(lambda: write(file, "x = 2\n")) == {file}


class TestAbsence:
    def test_a_file_that_was_not_there_appears_below_folders_that_were_not_there(self, rig: Rig) -> None:
        file = rig.root / "config/local/.env"
        assert rig.watcher.cover([read(file), asked(file)]) == []

        def create() -> None:
            file.parent.mkdir(parents=True)
            write(file, "DEBUG=1\n")

        assert rig.changes(create) == {file}
        assert rig.changes(lambda: write(file, "DEBUG=0\n")) == {file}

    def test_a_path_that_was_asked_for_changes_by_existence_only(self, rig: Rig) -> None:
        file = rig.root / ".env"
        write(file, "A=1\n")
        rig.watcher.cover([asked(file)])
        assert rig.changes(lambda: write(file, "A=2\n")) == set()
        assert rig.changes(lambda: rename_over(file, "A=3\n")) == set()
        assert rig.changes(file.unlink) == {file}

    def test_a_name_that_a_look_up_would_take_now(self, rig: Rig, tmp_path: Path) -> None:
        earlier, missing = tmp_path / "earlier", tmp_path / "missing"
        earlier.mkdir()
        hit = rig.root / "helper.py"
        write(hit, "x = 1\n")
        entries: list[Entry] = [found("helper", missing, earlier, rig.root), executed(hit)]
        assert rig.watcher.cover(entries) == []
        assert rig.changes(lambda: write(earlier / "other.py", "")) == set()
        assert rig.changes(lambda: write(earlier / "helper.txt", "")) == set()
        assert rig.changes(lambda: write(earlier / "helper.py", "")) == {earlier / "helper.py"}
        assert rig.changes((rig.root / "helper").mkdir) == {rig.root / "helper"}

        def create() -> None:
            missing.mkdir()
            write(missing / "helper.cpython-313-x86_64-linux-gnu.so", "")

        assert rig.changes(create) == {missing / "helper.cpython-313-x86_64-linux-gnu.so"}

    def test_a_bare_folder_that_was_passed_over_becomes_a_package(self, rig: Rig) -> None:
        (rig.root / "redis").mkdir()
        rig.watcher.cover([found("redis", rig.root)])
        assert rig.changes(lambda: write(rig.root / "redis/redis.conf", "")) == set()
        assert rig.changes(lambda: write(rig.root / "redis/__init__.py", "")) == {rig.root / "redis/__init__.py"}

    def test_names_in_a_listed_folder(self, rig: Rig) -> None:
        folder = rig.root / "migrations"
        folder.mkdir()
        old, new = folder / "0001_initial.py", folder / "0002_more.py"
        write(old, "x = 1\n")
        rig.watcher.cover([listed(folder)])
        assert rig.changes(lambda: write(old, "x = 2\n")) == set()
        assert rig.changes(lambda: rename_over(old, "x = 3\n")) == set()
        assert rig.changes((folder / "__pycache__").mkdir) == set()
        assert rig.changes(lambda: write(new, "")) == {new}
        assert rig.changes(old.unlink) == {old}


class TestTrees:
    def test_content_and_names_below_a_tree(self, rig: Rig) -> None:
        templates = rig.root / "templates"
        (templates / "app").mkdir(parents=True)
        page = templates / "app/page.html"
        write(page, "one")
        rig.watcher.cover_tree(str(templates))
        assert rig.changes(lambda: write(page, "two")) == {page}
        assert rig.changes(lambda: move_over(page, "three", rig.root.parent)) == {page}
        new = templates / "new/deep/page.html"

        def create() -> None:
            new.parent.mkdir(parents=True)
            write(new, "x")

        assert rig.changes(create) == {new}
        assert rig.changes(new.unlink) == {new}
        assert rig.watcher.is_asked_for(str(new))
        assert not rig.watcher.is_consumed(str(new))

    def test_a_glob_chooses(self, rig: Rig) -> None:
        locale = rig.root / "locale"
        (locale / "de").mkdir(parents=True)
        rig.watcher.cover_tree(str(locale), "**/*.mo")
        assert rig.changes(lambda: write(locale / "de/django.po", "x")) == set()
        assert rig.changes(lambda: write(locale / "de/django.mo", "x")) == {locale / "de/django.mo"}

    def test_a_tree_that_comes_into_being_later(self, rig: Rig) -> None:
        tree = rig.root / "a/b"
        rig.watcher.cover_tree(str(tree))

        def create() -> None:
            tree.mkdir(parents=True)
            write(tree / "page.html", "x")

        assert rig.changes(create) == {tree / "page.html"}
        assert rig.changes(lambda: write(tree / "page.html", "yy")) == {tree / "page.html"}

    def test_a_linked_template(self, rig: Rig, tmp_path: Path) -> None:
        templates = rig.root / "templates"
        templates.mkdir()
        target = tmp_path / "shared.html"
        write(target, "one")
        (templates / "page.html").symlink_to(target)
        rig.watcher.cover_tree(str(templates))
        assert rig.changes(lambda: write(target, "three")) == {templates / "page.html"}


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


def test_switching_a_branch_changes_what_the_branches_differ_by(rig: Rig) -> None:
    root = rig.root
    git(root, "init", "-q", "-b", "main")
    files = [root / f"app{number % 7}/module{number}.py" for number in range(60)]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        write(file, "branch = 'main'\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "main")
    git(root, "checkout", "-qb", "feature")
    for file in files[:20]:
        write(file, "branch = 'feature'\n")
    git(root, "rm", "-q", str(files[20]))
    new = root / "fresh/module.py"
    new.parent.mkdir()
    write(new, "x = 1\n")
    git(root, "add", ".")
    git(root, "commit", "-qam", "feature")

    rig.watcher.cover_project(str(root))
    rig.watcher.cover([executed(file) for file in files if file.exists()])
    assert rig.changes(lambda: git(root, "switch", "-q", "main")) == {*files[:21], new}
    assert rig.changes(lambda: git(root, "status")) == set()
    assert rig.changes(lambda: git(root, "switch", "-q", "feature")) == {*files[:21], new}
    assert digest(files[0].read_bytes()) == digest(b"branch = 'feature'\n")
