"""Keys in the terminal, as lines: `r` and Enter. Read only where nobody else may be meant.

A prompt of the project (a debugger, `input()`) reads the same terminal, and whoever reads first has the line. So lines
are read only while this process group is in the foreground, the terminal is in its line mode (prompts with an editor of
their own leave it), and `may_read` says that no process of the project stands at a prompt or has just done so.
"""

import contextlib
import os
import signal
import termios
from collections.abc import Callable, Mapping
from typing import Final

HELP: Final = "Keys, each with Enter: r load anew · o open in the browser · d dashboard · c clear · q quit"
CLEAR: Final = "\x1b[H\x1b[2J\x1b[3J"
_MOST: Final = 4096


class Keys:
    """Watches the terminal. `actions`: what to do for each letter. `watch` as in `afresh.keeper.front.Front`."""

    def __init__(
        self,
        actions: Mapping[str, Callable[[], None]],
        watch: Callable[[int, Callable[[], None] | None], None],
        may_read: Callable[[], bool],
    ) -> None:
        self._actions = actions
        self._watch = watch
        self._may_read = may_read
        self._terminal = _open_terminal()
        self._is_watched = False
        self._is_anothers = False  # a prompt of the project has had the terminal since keys were read last

    def __repr__(self) -> str:
        return f"<Keys terminal={self._terminal} watched={self._is_watched}>"

    @property
    def has_terminal(self) -> bool:
        return self._terminal is not None

    def look(self) -> None:
        """Something has changed that decides whether to read: begin, or leave the terminal to others."""
        if self._terminal is None:
            return
        may_read = self._may_read()
        wanted = may_read and is_foreground(self._terminal)
        self._is_anothers = self._is_anothers or (self._is_watched and not may_read)
        if wanted and self._is_anothers:
            # What was typed for a prompt, and not read by it, is no key.
            self._is_anothers = False
            with contextlib.suppress(termios.error, OSError):
                termios.tcflush(self._terminal, termios.TCIFLUSH)
        if wanted != self._is_watched:
            self._is_watched = wanted
            self._watch(self._terminal, self._readable if wanted else None)

    def close(self) -> None:
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None

    def _readable(self) -> None:
        assert self._terminal is not None
        if not (self._may_read() and is_foreground(self._terminal) and _has_line_mode(self._terminal)):
            # What is there is another's. Looked at again when something changes: it would wake us without end.
            self._is_watched = False
            self._watch(self._terminal, None)
            return
        try:
            data = os.read(self._terminal, _MOST)
        except BlockingIOError:
            return  # another reader had it
        except OSError:
            data = b""
        if not data:
            self._is_watched = False
            self._watch(self._terminal, None)  # Ctrl+D, or the terminal is gone
            return
        for line in data.decode("utf-8", "replace").splitlines():
            action = self._actions.get(line.strip().lower())
            if action is not None:
                action()


def _open_terminal() -> int | None:
    """A description of our own of the terminal on standard input, so that reading never blocks, and nobody else's
    reading ceases to."""
    try:
        if not os.isatty(0):
            return None
        return os.open(os.ttyname(0), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None


def is_foreground(terminal: int) -> bool:
    """Whether the terminal's lines are for this process group: reading in the background would stop it (SIGTTIN)."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False


def _has_line_mode(terminal: int) -> bool:
    try:
        return bool(termios.tcgetattr(terminal)[3] & termios.ICANON)
    except (termios.error, OSError):
        return False


def ignore_background_reads() -> None:
    """Between the look and the read the user may have sent the group to the background: the read fails then, instead of
    stopping it."""
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)


_OPENERS: Final = ("xdg-open", "gio", "wslview", "sensible-browser", "x-www-browser")


def browser_command(environ: Mapping[str, str], address: str) -> list[str] | None:
    """The command that shows an address in the user's browser; None where there is none."""
    if wished := environ.get("BROWSER", "").partition(":")[0].split():
        return [*(word.replace("%s", address) for word in wished), *([] if "%s" in " ".join(wished) else [address])]
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME")):
        return None
    for name in _OPENERS:
        for folder in environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return [path, *(["open"] if name == "gio" else []), address]
    return None
