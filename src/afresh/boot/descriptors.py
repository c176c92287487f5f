"""What this process has opened and would share with its forks, judged one by one: open it again, or do not fork.

Forks share open file descriptions (open(2)): the position, the status flags, locks, what waits in a pipe. A cold start
has its own. What is not known here to be harmless or to be made again exactly is an obstacle.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from afresh.boot.renewal import Appended, Descriptor, Empty, Event, Mapped, Pipe, Private, Reopened, Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from afresh.boot.renewal import Renewal

# Bytes of a deleted file, which only this process has, that are copied for each fork.
MOST_COPIED = 16 << 20
MEMORY_DEVICES = 1  # their major number: /dev/null, /dev/zero, /dev/urandom, … have no state
TERMINALS = frozenset({4, *range(136, 144)})
TERMINAL_ALIASES = frozenset({(5, 0), (5, 1)})  # /dev/tty and /dev/console
_F_SETSIG, _F_GETSIG = 10, 11  # fcntl.h on Linux; the fcntl module has no names for them
_F_GET_SEALS, _F_SEAL_WRITE = 1034, 0x8
_FIONREAD = 0x541B  # not from `termios`, which most projects never load


class Shared(msgspec.Struct, frozen=True):
    """A part of memory that this process and its forks would all write to (proc_pid_maps(5))."""

    identity: tuple[int, int]
    target: str
    part: Mapped


class Open(msgspec.Struct, frozen=True):
    """A descriptor and what /proc tells about it. `info`: lines of fdinfo by their names (proc_pid_fdinfo(5))."""

    number: int
    status: os.stat_result
    target: str
    flags: int
    info: Mapping[str, str]

    @property
    def identity(self) -> tuple[int, int]:
        return self.status.st_dev, self.status.st_ino

    @property
    def position(self) -> int:
        return int(self.info.get("pos", "0"))

    @property
    def is_read_only(self) -> bool:
        return self.flags & os.O_ACCMODE == os.O_RDONLY

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.number, not self.flags & os.O_CLOEXEC)


Given = dict[int, tuple[int, int]]
"""Descriptors that the process was started with, and the device and inode that each leads to."""


def given_at_exec() -> Given:
    """The descriptors that the shell, or whatever started this process, has handed to it: the user's business.

    Python opens everything with FD_CLOEXEC (PEP 446), which nothing that came through `exec` can have.
    """
    return {
        number: (status.st_dev, status.st_ino)
        for number, status in _open_descriptors()
        if not fcntl.fcntl(number, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    }


def survey(given: Given, own: frozenset[int]) -> Survey:
    """What was opened since, `own` aside: why this process must not be forked, or else what to do in each fork."""
    opened = [
        _look_at(number, status)
        for number, status in _open_descriptors()
        if number not in own and given.get(number) != (status.st_dev, status.st_ino)
    ]
    shared = _shared_memory()
    if not opened and not shared:
        return Survey()
    return _judge([each for each in opened if each is not None and not _is_copy_of_given(each, given)], shared)


def _open_descriptors() -> Iterator[tuple[int, os.stat_result]]:
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            yield number, os.fstat(number)
        except OSError:
            continue  # the descriptor by which the list itself was read


def _look_at(number: int, status: os.stat_result) -> Open | None:
    """None for one that has been closed, or that is but the name of a file (O_PATH)."""
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
        with open(f"/proc/self/fdinfo/{number}", encoding="ascii", errors="replace") as file:
            info = dict(line.rstrip("\n").split(":", 1) for line in file if ":" in line)
    except OSError:
        return None
    flags = int(info.get("flags", "0"), 8)
    return None if flags & os.O_PATH else Open(number, status, target, flags, info)


def _shared_memory() -> list[Shared]:
    with open("/proc/self/maps", "rb", buffering=0) as file:
        text = file.read()
    if b" rw-s " not in text and b" rwxs " not in text:
        return []
    lines = [os.fsdecode(line) for line in text.splitlines()]
    found = [_shared(line) for line in lines if line.split(maxsplit=2)[1].endswith("s")]
    written = {each.identity for each in found if "w" in each.part.permissions}
    return [each for each in found if each.identity in written]


def _shared(line: str) -> Shared:
    addresses, permissions, offset, device, inode, target = (*line.split(maxsplit=5), "")[:6]
    start, end = (int(address, 16) for address in addresses.split("-"))
    major, minor = (int(number, 16) for number in device.split(":"))
    part = Mapped(start, end - start, int(offset, 16), permissions)
    return Shared((os.makedev(major, minor), int(inode)), target, part)


def _is_copy_of_given(each: Open, given: Given) -> bool:
    """Whether it is a `dup` of what the shell gave: a cold start would share that as well."""
    return any(
        identity == each.identity and is_same_description(number, each.number) for number, identity in given.items()
    )


def is_same_description(one: int, other: int) -> bool:
    """Whether two descriptors share a position and flags. Kernels since 6.10 can be asked (F_DUPFD_QUERY); on all, what
    is written into a field that nothing uses without O_ASYNC is seen through the other."""
    try:
        before, there = (fcntl.fcntl(each, _F_GETSIG) for each in (one, other))
    except OSError:
        return False  # one of them is closed by now
    if before != there:
        return False
    fcntl.fcntl(one, _F_SETSIG, signal.SIGWINCH if before != signal.SIGWINCH else signal.SIGURG)
    try:
        return fcntl.fcntl(other, _F_GETSIG) != before
    finally:
        fcntl.fcntl(one, _F_SETSIG, before)


# ---- judging --------------------------------------------------------------------------------------------------------


def _judge(opened: Sequence[Open], shared: Sequence[Shared]) -> Survey:
    kinds: defaultdict[str, list[Open]] = defaultdict(list)
    for each in opened:
        kinds[_kind_of(each)].append(each)
    copied = {each.identity for each in kinds["private"]} | {memory.identity for memory in shared}
    for each in [each for each in kinds["read"] if each.identity in copied]:
        kinds["read"].remove(each)
        kinds["private"].append(each)
    # An event loop first: it holds two sockets as well, which nobody would look for.
    for kind, text in _OBSTACLES.items():
        if found := kinds.get(kind):
            return Survey(text.format(", ".join(dict.fromkeys(filter(None, map(_name, found)))), n=len(found)))
    if any("lock" in each.info for each in opened):
        locked = next(each for each in opened if "lock" in each.info)
        return Survey(
            f"the start-up holds a lock on a file ({locked.target}); one that a request takes and gives back is no "
            "obstacle"
        )
    private = _private(kinds["private"], shared)
    if isinstance(private, str):
        return Survey(private)
    pipes = _pipes(kinds["pipe"])
    if isinstance(pipes, str):
        return Survey(pipes)
    return Survey(
        "",
        (
            *(Reopened(_descriptors(same), same[0].flags, same[0].position) for same in _descriptions(kinds["read"])),
            *(_appended(same) for same in _descriptions(kinds["appended"])),
            *(Empty(_descriptors(same), same[0].flags, same[0].target) for same in _descriptions(kinds["empty"])),
            *private,
            *pipes,
            *_events(kinds["event"]),
        ),
    )


_OBSTACLES = {
    # What one of both registers, or takes an event of, is so for the other (epoll(7)).
    "epoll": "the start-up left an event loop (epoll) open; one that begins with a request is no obstacle",
    "socket": "the start-up left {n} network connection(s) open ({}); those that a request opens are no obstacle",
    "written": "the start-up left a file open for writing ({}); one that is appended to is no obstacle",
    "large": "the start-up left a large temporary file open ({}); one that a request opens is no obstacle",
    "fifo": "the start-up left a named pipe open ({}); one that a request opens is no obstacle",
    "device": "the start-up left a device open ({}); one that a request opens is no obstacle",
    "other": "the start-up left a kernel object open ({}); one that a request makes is no obstacle",
}


def _kind_of(each: Open) -> str:
    """What to do about it: a key of `_OBSTACLES`, or of how it is made again; empty where nothing has to be done."""
    mode = each.status.st_mode
    if "lock" in each.info:
        return ""
    if stat.S_ISREG(mode):
        return _kind_of_file(each)
    if stat.S_ISDIR(mode):
        return "read"
    if stat.S_ISSOCK(mode):
        return "" if _only_sends(each.number) else "socket"
    if stat.S_ISFIFO(mode):
        return "pipe" if each.target.startswith("pipe:") else "fifo"
    if stat.S_ISCHR(mode):
        return _kind_of_device(each)
    if "eventpoll" in each.target:
        return "epoll"
    return "event" if "eventfd-semaphore" in each.info else "other"


def _kind_of_file(each: Open) -> str:
    if each.is_read_only or _is_sealed(each):
        return "read"
    if not each.status.st_nlink:
        return "private" if each.status.st_size <= MOST_COPIED else "large"
    if each.flags & os.O_APPEND:
        return "appended"
    return "written" if each.status.st_size or each.position else "empty"


def _kind_of_device(each: Open) -> str:
    major, minor = os.major(each.status.st_rdev), os.minor(each.status.st_rdev)
    if major == MEMORY_DEVICES:
        return ""
    return "read" if major in TERMINALS or (major, minor) in TERMINAL_ALIASES else "device"


def _is_sealed(each: Open) -> bool:
    """Whether it is a file in memory that can never be written to again."""
    if each.status.st_nlink:
        return False
    try:
        return bool(fcntl.fcntl(each.number, _F_GET_SEALS) & _F_SEAL_WRITE)
    except OSError:
        return False  # not in memory


def _only_sends(number: int) -> bool:
    """Whether nothing can come back to it: a datagram socket without an address of its own (a log's, a metric's)."""
    with socket.socket(fileno=os.dup(number)) as sock:
        if sock.type != socket.SOCK_DGRAM:
            return False
        name = sock.getsockname()
        if sock.family == socket.AF_UNIX:
            return not name and bool(_peer(sock))
        return sock.family in (socket.AF_INET, socket.AF_INET6) and not name[1]


def _peer(sock: socket.socket) -> str:
    try:
        peer = sock.getpeername()
    except OSError:
        return ""
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) and len(peer) > 1 else os.fsdecode(peer)


def _name(each: Open) -> str:
    """What a reader would look for."""
    if not stat.S_ISSOCK(each.status.st_mode):
        return each.target.removeprefix("anon_inode:").strip("[]")
    with socket.socket(fileno=os.dup(each.number)) as sock:
        if peer := _peer(sock):
            return f"to {peer}"
        name = sock.getsockname()
        return f"at {name[0]}:{name[1]}" if isinstance(name, tuple) and len(name) > 1 else "of a pair"


# ---- made again -----------------------------------------------------------------------------------------------------


def _descriptions(opened: Iterable[Open]) -> Iterator[list[Open]]:
    """Those that share one description (`dup`) together: they have to share the new one as well."""
    alike: defaultdict[tuple[object, ...], list[list[Open]]] = defaultdict(list)
    for each in opened:
        groups = alike[(each.identity, each.flags & ~os.O_CLOEXEC, each.position)]
        for group in groups:
            if is_same_description(group[0].number, each.number):
                group.append(each)
                break
        else:
            groups.append([each])
    return chain.from_iterable(alike.values())


def _descriptors(opened: Iterable[Open]) -> tuple[Descriptor, ...]:
    return tuple(each.descriptor for each in opened)


def _appended(same: Sequence[Open]) -> Appended:
    first = same[0]
    position = None if first.flags & os.O_ACCMODE == os.O_WRONLY else first.position
    permissions = stat.S_IMODE(first.status.st_mode)
    return Appended(_descriptors(same), first.flags, first.target, first.identity, position, permissions)


def _private(opened: Iterable[Open], shared: Iterable[Shared]) -> list[Renewal] | str:
    """Files and memory that only this process has; or what stands against a copy of them."""
    files: defaultdict[tuple[int, int], tuple[list[Open], list[Mapped]]] = defaultdict(lambda: ([], []))
    for memory in shared:
        if not memory.target.endswith(" (deleted)") or memory.target.startswith("/SYSV"):
            return f"the start-up left memory shared ({memory.target}); what a request maps is no obstacle"
        files[memory.identity][1].append(memory.part)
    for each in opened:
        files[each.identity][0].append(each)
    renewals: list[Renewal] = []
    for ways, mapped in files.values():
        size = max(*(each.status.st_size for each in ways), *(part.offset + part.size for part in mapped), 0, 0)
        if size > MOST_COPIED:
            return f"the start-up left {size >> 20} MB of memory shared; what a request maps is no obstacle"
        same = _descriptions(ways)
        renewals.append(Private([(_descriptors(one), one[0].flags, one[0].position) for one in same], mapped, size))
    if any(mapped for _, mapped in files.values()):
        import afresh.boot.remapping  # noqa: F401  # once, for all forks
    return renewals


def _pipes(opened: Iterable[Open]) -> list[Renewal] | str:
    """Pipes of which both ends are here and nothing is in them; or what stands against it."""
    pipes: defaultdict[int, tuple[list[Open], list[Open]]] = defaultdict(lambda: ([], []))
    for each in opened:
        pipes[each.status.st_ino][not each.is_read_only].append(each)
    for readers, writers in pipes.values():
        if not readers or not writers:
            return "the start-up left a pipe to another process open; one that a request opens is no obstacle"
        if any(len({each.flags & ~os.O_CLOEXEC for each in ends}) > 1 for ends in (readers, writers)):
            return "the start-up left a pipe open that it uses in two ways; one that a request opens is no obstacle"
        if any(fcntl.ioctl(readers[0].number, _FIONREAD, bytes(4))):
            return "the start-up left a pipe open with something in it; one that a request opens is no obstacle"
    return [
        Pipe(_descriptors(readers), readers[0].flags, _descriptors(writers), writers[0].flags)
        for readers, writers in pipes.values()
    ]


def _events(opened: Iterable[Open]) -> Iterator[Event]:
    counters: defaultdict[str, list[Open]] = defaultdict(list)
    for each in opened:
        counters[each.info["eventfd-id"]].append(each)
    for same in counters.values():
        first = same[0]
        is_semaphore = first.info["eventfd-semaphore"].strip() == "1"
        yield Event(_descriptors(same), first.flags, int(first.info["eventfd-count"], 16), is_semaphore)
