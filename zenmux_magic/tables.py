"""A table to print or to show in a page: of models, of answers, of costs.

In: heads and rows of text. Out: the same as lines, or as HTML that a page takes for no formula.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from zenmux_magic.inert import inert
from zenmux_magic.said import writable

_WIDEST = 24  # a bar, in characters
_LONG = 36  # what wraps is a text; names of models are shorter


@dataclass(frozen=True)
class Table:
    """Rows under heads.

    Attributes:
        heads: What stands above each column.
        rows: The cells, as many a row as there are heads.
        right: The columns whose cells end at the right, as figures do.
        bars: A length from 0 to 1 for each row, drawn behind it; empty for none.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    bars: tuple[float, ...] = ()

    def __repr__(self) -> str:
        every = [self.heads, *self.rows]
        widths = [max(len(row[at]) for row in every) for at in range(len(self.heads))]
        bars = ["█" * round(share * _WIDEST) for share in (0.0, *self.bars)]
        lines = (self._line(row, widths) for row in every)
        shown = "\n".join(f"{a}  {b}".rstrip() for a, b in zip_longest(lines, bars, fillvalue=""))
        return writable(inert(shown), sys.stdout)

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = (
            text.rjust(width) if at in self.right else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells)

    def _repr_html_(self) -> str:
        drawn = [f'<td style="text-align:left">{_bar(share)}</td>' for share in self.bars]
        rows = "".join(
            self._html_row("td", row, bar)
            for row, bar in zip_longest(self.rows, drawn, fillvalue="")
        )
        head = self._html_row("th", self.heads, "<th></th>" if drawn else "")
        table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
        return f'<div style="overflow-x:auto">{table}</div>'

    def _html_row(self, tag: str, row: Sequence[str], more: str) -> str:
        inside = "".join(
            f'<{tag} style="{self._style(at)}">{escaped(text)}</{tag}>'
            for at, text in enumerate(row)
        )
        return f"<tr>{inside}{more}</tr>"

    def _style(self, at: int) -> str:
        if at in self.right:
            return "text-align:right;white-space:nowrap"
        # In a narrow page a text is scrolled to; it would be a word a line.
        long = any(len(row[at]) > _LONG for row in self.rows)
        return f"text-align:left{';min-width:14em' if long else ''}"


def _bar(share: float) -> str:
    style = "display:inline-block;height:0.8em;background:currentColor;opacity:0.45"
    return f'<span style="{style};width:{share * _WIDEST / 2:.2f}em"></span>'


def escaped(text: str) -> str:
    """Text as HTML; two dollars in one output would be a formula to the page."""
    safe = html.escape(text).replace("$", "<span>$</span>")
    return safe.replace("\\(", "\\<span>(</span>").replace("\\[", "\\<span>[</span>")
