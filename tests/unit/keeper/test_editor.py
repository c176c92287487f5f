"""Which command opens a file, and which files may be opened."""

import os
from pathlib import Path

import pytest

from afresh.errors import UsageError
from afresh.keeper.editor import EDITORS, editor_command, project_file


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with two editors."""
    for name in ("subl", "gvim", "vim"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    return str(tmp_path)


@pytest.mark.parametrize("name", EDITORS)
def test_each_known_editor_is_told_file_and_line(name: str) -> None:
    command = editor_command(name, {}, "/p/a b.py", 12)
    assert command[0] == name
    assert "/p/a b.py" in " ".join(command)
    assert "12" in " ".join(command)
    assert not any("{" in word for word in command)


@pytest.mark.parametrize(
    ("wish", "command"),
    [
        ("/opt/bin/code", ["/opt/bin/code", "--goto", "/p/a.py:3"]),
        ("my-editor", ["my-editor", "/p/a.py"]),
        ("my-editor --at {line} --in '{file}'", ["my-editor", "--at", "3", "--in", "/p/a.py"]),
        ("sh -c 'edit {file}'", ["sh", "-c", "edit /p/a.py"]),
    ],
)
def test_the_users_own_command(wish: str, command: list[str]) -> None:
    assert editor_command(wish, {}, "/p/a.py", 3) == command


def test_no_shell_sees_the_name_of_a_file() -> None:
    file = "/p/$(touch owned); `x` 'y'.py"
    assert editor_command("code", {}, file, 1) == ["code", "--goto", f"{file}:1"]


def test_a_name_with_braces_is_not_filled_in_again() -> None:
    assert editor_command("code", {}, "/p/{line}.py", 7) == ["code", "--goto", "/p/{line}.py:7"]


def test_what_is_installed_is_found_and_the_users_choice_first(path: str) -> None:
    assert editor_command("", {"PATH": path}, "/p/a.py", 1)[0] == f"{path}/subl"
    assert editor_command("", {"PATH": path, "EDITOR": "gvim -f"}, "/p/a.py", 1)[0] == f"{path}/gvim"
    # vim needs the terminal, which the server has.
    assert editor_command("", {"PATH": path, "VISUAL": "vim"}, "/p/a.py", 1)[0] == f"{path}/subl"


def test_without_an_editor_it_is_said_how_to_name_one() -> None:
    with pytest.raises(UsageError, match="No editor") as raised:
        editor_command("", {"PATH": "/nowhere"}, "/p/a.py", 1)
    assert "AFRESH_EDITOR" in raised.value.hint


def no_code(_: str) -> bool:
    return False


def test_only_files_of_the_project(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside.py"
    (root / "app").mkdir(parents=True)
    inside = root / "app" / "views.py"
    inside.write_text("")
    outside.write_text("")
    (root / "link.py").symlink_to(outside)
    (root / "own.py").symlink_to(inside)
    top = str(root)
    assert project_file(str(inside), top, no_code) == str(inside)
    assert project_file("app/views.py", top, no_code) == str(inside)
    assert project_file(str(root / "own.py"), top, no_code) == str(inside)
    for path in (str(outside), "../outside.py", f"{top}/../outside.py", f"{top}/link.py", top, f"{top}/app"):
        assert project_file(path, top, no_code) is None
    for bad in (None, 7, ["a"], "", "a\0b", "/etc/passwd", f"{top}/none.py", "\udcff"):
        assert project_file(bad, top, no_code) is None
    assert project_file(f"{top}2/a.py", top, no_code) is None
    assert os.path.exists(outside)


def test_what_is_loaded_as_the_project_is_its_own_wherever_it_lies(tmp_path: Path) -> None:
    inside, outside = tmp_path / "loaded.py", tmp_path / "other.py"
    for file in (inside, outside):
        file.write_text("")
    for folder in ("", str(tmp_path / "elsewhere")):
        assert project_file(str(inside), folder, str(inside).__eq__) == str(inside)
        assert project_file(str(outside), folder, str(inside).__eq__) is None
    assert project_file("/etc/passwd", "", no_code) is None
