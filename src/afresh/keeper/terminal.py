"""The terminal's settings, kept and put back: a prompt that is killed leaves no echo, and Ctrl+C without effect."""

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

    def is_taken(self) -> bool:
        """Whether somebody in the foreground, who is of our process group, has it give keys instead of lines: a prompt
        that edits its line by itself, which nothing else tells of."""
        if self.settings is None or not _flags(self.settings) & termios.ICANON:
            return False
        try:
            is_ours = os.tcgetpgrp(self.descriptor) == os.getpgrp()
            return is_ours and not _flags(termios.tcgetattr(self.descriptor)) & termios.ICANON
        except (termios.error, OSError):
            return False

    def restore(self) -> None:
        """Put the settings back, if this process is in the foreground: from the background the kernel would stop it."""
        if self.settings is None:
            return
        with contextlib.suppress(termios.error, OSError):
            if os.tcgetpgrp(self.descriptor) == os.getpgrp():
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self.settings)


def _flags(settings: "list[int | list[bytes | int]]") -> int:
    flags = settings[3]
    assert isinstance(flags, int)
    return flags
