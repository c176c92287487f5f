"""Whether a process waits for a lock on a file, as the kernel tells it."""


def waits_for_lock(pid: int, locks: str = "/proc/locks") -> bool:
    """Whether `pid` waits in `flock(2)` or for a record lock of `fcntl(2)`, in any of its threads.

    A line of proc_locks(5) with an arrow is such a process: "1: -> FLOCK  ADVISORY  WRITE 4711 08:01:26 0 EOF".
    """
    try:
        with open(locks, encoding="ascii", errors="replace") as file:
            waiting = [words for line in file if (words := line.split())[1:2] == ["->"]]
    except OSError:
        return False
    return any(words[5:6] == [str(pid)] for words in waiting)
