"""After every edit of a generated project, what is served equals a cold start of the same files.

`scripts/test-exact` runs many more: its options are the variables below.
"""

import os
from pathlib import Path

import pytest

from .run import Tally, require, run, run_many

SEED = int(os.environ.get("AFRESH_EXACT_SEED", "1"))
EDITS = int(os.environ.get("AFRESH_EXACT_EDITS", "0"))
WAYS = os.environ.get("AFRESH_EXACT_WAYS", "patch,resume,cold").split(",")
BY_COMMAND, THROUGH_MANAGE = 20_002, 20_001


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [BY_COMMAND, THROUGH_MANAGE], ids=["by command", "through manage.py"])
def test_a_few_edits(tmp_path: Path, tally: Tally, seed: int) -> None:
    tally.add(run(tmp_path, seed, 8, blocks=2, shrink_for=40))


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.skipif(not EDITS, reason="takes long: scripts/test-exact")
def test_many_edits(tmp_path: Path, tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    def progress(seed: int, total: Tally) -> None:
        with capsys.disabled():
            print(f"\nseed {seed} is the same; {total.edits} edits: {dict(total.ways)}", flush=True)

    counted = run_many(tmp_path, SEED, EDITS, progress=progress)
    tally.add(counted)
    require(counted, WAYS)
