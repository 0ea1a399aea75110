"""A compressed body in pieces: any cut of the same bytes gives the same, and never much at once."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from zenmux_magic.client.compression import CompressionError, plain

TEXT = b"data: So far, so **good**\n\n" * 9000


async def _cut(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def pieces(body: bytes, coding: str, size: int) -> list[bytes]:
    async def read() -> list[bytes]:
        return [piece async for piece in plain(_cut(body, size), coding)]

    return asyncio.run(read())


@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), " GZIP "),
        (gzip.compress(TEXT), "x-gzip, identity"),
        (zlib.compress(TEXT), "deflate"),
        (gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), "gzip"),
        (TEXT, "identity"),
        (TEXT, ""),
    ],
    # The bytes hold the second in which they were made, and every worker has to find the same tests.
    ids=["gzip", "GZIP", "x-gzip", "deflate", "gzip twice", "identity", "none"],
)
def test_any_cut_gives_the_same(body: bytes, coding: str, size: int) -> None:
    assert b"".join(pieces(body, coding, size)) == TEXT


def test_what_has_been_flushed_comes_at_once() -> None:
    deflate = zlib.compressobj(wbits=31)
    first = deflate.compress(b"one") + deflate.flush(zlib.Z_SYNC_FLUSH)
    assert b"".join(pieces(first, "gzip", 10**9)) == b"one"


def test_a_little_that_stands_for_much_comes_in_pieces() -> None:
    body = gzip.compress(bytes(20_000_000))
    assert len(body) < 20_000
    found = pieces(body, "gzip", 10**9)
    assert max(map(len, found)) == 65536
    assert sum(map(len, found)) == 20_000_000


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "gzip, gzip", "compress"])
def test_what_was_not_asked_for(coding: str) -> None:
    with pytest.raises(CompressionError, match=f"compressed as {coding}, which was not asked for"):
        pieces(TEXT, coding, 1000)


def test_what_is_broken() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-5] ^= 1  # the checksum
    with pytest.raises(CompressionError, match="its compression is broken"):
        pieces(bytes(body), "gzip", 1000)
