"""A paragraph so long that its beginning is final before its end has come.

In: the lines that are not committed, and the tokens of those that no later line can make anything
else. Out: the finished pieces of the paragraph at the end, and where their source ends. It commits
nothing.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .outline import Block
from .pieces import LONGEST

if TYPE_CHECKING:
    from markdown_it.token import Token

# Stands for what has been cut off, so that the rest is no list, no fence, and never empty.
CUT = "\ufdd0"
# What may still become a link definition.
_DEFINITION = re.compile(r"\[(?:[^\[\]\\]|\\.)*(?:\\?\Z|\](?:\Z|:))", re.DOTALL)


def settled_lines(lines: list[str], partial: str, continues: bool) -> list[str]:
    """The lines to whose kind nothing can be added by what follows.

    The last complete line may be the head of a table, if it is short enough for one; the one being
    typed may become anything.

    Args:
        lines: Complete lines.
        partial: The line being typed.
        continues: The first line is the rest of one that has been cut.
    """
    every = [*lines, partial]
    if len(partial) > LONGEST or (continues and not lines):
        return every
    if len(every) == 2 and continues:
        return lines
    return lines if lines and len(lines[-1]) > LONGEST else lines[:-1]


@dataclass(frozen=True)
class LongParagraph:
    """The finished pieces of a paragraph.

    Attributes:
        tokens: One inline token that holds them; none if no piece is finished.
        source: Their source.
        end: Where it ends in the lines, joined.
    """

    tokens: list[Token]
    source: str
    end: int

    @classmethod
    def at_the_end(
        cls, tokens: list[Token], blocks: list[Block], lines: list[str], continues: bool
    ) -> LongParagraph | None:
        """The paragraph that the lines end in, if they do and it is sure to be one."""
        last = blocks[-1] if blocks else None
        if last is None or last.kind != "paragraph_open" or last.end != len(lines):
            return None
        inline = tokens[last.first + 1]
        goes_on = continues and len(blocks) == 1
        if not goes_on and _DEFINITION.match(inline.content):
            return None
        children = inline.children or []
        cuts = [at for at, child in enumerate(children) if child.type == "piece"]
        if not cuts:
            return cls([], "", 0)
        finished = copy(inline)
        finished.children = children[: cuts[-1]]
        size = int(children[cuts[-1]].meta["at"])
        before = "\n".join([*lines[: last.start], ""]) if last.start else ""
        text = "\n".join(lines[last.start :])
        start = len(before) + text.index(inline.content)
        return cls([finished], inline.content[goes_on:size], start + size)
