"""A table to print or to show in a page: of models, of answers, of costs.

In: heads and rows of text. Out: the same as lines, or as HTML that a page takes for no formula.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows under heads.

    Attributes:
        heads: What stands above each column.
        rows: The cells, as many a row as there are heads.
        right: The columns whose cells end at the right, as figures do.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        every = [self.heads, *self.rows]
        widths = [max(len(row[at]) for row in every) for at in range(len(self.heads))]
        return "\n".join(self._line(row, widths) for row in every)

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = (
            text.rjust(width) if at in self.right else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    def _repr_html_(self) -> str:
        rows = "".join(self._html_row("td", row) for row in self.rows)
        head = self._html_row("th", self.heads)
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"

    def _html_row(self, tag: str, row: Sequence[str]) -> str:
        inside = "".join(
            f'<{tag} style="text-align:{"right" if at in self.right else "left"}">{escaped(text)}</{tag}>'
            for at, text in enumerate(row)
        )
        return f"<tr>{inside}</tr>"


def escaped(text: str) -> str:
    """Text as HTML; two dollars in one output would be a formula to the page."""
    safe = html.escape(text).replace("$", "<span>$</span>")
    return safe.replace("\\(", "\\<span>(</span>").replace("\\[", "\\<span>[</span>")
