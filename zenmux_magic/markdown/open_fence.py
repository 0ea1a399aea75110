"""A code block whose closing line has not come: the one live part that grows by appending only.

In: complete lines and the line being typed. Out: the block's HTML, at a cost that does not depend
on how the rest of the answer looks. It takes only lines that certainly belong to the block; all
others go back to the parser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .writer import escape

if TYPE_CHECKING:
    from markdown_it.token import Token

MARK = "\ufdd0"


class OpenFence:
    """One open fence, with the HTML around its code.

    Args:
        token: The fence's token; its meta holds the columns of its container and of itself.
        html: Sanitised HTML of the live part with `MARK` in place of the code.
        join: How many elements of that HTML continue what is committed.
    """

    def __init__(self, token: Token, html: str, join: int) -> None:
        self.join = join
        self._before, _, self._after = html.rpartition(MARK)
        self._code = escape(token.content.removesuffix("\n"))
        self._empty = not token.content
        self._container = int(token.meta["container"])
        self._indent = int(token.meta["indent"])
        marker = re.escape(token.markup[0])
        self._closing = re.compile(rf"[ \t]*{marker}{{{len(token.markup)},}}[ \t]*")
        self._perhaps_closing = re.compile(rf"[ \t]*{marker}*[ \t]*")

    def holds(self, lines: list[str]) -> bool:
        """Whether every one of these complete lines is code."""
        return all(self._inside(line) and not self._closing.fullmatch(line) for line in lines)

    def extend(self, lines: list[str]) -> None:
        """Add complete lines that it holds."""
        code = escape("\n".join(line[self._margin(line) :] for line in lines))
        self._code = code if self._empty else f"{self._code}\n{code}"
        self._empty = False

    def html(self, partial: str) -> str | None:
        """The live HTML, or None where the line being typed may leave the block."""
        if not self._inside(partial):
            return None
        shown = self._code
        if not self._perhaps_closing.fullmatch(partial):
            line = escape(partial[self._margin(partial) :])
            shown = line if self._empty else f"{shown}\n{line}"
        return f"{self._before}{shown}{self._after}"

    def _margin(self, line: str) -> int:
        """How many blanks at a line's start belong to the fence's own indentation."""
        return min(self._indent, len(line) - len(line.lstrip(" ")))

    def _inside(self, line: str) -> bool:
        if self._indent == 0 or not line.strip(" \t"):
            return True
        blanks = line[: len(line) - len(line.lstrip(" \t"))]
        return "\t" not in blanks and len(blanks) >= self._container
