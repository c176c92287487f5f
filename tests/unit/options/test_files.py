import re
from pathlib import Path

import pytest

from afresh.errors import UsageError
from afresh.options.files import nearest_pyproject, read_tool_table


def test_the_nearest_file_upward_counts(tmp_path: Path) -> None:
    below = tmp_path / "web" / "shop"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    assert nearest_pyproject(str(below)) == str(tmp_path / "pyproject.toml")
    (tmp_path / "web" / "pyproject.toml").write_text("")
    assert nearest_pyproject(str(below)) == str(tmp_path / "web" / "pyproject.toml")


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("", {}),
        ("[tool.ruff]\nline-length = 100\n", {}),
        ("[tool.afresh]\nwait = 5\n", {"wait": 5}),
        ("[tool]\nafresh = {allow-host = ['a']}\n", {"allow-host": ["a"]}),
        ("[project]\ndependencies = ['afresh']\n", {}),
        ("this project is no TOML and says nothing of us", {}),
    ],
)
def test_read_tool_table(tmp_path: Path, text: str, table: dict[str, object]) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    assert read_tool_table(str(path)) == table


@pytest.mark.parametrize("content", [b"[tool.afresh\n", b"[tool.afresh]\nwait = '\xff'\n", b"[tool]\nafresh = 5\n"])
def test_what_is_broken_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(str(path))):
        read_tool_table(str(path))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(str(tmp_path))):
        read_tool_table(str(tmp_path))
