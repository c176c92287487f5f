"""For all tests: signals as a shell gives them, for every command that is started; generated cases without a clock."""

import signal
from collections.abc import Iterator

import hypothesis
import pytest

# How long an example takes says how busy the machine is. What takes for ever meets the time of the whole test.
hypothesis.settings.register_profile("afresh", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("afresh")


@pytest.fixture(scope="session", autouse=True)
def signals_have_their_defaults() -> Iterator[None]:
    """A run in the background or under nohup ignores signals, and every command it starts would inherit that."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
    ignored = [number for number in numbers if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        # Handlers do not survive exec: the default comes back in children. Python's own is in place where it is not
        # ignored from the start.
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
