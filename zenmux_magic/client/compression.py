"""A compressed body, read in small pieces: bytes as they came in, the bytes they stand for out.

Streams are not worth compressing, but a proxy may do it all the same. Done here and not by the HTTP
client, which inflates each read in one go: a few kilobytes can stand for gigabytes, and whoever reads
must have the chance to stop. Knows gzip and deflate, which every Python has, and asks for no others.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

ACCEPTED = "gzip, deflate"
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_PIECE = 65536
_ANY_HEADER = 32 + zlib.MAX_WBITS  # gzip's or zlib's, whichever is there


class CompressionError(Exception):
    """The body cannot be decompressed; says why."""


async def plain(body: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """The bytes of a body.

    Args:
        body: The bytes as they came over the wire.
        coding: What the header field `Content-Encoding` says.

    Yields:
        Pieces of at most 64 KB where it is compressed.

    Raises:
        CompressionError: It is broken, or of a kind that nobody asked for.
    """
    names = [name for part in coding.split(",") if (name := part.strip().lower())]
    names = [name for name in names if name != "identity"]
    if not names:
        async for chunk in body:
            yield chunk
        return
    if len(names) > 1 or names[0] not in _KNOWN:
        raise CompressionError(f"it is compressed as {', '.join(names)}, which was not asked for")
    inflater = zlib.decompressobj(_ANY_HEADER)
    async for chunk in body:
        rest = chunk
        while rest:
            try:
                piece = inflater.decompress(rest, _PIECE)
                rest = inflater.unconsumed_tail
                yield piece
                while len(piece) == _PIECE and not rest:  # more of it may wait inside
                    piece = inflater.decompress(b"", _PIECE)
                    yield piece
            except zlib.error as error:
                raise CompressionError(f"its compression is broken ({error})") from error
            if inflater.eof:  # some services compress each write by itself
                rest = inflater.unused_data
                inflater = zlib.decompressobj(_ANY_HEADER)
