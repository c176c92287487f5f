"""Where a boot leaves checkpoints: where edits were made, and elsewhere as far as a budget of time reaches. Pure."""

from afresh.reload.orders import Course

# Of the time since the boot began, what may be spent on forking (RELOAD.md: every 200 ms on a large project; 3 % leave
# a start as quick as without).
SHARE = 0.03
# The same for the places of earlier edits, as long as somebody waits. What is left out is made up for by whoever comes
# the same way again, or by the next edit there.
WAITED_SHARE = 0.05
# Each dormant process keeps what its children have changed since. The second bound is on those of one line of descent,
# which would grow by one with each edit that is further along than the last.
MOST = 2
LONGEST_LINE = 10
NONE = Course()


class Placement:
    """Decides as the boot goes. Times in seconds of any one clock; `began` is when the boot did.

    `count`: how many checkpoints the process descends from. `last`: what the latest of them took. `is_set_up`: what a
    start may do but once is done.
    """

    def __init__(
        self, began: float, course: Course = NONE, count: int = 0, last: float = 0.0, *, is_set_up: bool = False
    ) -> None:
        self._began = began
        self._course = course
        self._lines = {place.file: place.line for place in course.places}
        self._count = count
        self._spent = 0.0
        self._last = last
        self._is_set_up = is_set_up

    def __repr__(self) -> str:
        return f"<Placement checkpoints={self._count} spent={1000 * self._spent:.1f} ms>"

    @property
    def is_set_up(self) -> bool:
        return self._is_set_up

    def resumed(self, now: float, course: Course) -> "Placement":
        """For a process that is resumed from a checkpoint of which `spent` has not told here."""
        return Placement(now, course, self._count + 1, self._last, is_set_up=self._is_set_up)

    def spent(self, seconds: float) -> None:
        """One checkpoint more stands, which took so long."""
        self._count += 1
        self._spent += seconds
        self._last = seconds

    def set_up(self, *, has_own: bool) -> bool:
        """What a start may do but once is done, if it `has_own` such acts; whether to leave one here, for those who
        will do the rest again."""
        is_wanted = has_own or not self._is_left_to_another()
        self._is_set_up = True
        return is_wanted and self._count < LONGEST_LINE

    def is_due(self, file: str, now: float) -> bool:
        """Whether to leave one before the module at `file` is executed."""
        if file in self._lines:
            # Those who edit above the line of one inside of it go on from further back: each costs memory.
            return not self._lines[file] and self._is_worth(file, now)
        if self._is_left_to_another() or self._count >= MOST:
            return False
        # The first stands before anything of the project, whatever it costs.
        return self._count == 0 or self._is_within(SHARE, now)

    def line_in(self, file: str, now: float) -> int:
        """Above which line of `file` to leave one; 0 for none."""
        return self._lines.get(file, 0) if self._is_worth(file, now) else 0

    def _is_worth(self, file: str, now: float) -> bool:
        """Whether to leave one for the edits that are expected in `file`."""
        if file not in self._lines or self._is_left_to_another() or self._count >= LONGEST_LINE:
            return False
        is_latest = file == self._course.places[-1].file
        return self._course.is_repeat or is_latest or self._is_within(WAITED_SHARE, now)

    def _is_left_to_another(self) -> bool:
        """Whoever comes the same way again will leave them, and nobody will wait for that."""
        course = self._course
        return not course.is_repeat and (course.is_short or (self._is_set_up and course.is_short_in_the_end))

    def _is_within(self, share: float, now: float) -> bool:
        return self._spent + self._last <= share * (now - self._began)
