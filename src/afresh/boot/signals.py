"""Waiting for signals on the main thread."""

import os
import select
import signal
from typing import NoReturn


def wait_for_signals() -> NoReturn:
    """Do nothing but let the handlers of signals run, KeyboardInterrupt above all.

    Not `signal.pause()`: a signal that comes just before it would wait there for the next one. What the interpreter
    writes to the descriptor when a signal comes cannot be missed.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    while True:
        select.select([reading], [], [])
        os.read(reading, 4096)
