"""A live block too large to be rendered with every frame.

In: its HTML when it was last rendered, and the text that came since. Out: that HTML with the text
added, unformatted, at its end. Who holds it decides when it is time to render again.
"""

from __future__ import annotations

from .writer import escape

_HUGE = 64_000


def further(size: int) -> int:
    """The size at which it is time to render a block again that had this one."""
    return size * 9 // 8 if size <= _HUGE else size * 2


def closing_tags(fragment: str) -> str:
    """The closing tags that a fragment ends with."""
    end = len(fragment)
    while fragment.endswith(">", 0, end):
        start = fragment.rfind("</", 0, end)
        if start < 0 or not fragment[start + 2 : end - 1].isalnum():
            break
        end = start
    return fragment[end:]


class LargeBlock:
    """One rendering of a large live block.

    Args:
        html: The sanitised HTML.
        join: How many of its elements continue what is committed.
        size: Characters of source it was rendered from.
    """

    def __init__(self, html: str, join: int, size: int) -> None:
        self.join = join
        self.size = size
        self._after = closing_tags(html)
        self._before = html.removesuffix(self._after)

    def add(self, text: str) -> None:
        """Add text as it came."""
        self._before += escape(text)

    @property
    def html(self) -> str:
        """The block as it looks now."""
        return f"{self._before}{self._after}"
