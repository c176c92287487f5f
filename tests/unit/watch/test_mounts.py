"""File systems by type, from the text that the kernel gives."""

import os

import pytest

from afresh.watch.mounts import Mounts, Telling, telling

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /home/me/my\040share rw,relatime shared:1 - nfs4 server:/x rw
41 27 0:51 / /mnt/c rw - 9p drvfs rw
42 40 0:52 / /home/me/my\040share/local rw - tmpfs tmpfs rw
a line that is none
"""


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("ext4", Telling.ALL),
        ("btrfs", Telling.ALL),
        ("overlay", Telling.ALL),
        ("tmpfs", Telling.ALL),
        ("fuseblk", Telling.ALL),
        ("nfs", Telling.LOCAL),
        ("nfs4", Telling.LOCAL),
        ("cifs", Telling.LOCAL),
        ("9p", Telling.LOCAL),
        ("virtiofs", Telling.LOCAL),
        ("vboxsf", Telling.LOCAL),
        ("fuse.sshfs", Telling.LOCAL),
        ("fuse.grpcfuse", Telling.LOCAL),
        ("proc", Telling.NOTHING),
        ("sysfs", Telling.NOTHING),
    ],
)
def test_what_a_file_system_tells(kind: str, told: Telling) -> None:
    assert telling(kind) is told


@pytest.mark.parametrize(
    ("device", "path", "kind"),
    [
        (os.makedev(254, 0), "/home/me", "ext4"),
        (os.makedev(0, 50), "/anywhere", "nfs4"),
        (os.makedev(9, 9), "/home/me/my share/app", "nfs4"),
        (os.makedev(9, 9), "/home/me/my share/local/app", "tmpfs"),
        (os.makedev(9, 9), "/home/me/my shared", "ext4"),
        (os.makedev(9, 9), "/mnt/c", "9p"),
    ],
)
def test_the_type_by_device_and_else_by_path(device: int, path: str, kind: str) -> None:
    assert Mounts(MOUNTINFO).kind(device, lambda: path) == kind


def test_the_kernel_s_own_table_can_be_read() -> None:
    with open("/proc/self/mountinfo") as file:
        mounts = Mounts(file.read())
    assert mounts.kind(os.stat("/proc").st_dev, lambda: "/proc") == "proc"
