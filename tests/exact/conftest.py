"""The counts of a run in pytest's summary."""

import pytest

from .run import Tally

TALLIES = pytest.StashKey[dict[str, Tally]]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """What the test counts; printed at the end of the run."""
    return request.config.stash.setdefault(TALLIES, {}).setdefault(request.node.name, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, counted in config.stash.get(TALLIES, {}).items():
        terminalreporter.section(f"ways taken: {name}")
        terminalreporter.write_line(counted.table())
