"""The listening socket: bound once, kept over every reload. And whose port it is when it cannot be bound."""

import os
import socket

from afresh.channel.listening import listening_inodes


def bind(address: str, port: int, *, ipv6: bool) -> socket.socket:
    """A listening socket as Django's server makes it (`socketserver.TCPServer` with `allow_reuse_address`).

    The backlog is the system's maximum instead of 10: while the project starts, connections wait here. Raises OSError
    (OverflowError for a port beyond 65535, socket.gaierror for a name that does not resolve).
    """
    sock = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(socket.SOMAXCONN)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def holder(port: int) -> str | None:
    """The process that listens on this TCP port, as "name (pid 123)"; None where /proc does not tell.

    An ordinary user sees only the descriptors of its own processes.
    """
    inodes = set(listening_inodes(port))
    if not inodes:
        return None
    links = {f"socket:[{inode}]" for inode in inodes}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if links & _descriptor_targets(pid):
            return f"{_name(pid)} (pid {pid})"
    return None


def _descriptor_targets(pid: str) -> set[str]:
    folder = f"/proc/{pid}/fd"
    targets: set[str] = set()
    try:
        for name in os.listdir(folder):
            try:
                targets.add(os.readlink(f"{folder}/{name}"))
            except OSError:
                continue
    except OSError:
        pass
    return targets


def _name(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return "".join(char if char.isprintable() else "?" for char in file.read().strip())
    except OSError:
        return "a process"
