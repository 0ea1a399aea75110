"""Which list items have room between them.

In: block tokens and the source's lines. Out: the same tokens, each item's paragraphs marked
hidden (no `<p>`) or not. GitHub decides this for a whole list, once its end is known; here an
item has room as soon as a blank line has been seen in it or behind it, or before it in its list,
so that items that were painted never change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass
class _Item:
    start: int
    children: list[int] = field(default_factory=list)
    paragraphs: list[Token] = field(default_factory=list)


@dataclass
class _List:
    level: int
    quotes: int
    items: list[_Item] = field(default_factory=list)


def space_items(tokens: list[Token], lines: list[str], *, loose: bool = False) -> list[bool]:
    """Mark the paragraphs of every list item in place.

    Args:
        tokens: Block tokens with maps into `lines`.
        lines: The source, line by line.
        loose: The first top-level list goes on from a part in which a blank line was seen.

    Returns:
        For each item of the last top-level list, whether it has room.
    """
    open_lists: list[_List] = []
    quotes = 0
    last: list[bool] = []
    for token in tokens:
        if token.type in ("blockquote_open", "blockquote_close"):
            quotes += token.nesting
        if token.type in ("bullet_list_open", "ordered_list_open"):
            open_lists.append(_List(token.level, quotes))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            done = open_lists.pop()
            spaced = _space(done, lines, loose and token.level == 0)
            if token.level == 0:
                last, loose = spaced, False
        if open_lists:
            _note(open_lists[-1], token)
    return last


def _note(block: _List, token: Token) -> None:
    depth = token.level - block.level
    if token.type == "list_item_open" and depth == 1 and token.map:
        block.items.append(_Item(token.map[0]))
    elif depth == 2 and block.items and token.type != "inline":
        item = block.items[-1]
        if token.nesting >= 0 and token.map:
            item.children.append(token.map[0])
        if token.type in ("paragraph_open", "paragraph_close"):
            item.paragraphs.append(token)


def _space(block: _List, lines: list[str], loose: bool) -> list[bool]:
    spaced = []
    for at, item in enumerate(block.items):
        starts = item.children[1:]
        if at + 1 < len(block.items):
            starts = [*starts, block.items[at + 1].start]
        loose = loose or any(_blank(lines, start - 1, block.quotes) for start in starts)
        for paragraph in item.paragraphs:
            paragraph.hidden = not loose
        spaced.append(loose)
    return spaced


def _blank(lines: list[str], at: int, quotes: int) -> bool:
    if not 0 <= at < len(lines):
        return False
    return re.fullmatch(rf"(?:[ \t]*>){{0,{quotes}}}[ \t]*", lines[at]) is not None
