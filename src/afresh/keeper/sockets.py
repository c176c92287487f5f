"""The listening socket: bound once, kept over every reload. And whose port it is when it cannot be bound."""

import os
import socket


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

    Linux lists sockets in /proc/net/tcp and tcp6 (proc(5)); an ordinary user sees only the descriptors of its own
    processes.
    """
    inodes = set(_listening_inodes(port))
    if not inodes:
        return None
    links = {f"socket:[{inode}]" for inode in inodes}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if links & _descriptor_targets(pid):
            return f"{_name(pid)} (pid {pid})"
    return None


def _listening_inodes(port: int) -> list[str]:
    inodes: list[str] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        inodes += [row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
    return inodes


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
