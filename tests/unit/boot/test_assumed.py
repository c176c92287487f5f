"""What settings may have read before anybody looked."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from afresh.boot.assumed import entries
from afresh.source.reading import signature_of


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        (".env", True),
        ("secret_key.txt", True),
        ("VERSION", True),
        ("config.yaml", True),
        ("pyproject.toml", True),
        ("settings.py", False),
        ("README.md", False),
        ("uv.lock", False),
        (".gitignore", False),
        ("Dockerfile.dev", False),
        ("app.log", False),
        ("nohup.out", False),
        ("db.sqlite3", False),
        ("config.yaml~", False),
    ],
)
def test_which_files_count(tmp_path: Path, name: str, is_read: bool) -> None:
    (tmp_path / name).write_text("x")
    (tmp_path / "folder").mkdir()
    read = {entry.file: entry.signature for entry in entries([str(tmp_path)]) if entry.signature is not None}
    assert read == ({str(tmp_path / name): signature_of(str(tmp_path / name))} if is_read else {})


def test_a_database_by_its_content(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store")) as database:
        database.executescript("create table t (x)")
    assert [entry.file for entry in entries([str(tmp_path)]) if entry.signature is not None] == []


def test_what_this_process_writes_to(tmp_path: Path) -> None:
    with (tmp_path / "output.txt").open("w"):
        assert [entry.file for entry in entries([str(tmp_path)]) if entry.signature is not None] == []


def test_what_is_missing_and_what_is_above(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".env").write_text("x")
    folder = tmp_path / "src/site1"
    folder.mkdir(parents=True)
    found = {entry.file: entry.signature is not None for entry in entries([str(folder)])}
    assert found[str(tmp_path / ".env")]
    assert not found[str(tmp_path / "src/.env")]
    assert not found[str(folder / ".env")]
    assert not found[str(folder / "local_settings.py")]
    assert str(tmp_path.parent / ".env") not in found
