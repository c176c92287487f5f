"""The chunked coding, decoded from pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.serve.chunked import ChunkDecoder
from afresh.serve.head import Refusal


def encode(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


@given(st.lists(st.binary(max_size=40)), st.binary(max_size=10), st.integers(1, 20))
def test_decoding_undoes_encoding(pieces: list[bytes], after: bytes, step: int) -> None:
    data = encode(pieces) + after
    decoder, out = ChunkDecoder(), b""
    for position in range(0, len(data), step):
        out += decoder.feed(data[position : position + step])
    assert decoder.is_complete
    assert out == b"".join(pieces)
    assert decoder.unused == after


def feed_by_bytes(decoder: ChunkDecoder, data: bytes) -> None:
    for position in range(len(data)):
        decoder.feed(data[position : position + 1])


@pytest.mark.parametrize("cut", range(len(encode([b"hello"]))))
def test_incomplete(cut: int) -> None:
    decoder = ChunkDecoder()
    assert b"hello".startswith(decoder.feed(encode([b"hello"])[:cut]))
    assert not decoder.is_complete
    assert decoder.unused == b""


@pytest.mark.parametrize(
    "data",
    [
        b"-1\r\n",
        b"1\r\nab",
        b"1\r\na\r0",
        b"g\r\n",
        b"\r\n",
        b"1;\x00\r\n",
        b"0\r\nnonsense\r\n\r\n",
        b"f" * 17 + b"\r\n",
    ],
)
def test_broken(data: bytes) -> None:
    decoder = ChunkDecoder()
    with pytest.raises(Refusal) as caught:
        feed_by_bytes(decoder, data)
    assert caught.value.status == 400


def test_its_repr_tells_what_it_waits_for() -> None:
    decoder = ChunkDecoder()
    decoder.feed(b"3\r\na")
    assert repr(decoder) == "<ChunkDecoder wants a chunk's data>"
