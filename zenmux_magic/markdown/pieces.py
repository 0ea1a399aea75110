"""A long text between two block marks, in pieces that are read one by one.

In: the inline source of one paragraph, cell or heading. Out: pieces that together are all of it. Where
one ends depends on what stands before its end alone: in a growing text, all but the last are final,
and what a frame costs does not depend on how long a paragraph is. Markup that spans two pieces is
shown as it was typed. No paragraph of a reasonable answer is that long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 2_000  # characters that are read at once
_PIECE = 600
_MOST_BRACKETS = 100
_MARK = re.compile(r"[\[\]()`*$]|\s+")


def pieces(text: str, *, continues: bool = False) -> Iterator[str]:
    """Cut a text that is longer than `LONGEST`.

    Args:
        text: Inline source.
        continues: It is the rest of a text that has been cut before.
    """
    at = 0
    if continues or len(text) > LONGEST:
        while len(text) - at > _PIECE:
            end = _end(text, at)
            yield text[at:end]
            at = end
    yield text[at:] if at else text


def is_readable(piece: str) -> bool:
    """Whether a piece is worth reading: each bracket makes the library look for its partner."""
    return piece.count("[") <= _MOST_BRACKETS


def _end(text: str, at: int) -> int:
    """Where a piece ends: behind a blank, and if that can be, where no markup is open."""
    quiet = blank = depth = 0
    odd: set[str] = set()
    for found in _MARK.finditer(text, at, at + _PIECE):
        mark = found[0]
        if mark.isspace():
            if found.end() >= at + _PIECE // 2:
                blank = found.end()
                quiet = quiet if depth or odd else blank
        elif mark in "`*$":
            odd ^= {mark}
        else:
            depth += 1 if mark in "[(" else -1
    return quiet or blank or at + _PIECE
