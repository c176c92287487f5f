"""Where a boot leaves checkpoints: where edits were made, and elsewhere as far as a budget of time reaches. Pure."""

from collections.abc import Iterable

from afresh.reload.orders import Inside

# Of the time since the boot began, what may be spent on forking (RELOAD.md: every 200 ms on a large project; 3 % leave
# a start as quick as without).
SHARE = 0.03
# The same for the places of earlier edits while somebody waits. What is left out is made up for by whoever comes the
# same way again, or by the next edit there.
WAITED_SHARE = 0.1
# Each dormant process keeps what its children have changed since. The second bound is on those of one line of descent,
# which would grow by one with each edit that is further along than the last.
MOST = 5
LONGEST_LINE = 10


class Placement:
    """Decides as the boot goes. Times in seconds of any one clock; `began` is when the boot did.

    `count`: how many checkpoints the process descends from. `last`: what the latest of them took.
    """

    def __init__(
        self,
        began: float,
        places: Iterable[Inside] = (),
        count: int = 0,
        last: float = 0.0,
        *,
        is_waited_for: bool = True,
    ) -> None:
        self._began = began
        self._count = count
        self._spent = 0.0
        self._last = last
        self._is_waited_for = is_waited_for
        self.wanted(places)

    def __repr__(self) -> str:
        return f"<Placement checkpoints={self._count} spent={1000 * self._spent:.1f} ms>"

    def resumed(self, now: float, places: Iterable[Inside], *, is_waited_for: bool) -> "Placement":
        """For a process that is resumed from a checkpoint of which `spent` has not told here."""
        return Placement(now, places, self._count + 1, self._last, is_waited_for=is_waited_for)

    def wanted(self, places: Iterable[Inside]) -> None:
        """The edits to come are expected here, where the last of these is above all."""
        self._lines = {place.file: place.line for place in places}
        self._latest = next(reversed(self._lines), "")

    def spent(self, seconds: float) -> None:
        """One checkpoint more stands, which took so long."""
        self._count += 1
        self._spent += seconds
        self._last = seconds

    def has_room(self) -> bool:
        """Whether one more may stand in this line of descent."""
        return self._count < LONGEST_LINE

    def is_due(self, file: str, now: float) -> bool:
        """Whether to leave one before the module at `file` is executed."""
        if file in self._lines:
            # One inside of it serves as well, except those who edit above that line.
            return self._is_worth(file, now) and not (self._is_waited_for and self._lines[file])
        if self._count >= MOST:
            return False
        # The first stands before anything of the project, whatever it costs.
        return self._count == 0 or self._is_within(SHARE, now)

    def line_in(self, file: str, now: float) -> int:
        """Above which line of `file` to leave one; 0 for none."""
        return self._lines.get(file, 0) if self._is_worth(file, now) else 0

    def _is_worth(self, file: str, now: float) -> bool:
        """Whether to leave one for the edits that are expected in `file`."""
        if file not in self._lines or not self.has_room():
            return False
        return not self._is_waited_for or file == self._latest or self._is_within(WAITED_SHARE, now)

    def _is_within(self, share: float, now: float) -> bool:
        return self._spent + self._last <= share * (now - self._began)
