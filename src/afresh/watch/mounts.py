"""Which file systems tell of changes, by type: pure, from the text of /proc/self/mountinfo.

Must live here: the table of types and the parsing (proc_pid_mountinfo(5)).
Must not know: what is watched.
"""

import enum
import os
import re
from collections.abc import Callable

_REMOTE_TYPES = """
    9p afs beegfs ceph cifs coda davfs drvfs fuse gfs2 gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs prl_fs smb smb2 smb3
    smbfs vboxsf virtiofs vmhgfs
"""
_VIRTUAL_TYPES = """
    binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs proc pstore
    securityfs selinuxfs sysfs tracefs
"""
_REMOTE = frozenset(_REMOTE_TYPES.split())
_VIRTUAL = frozenset(_VIRTUAL_TYPES.split())


class Telling(enum.Enum):
    """What a file system tells of the changes in it."""

    ALL = "every change is an event"
    LOCAL = "changes made elsewhere are not"
    NOTHING = "its files are not files on a disk"


def telling(kind: str) -> Telling:
    """What a file system of this type tells. fuseblk (NTFS, exFAT on a local disk) is written by this machine only."""
    if kind in _VIRTUAL:
        return Telling.NOTHING
    if kind in _REMOTE or kind.startswith("fuse."):
        return Telling.LOCAL
    return Telling.ALL


class Mounts:
    """The mounted file systems: by device number, and by path for devices that the table does not name."""

    def __init__(self, mountinfo: str) -> None:
        self._by_device: dict[int, str] = {}
        self._by_path: list[tuple[str, str]] = []
        for line in mountinfo.splitlines():
            self._add(line)
        self._by_path.sort(key=lambda mount: len(mount[0]))

    def _add(self, line: str) -> None:
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            return
        major, _, minor = fields[2].partition(":")
        kind = right.split(" ")[0]
        self._by_device[os.makedev(int(major), int(minor))] = kind
        self._by_path.append((_unescape(fields[4]), kind))

    def kind(self, device: int, real_path: Callable[[], str]) -> str:
        """The type of the file system with this `st_dev`; btrfs and overlay give numbers that the table lacks."""
        found = self._by_device.get(device)
        if found is None:
            found = self._by_device[device] = self._kind_at(real_path())
        return found

    def _kind_at(self, path: str) -> str:
        for point, kind in reversed(self._by_path):
            if path == point or path.startswith(point.rstrip("/") + "/"):
                return kind
        return ""


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
