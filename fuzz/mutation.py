"""Streams of requests with a few mistakes in them. Pure but for the generator of random numbers that is passed in."""

from random import Random

SEEDS = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
    b"GET http://h/ HTTP/1.0\r\nConnection: keep-alive, x\r\nX-A: b \r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nConnection: close\r\nUpgrade: h2c\r\n\r\n",
)
PIECES = (
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b"0", b"+", b"0x", b";", b'"', b"_", b"/", b"//", b"#", b"%2F"),
    *(b"\0", b"\x0b", b"\x7f", b"\x80", b"\xff"),
    *(b"HTTP/1.0", b"HTTP/1.7", b"HTTP/2.0", b"CONNECT ", b"HEAD ", b"chunked", b"gzip, "),
    *(b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n", b"Connection: close\r\n"),
)
MOST_CHANGES = 4


def mutated(random: Random) -> bytes:
    """One to three requests with up to `MOST_CHANGES` changes."""
    data = bytearray(b"".join(random.choice(SEEDS) for _ in range(random.randint(1, 3))))
    for _ in range(random.randint(0, MOST_CHANGES)):
        at = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0 | 1:
                data[at:at] = random.choice(PIECES)
            case 2:
                del data[at : at + random.randint(1, 3)]
            case _:
                other = random.randrange(len(data) + 1)
                data[at:at] = data[other : other + random.randint(1, 30)]
    return bytes(data)
