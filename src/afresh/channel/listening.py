"""Who listens on a port: Linux lists all sockets in /proc/net/tcp and tcp6 (proc(5))."""


def listening_inodes(port: int) -> list[str]:
    """The inodes of the sockets that listen on this TCP port at any address."""
    inodes: list[str] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        inodes += [row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port]
    return inodes
