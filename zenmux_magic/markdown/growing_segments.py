"""A growing text with the second engine, which knows neither tokens nor final blocks.

In: text in any chunks. Out: HTML of the parts that look final, and of the rest. A part ends at a
blank line before a line that starts something new at the margin. That guess can be wrong (an
extension may act at a distance): at the end everything is rendered once more, and where it differs,
that is a new revision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .containers import OpenContainer
from .engines import to_html
from .large import LargeBlock, further
from .policy import Policy
from .repair import shown_lines

# Characters of an unfinished part from which on it is not rendered anew with every frame.
_LARGE = 4_000
_FENCE = re.compile(r"(`{3,}|~{3,})")
# Starts at the margin, and neither goes on with a list or definition nor is an indented line.
_FRESH = re.compile(r"(?![-+*:][ \t]|\d+[.)][ \t]|\[[^\]]*\]:|>)[^\s|]")


class GrowingSegments:
    """The state of one growing text; the same attributes as the first engine's."""

    def __init__(self, extensions: Sequence[object], policy: Policy) -> None:
        self.committed: list[str] = []
        self.revision = 0
        self.open: OpenContainer | None = None
        self._extensions = tuple(extensions)
        self._policy = policy
        self._source: list[str] = []
        self._lines: list[str] = []
        self._partial = ""
        self._fence = ""
        self._size = 0
        self._large: LargeBlock | None = None

    def grow(self, text: str) -> None:
        """Take more text; commit the parts that a later line has ended."""
        self._source.append(text)
        if self._large is not None:
            self._large.add(text)
        head, newline, rest = text.rpartition("\n")
        if not newline:
            self._partial += text
            return
        for line in (self._partial + head).split("\n"):
            self._take(line)
        self._partial = rest

    def finish(self) -> None:
        """Render everything once; a new revision where the guesses were wrong."""
        whole = self._html("".join(self._source))
        shown = "".join(self.committed)
        if whole.startswith(shown):
            self.committed.append(whole[len(shown) :])
        else:
            self.committed = [whole]
            self.revision += 1
        self._lines, self._partial = [], ""

    def live(self) -> tuple[str, int]:
        """HTML of what is not committed yet; it never continues anything."""
        size = self._size + len(self._partial)
        if self._large is not None and size <= further(self._large.size):
            return self._large.html, 0
        lines, _ = shown_lines(self._lines, self._partial, in_table=False)
        html = self._html("\n".join(lines))
        self._large = LargeBlock(html, 0, size) if size > _LARGE else None
        return html, 0

    def _html(self, text: str) -> str:
        return to_html(text, engine="markdown", extensions=self._extensions, policy=self._policy)

    def _take(self, line: str) -> None:
        after_blank = bool(self._lines) and not self._lines[-1].strip()
        if after_blank and not self._fence and _FRESH.match(line):
            html = self._html("\n".join(self._lines))
            if html:
                # The engine writes a line end between blocks, none at the end.
                self.committed.append(f"\n{html}" if self.committed else html)
            self._lines, self._size, self._large = [], 0, None
        self._lines.append(line)
        self._size += len(line) + 1
        mark = _FENCE.match(line.lstrip())
        if mark and not self._fence:
            self._fence = mark[0]
        elif mark and line.strip().startswith(self._fence) and not line.strip(" " + mark[0][0]):
            self._fence = ""
