import runpy
from pathlib import Path

import pytest

from afresh.options.table import ROWS, Row

ROOT = Path(__file__).parents[2]


def generated_page() -> str:
    page: str = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["page"]()
    return page


PAGE = (ROOT / "docs" / "reference" / "options.md").read_text(encoding="utf-8")


def test_the_reference_is_in_step_with_the_table() -> None:
    assert generated_page() == PAGE, "run scripts/docs"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_each_option_is_documented_in_each_place_it_may_stand(row: Row) -> None:
    section = PAGE.partition(f"\n## {row.key}\n")[2].partition("\n## ")[0]
    assert row.help in section
    missing = [name for name in (row.flag, row.negative, row.environment, f"`{row.key} = ") if name not in section]
    assert missing == []
