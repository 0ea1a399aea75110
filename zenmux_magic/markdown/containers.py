"""Lists, tables and long paragraphs that are committed part by part.

In: the tokens of a list or table. Out: what it takes to go on with it later: the HTML that opens
and closes it, and the source lines that put a parser back into it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .outline import Block
from .writer import table_open

if TYPE_CHECKING:
    from markdown_it.token import Token

TABLE_CLOSER = "</tbody></table></div>"
_MARKER = re.compile(r"([ \t]*(?:[-+*]|\d{1,9}[.)]))([ \t]*)(.?)")


@dataclass(frozen=True)
class OpenContainer:
    """A list, table or paragraph at the end of what is committed, which later parts go into.

    Attributes:
        opener: HTML that opens it again for a continuation.
        closer: HTML that closes it.
        depth: How many elements the opener leaves open.
        prefix: Source lines that put the parser back into it.
        skipped: How many of the parts that a parse then finds come from the prefix.
        loose: A blank line has been seen in the list.
        number: The number of an ordered list's next item.
    """

    opener: str
    closer: str
    depth: int
    prefix: tuple[str, ...]
    skipped: int
    loose: bool = False
    number: int | None = None

    @property
    def shown_alone(self) -> str:
        """The opener of a continuation, right also where nothing joins it to its beginning."""
        return self.opener if self.number is None else f'<ol start="{self.number}">'


PARAGRAPH = OpenContainer('<p dir="auto">', "</p>", 1, (), 0)


def list_opener(token: Token) -> str:
    """The tag that opens a list."""
    start = token.attrs.get("start")
    return f"<{token.tag}>" if start is None else f'<ol start="{int(start)}">'


def open_list(
    before: OpenContainer | None, token: Token, last_line: str, loose: bool, count: int
) -> OpenContainer:
    """A list that goes on behind the item that began with `last_line`.

    Args:
        before: What was known of the list until now.
        token: The token that opens the list, for one that begins.
        last_line: The line on which the last committed item begins.
        loose: Whether that item has room.
        count: How many items were committed just now.
    """
    prefix = (_same_item(last_line),)
    if before is not None:
        number = None if before.number is None else before.number + count
        return replace(before, prefix=prefix, loose=loose, number=number)
    number = int(token.attrs.get("start", 1)) + count if token.tag == "ol" else None
    return OpenContainer(list_opener(token), f"</{token.tag}>", 1, prefix, 1, loose, number)


def _same_item(line: str) -> str:
    """An item of the same geometry with one letter in it."""
    found = _MARKER.match(line)
    assert found is not None, "a list item begins with its marker"
    marker, room, text = found.groups()
    # Five blanks or more begin indented code: the item's own column is then the first.
    width = len((marker + room).expandtabs(4)) - len(marker.expandtabs(4))
    narrow = not text or width > 4
    return f"{marker} x" if narrow else f"{marker}{room}x"


def open_table(lines: list[str], block: Block) -> OpenContainer:
    """A table that goes on behind its last row; its source begins with its two head lines."""
    prefix = tuple(lines[block.start : block.start + 2])
    return OpenContainer(f"{table_open(settled=False)}<tbody>", TABLE_CLOSER, 3, prefix, 0)
