"""Characters that a service cut in half: text in pieces in, encodable text in pieces out.

JSON can escape one character beyond U+FFFF as two surrogates, and services that count in UTF-16 send
them in two chunks. Half a character cannot be encoded, and would break the notebook that holds it.
"""

from __future__ import annotations


class Joiner:
    """Joins halves across the pieces of one text; a half that stays alone becomes U+FFFD."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def join(self, piece: str) -> str:
        """The piece, without a first half that waits for its second."""
        if piece.isascii() and not self._half:
            return piece
        piece, self._half = self._half + piece, ""
        if "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return encodable(piece)


def encodable(text: str) -> str:
    """The text with its surrogates paired, and U+FFFD for those that have no partner."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
