"""The versions of Python that are promised are those that are tested."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_versions_of_python() -> None:
    scripts = (ROOT / "scripts/lib.sh").read_text(encoding="utf-8")
    tested = re.search(r"^VERSIONS=\((.*)\)$", scripts, re.MULTILINE)
    assert tested is not None
    versions = tested[1].split()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r"Python :: (3\.\d+)", project) == versions
    assert f'requires-python = ">={versions[0]}"' in project
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {versions[0]} to {versions[-1]}" in readme
