"""Which processes of the project a user talks to in the terminal: a debugger, IPython, `input()`.

A process says so itself where it can tell. Prompts that edit their line by themselves (prompt_toolkit, curses) are told
by the terminal, which gives them keys instead of lines; whose prompt that is, it does not tell.
"""

import math

from afresh.keeper.terminal import Terminal


class Prompts:
    """Processes are named by their handles. Times are seconds of one clock."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._standing: set[int] = set()
        self._left: dict[int, float] = {}  # each command typed at a prompt leaves it for as long as it runs
        self._said: set[int] = set()

    def __repr__(self) -> str:
        return f"<Prompts standing={sorted(self._standing)} left={sorted(self._left)} said={sorted(self._said)}>"

    @property
    def has_had_any(self) -> bool:
        """Whether a process that is there has said that it stood at one."""
        return bool(self._standing or self._left)

    def told(self, handle: int, *, stands: bool, now: float) -> None:
        """A process says that a request stands at a prompt, or has left it."""
        if stands:
            self._standing.add(handle)
        else:
            self._standing.discard(handle)
            self._left[handle] = now

    def is_known(self, handle: int) -> bool:
        """Whether the process has said that it stands at one."""
        return handle in self._standing

    def stands(self, handle: int) -> bool:
        """Whether a process that has not finished its requests stands at a prompt. If nobody else is known to, it is
        the one that has taken the terminal."""
        is_anothers = bool((self._standing | self._said) - {handle})
        return handle in self._standing or (not is_anothers and self._terminal.is_taken())

    def keeps(self, handle: int, *, seconds: float, now: float) -> bool:
        """Whether a replaced process that has had so many `seconds` may take longer: for as long again after it has
        left a prompt. It is asked about again after as many."""
        if self.stands(handle):
            self._left[handle] = now + seconds  # at the latest, as far as is known until then
        return now - self._left.get(handle, -math.inf) < seconds

    def say_once(self, handle: int) -> bool:
        """Whether the user is still to be told of this process."""
        is_new = handle not in self._said
        self._said.add(handle)
        return is_new

    def ended(self, handle: int, status: int, *, served: bool, others_serve: bool) -> None:
        """A process of the project has ended. One that did not end by itself may have left the terminal as its prompt
        had set it up: it is put back, unless that may be the prompt of another one, who serves."""
        self._standing.discard(handle)
        self._said.discard(handle)
        self._left.pop(handle, None)
        if status and not self._standing and not self._said and (served or not others_serve):
            self._terminal.restore()
