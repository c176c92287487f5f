"""Signals as a shell gives them, and the counts of a run in pytest's summary."""

import signal
from collections.abc import Iterator

import pytest

from .run import Tally

TALLIES = pytest.StashKey[dict[str, Tally]]()


@pytest.fixture(scope="session", autouse=True)
def interrupts_reach_servers() -> Iterator[None]:
    """A run in the background ignores SIGINT, and every server started in it would."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)  # handlers do not survive exec
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """What the test counts; printed at the end of the run."""
    return request.config.stash.setdefault(TALLIES, {}).setdefault(request.node.name, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, counted in config.stash.get(TALLIES, {}).items():
        terminalreporter.section(f"ways taken: {name}")
        terminalreporter.write_line(counted.table())
