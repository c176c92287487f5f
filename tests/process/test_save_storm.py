"""Never stale, never refused: saves at random moments under constant load."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.running import started

from .storm import Storm, write_project

AFRESH = [sys.executable, "-m", "afresh"]
SLOWED = [sys.executable, str(Path(__file__).with_name("slowed_keeper.py"))]


def blow(folder: Path, command: list[str], *, saves: int, seed: int, longest_pause: float = 0.4) -> Storm:
    write_project(folder)
    port = free_port()
    with started([*command, "application:app", str(port)], cwd=folder) as server:
        server.out.wait_for("Quit with CONTROL-C")
        storm = Storm(folder, port, seed)
        storm.run(saves, longest_pause)
        server.interrupt()
        assert server.wait_exit() == 0
        server.wait_alone()
        complaints = [line for line in server.err.text().splitlines() if not line.startswith(("reload ", "["))]
        storm.ways.update(re.findall(r"^reload \d+ · (\w+)", server.err.text(), re.MULTILINE))
    print(f"{saves} saves, {storm.answers} answers, {storm.failures} failure pages, ways {dict(storm.ways)}")
    assert not storm.problems, "\n".join([str(storm.problems), *storm.examples, *complaints[-40:]])
    # How many is the machine's business: on a busy one most requests wait through several saves.
    assert storm.answers > 0
    return storm


@contextmanager
def busy_machine() -> Iterator[None]:
    """As many processes that compute as there are processors."""
    burners = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(len(os.sched_getaffinity(0)))
    ]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


SAVES = int(os.environ.get("AFRESH_STORM_SAVES", "300"))


@pytest.mark.slow
@pytest.mark.timeout(400 + 2 * SAVES)
def test_many_saves(tmp_path: Path) -> None:
    """`scripts/test-storm` makes it 3,000."""
    storm = blow(tmp_path, AFRESH, saves=SAVES, seed=SAVES)
    # How many saves meet in one reload is the machine's business, and so is its way: several are rarely a patch.
    assert storm.ways["resume"] >= 1, storm.ways
    assert storm.ways["patch"] >= SAVES // 1000, storm.ways


def test_a_short_storm(tmp_path: Path) -> None:
    blow(tmp_path, AFRESH, saves=30, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_a_busy_machine(tmp_path: Path) -> None:
    with busy_machine():
        blow(tmp_path, AFRESH, saves=60, seed=3)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_with_a_keeper_that_is_slow_at_every_step(tmp_path: Path) -> None:
    blow(tmp_path, SLOWED, saves=60, seed=4, longest_pause=1.0)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_with_polling_nothing_is_refused_or_cut(tmp_path: Path) -> None:
    """Without file events the promise is weaker: an answer may be as old as one interval, but none is lost."""
    write_project(tmp_path)
    port = free_port()
    with started([*AFRESH, "--poll", "application:app", str(port)], cwd=tmp_path) as server:
        server.out.wait_for("Quit with CONTROL-C")
        storm = Storm(tmp_path, port, 5)
        storm.run(60, 0.4)
    storm.problems.pop("stale", None)
    assert not storm.problems, "\n".join([str(storm.problems), *storm.examples])
