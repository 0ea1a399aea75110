"""The figure in the README, from what the `streaming` benchmark has measured.

    python -m tests.benchmarks.streaming --json figures.json
    python -m tests.benchmarks.figure figures.json notebooks/pictures/streaming.svg

One row for each size and pace, one bar for each way, in linear scales of their own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

COLOURS = {"board": "#1976d2", "tenth": "#9e9e9e", "every": "#bf7f4f"}
NAMES = {
    "board": "%%zenmux",
    "tenth": "update_display 10 times a second",
    "every": "update_display at every token",
}
Measure = tuple[str, Callable[[dict[str, Any]], float], Callable[[float], str]]
MEASURES: list[Measure] = [
    ("behind at the end", lambda row: row["behind"] / 1000, lambda value: f"{value:.2f} s"),
    ("byte sent → painted, p95", lambda row: row["p95"], lambda value: f"{value:,.0f} ms"),
    ("over the websocket", lambda row: row["websocket_kb"], lambda value: f"{value:,.0f} KB"),
    ("script + style + layout", lambda row: row["work_s"], lambda value: f"{value:.1f} s"),
]
CELL, BAR, GAP, LEFT, TOP = 190, 13, 3, 110, 62
LONGEST = 100


def figure(rows: list[dict[str, Any]]) -> str:
    """The rows as an SVG that reads on white and on black."""
    found = groupby(rows, key=lambda row: (row["kb"], row["rate"]))
    groups = [(key, sorted(of, key=lambda row: list(NAMES).index(row["way"]))) for key, of in found]
    height = TOP + sum(len(of) * (BAR + GAP) + 26 for _, of in groups)
    parts = [
        _legend(),
        *(_text(LEFT + n * CELL, 48, name, 600) for n, (name, _, _) in enumerate(MEASURES)),
    ]
    y = TOP
    for (kb, rate), of in groups:
        parts += [_text(0, y + 12, f"{kb:g} KB", 600), _text(0, y + 27, f"{rate:g} tokens/s")]
        for place, measure in enumerate(MEASURES):
            most = max(measure[1](row) for row in rows)  # one scale from top to bottom
            parts += _bars(LEFT + place * CELL, y, of, measure, most)
        y += len(of) * (BAR + GAP) + 26
    width = LEFT + len(MEASURES) * CELL
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="#808080">{"".join(parts)}</svg>\n'
    )


def _legend() -> str:
    parts, x = [], 0
    for way, name in NAMES.items():
        parts += [f'<rect x="{x}" y="6" width="12" height="12" fill="{COLOURS[way]}"/>']
        parts += [_text(x + 18, 16, name)]
        x += 60 + 7 * len(name)
    return "".join(parts)


def _bars(x: int, y: int, rows: list[dict[str, Any]], measure: Measure, most: float) -> list[str]:
    _, value, said = measure
    parts = []
    for number, row in enumerate(rows):
        top = y + number * (BAR + GAP)
        length = max(1.0, LONGEST * value(row) / most)
        colour = COLOURS[row["way"]]
        parts.append(
            f'<rect x="{x}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>'
        )
        parts.append(_text(x + length + 5, top + 11, said(value(row))))
    return parts


def _text(x: float, y: float, text: str, weight: int = 400) -> str:
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}">{escape(text)}</text>'


def main() -> None:
    """Read and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("figures", type=Path)
    parser.add_argument("svg", type=Path)
    options = parser.parse_args()
    options.svg.write_text(figure(json.loads(options.figures.read_text())), encoding="utf-8")


if __name__ == "__main__":
    main()
