"""The terminal's settings, kept and put back: a debugger that is ended in mid-line leaves the echo off."""

import contextlib
import os
import termios
from typing import NamedTuple


class Terminal(NamedTuple):
    """A terminal on `descriptor` with the settings it had; `settings` is None where there is no terminal."""

    descriptor: int
    settings: "list[int | list[bytes | int]] | None"

    @classmethod
    def of(cls, descriptor: int) -> "Terminal":
        try:
            return cls(descriptor, termios.tcgetattr(descriptor))
        except (termios.error, OSError):
            return cls(descriptor, None)

    def restore(self) -> None:
        """Put the settings back, if this process is in the foreground: from the background the kernel would stop it."""
        if self.settings is None:
            return
        with contextlib.suppress(termios.error, OSError):
            if os.tcgetpgrp(self.descriptor) == os.getpgrp():
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self.settings)
