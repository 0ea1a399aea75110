"""Where the blocks of a parsed text begin and end, and which of them are final.

In: block tokens and the lines they were parsed from. Out: the top-level blocks, the items or rows
of one, and whether later lines can still change a block. It renders nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_COMPLETE_AT_ONCE = frozenset({"heading_open", "hr", "formula_block"})
_ENDED_BY_BLANK = frozenset({"paragraph_open", "blockquote_open", "table_open"})
# As long as they are open, the lines before them may still be read again: a definition's title
# may go over several lines.
MAYBE_A_TITLE = frozenset({"paragraph_open", "code_block"})
LISTS = frozenset({"bullet_list_open", "ordered_list_open"})


@dataclass(frozen=True)
class Block:
    """A run of tokens [first, last) and the lines [start, end) that it came from."""

    kind: str
    first: int
    last: int
    start: int
    end: int


def blank(line: str) -> bool:
    """Blank as CommonMark has it: spaces and tabs only."""
    return not line.strip(" \t")


def top_blocks(tokens: list[Token]) -> list[Block]:
    """The top-level blocks, in order."""
    return _blocks(tokens, 0, len(tokens), 0)


def parts(tokens: list[Token], block: Block) -> list[Block]:
    """The items of a list, the text of a paragraph or the body rows of a table."""
    if block.kind == "paragraph_open":
        return [Block("inline", block.first + 1, block.last - 1, block.start, block.end)]
    if block.kind in LISTS:
        return _blocks(tokens, block.first + 1, block.last - 1, 1)
    return [row for row in _blocks(tokens, block.first, block.last, 2) if row.kind == "tr_open"][1:]


def _blocks(tokens: list[Token], first: int, last: int, level: int) -> list[Block]:
    found: list[Block] = []
    opened = first
    for at in range(first, last):
        token = tokens[at]
        if token.level != level or token.type == "inline":
            continue
        if token.nesting == 1:
            opened = at
        elif token.map or token.nesting == -1:
            head = tokens[opened] if token.nesting == -1 else token
            begin = opened if token.nesting == -1 else at
            start, end = head.map or (0, 0)
            found.append(Block(head.type, begin, at + 1, start, end))
    return found


def fence_is_open(token: Token) -> bool:
    """Whether a fence reached the end of its text, or of its list, without its closing line."""
    start, end = token.map or (0, 0)
    return token.type == "fence" and token.content.count("\n") != end - start - 2


def is_final(tokens: list[Token], block: Block, lines: list[str]) -> bool:
    """Whether no further line can change the last block of a text."""
    if block.kind == "fence":
        return not fence_is_open(tokens[block.first])
    if block.kind in _COMPLETE_AT_ONCE:
        return True
    return block.kind in _ENDED_BY_BLANK and (block.end < len(lines) or blank(lines[-1]))
