"""Texts made to be slow: they end, their nesting is capped, and the result is still exact.

A text whose cost grows with its square or worse would not end in the time a test run has; where that
was once so, the work for a text is compared with the work for four times as much, and nothing else
looks at a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import markdown_it
import pytest

from zenmux_magic.markdown import IncrementalMarkdown, render, settled_html, settled_markdown
from zenmux_magic.markdown.references import References

SIZE = 20_000
TEXTS = {
    "stars": "*" * SIZE,
    "stars around": "*" * (SIZE // 2) + "a" + "*" * (SIZE // 2),
    "underscores and words": "_a " * (SIZE // 3),
    "quotes": ">" * SIZE,
    "spaced quotes": "> " * (SIZE // 2),
    "backticks": "`" * SIZE,
    "backtick runs": " ".join("`" * length for length in range(1, 300)),
    "bullets in one line": "- " * (SIZE // 2),
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(200)),
    "dollars": "$" * SIZE,
    "open formulas": "\\(" * (SIZE // 2),
    "open formula lines": "\\[\n" * (SIZE // 6),
    "braces in a formula": "\\(" + "{" * SIZE + "\\)",
    "ampersands": "&_" * (SIZE // 2),
    "blanks": " " * SIZE + "a",
    "escapes in a target": "[a](" + "\\a" * (SIZE // 2),
    "addresses": "http://a." * (SIZE // 9),
    "short rows": "|" + "a|" * 40 + "\n|" + "-|" * 40 + "\n" + "|\n" * 200,
    "fences": "```\n" * (SIZE // 8),
    "late definitions": "".join(f"[a{n}]\n\n[a{n}]: https://x.io\n\n" for n in range(SIZE // 60)),
    "one paragraph": "word **bold** `code` " * (SIZE // 20),
    "one long line": "word **bold** `code` " * 3_000,
    "one long word": "a" * 500_000,
    "brackets": "[" * 200_000,
    "images": "![" * 20_000,
    "links that are none": "[a](" * 8_000,
    "destinations": "]:" * 5_000,
    "unclosed formulas": "\\(" * 10_000,
    "escaped brackets in a quote": "> " + "\\[" * 10_000,
    # Before its version 4, markdown-it-py read all of a paragraph anew for each definition in it.
    "definitions": "[a]: b\n" * (2_000 if markdown_it.__version__ >= "4" else 50) + "\nend",
    "breaks": "<br>" * 3_000,
    "wide table": "|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n" + "|b" * 3_000 + "|",
}
# The package's own time grows with the square of these; see `python_markdown`.
SECOND = [
    "brackets",
    "images",
    "links that are none",
    "one long line",
    "one long word",
    "definitions",
]


@pytest.mark.parametrize("name", TEXTS)
def test_it_ends_and_is_exact(name: str) -> None:
    text = TEXTS[name]
    document = IncrementalMarkdown()
    for at in range(0, len(text), 2_000):
        document.feed(text[at : at + 2_000])
        document.take()
    document.finish()
    assert document.committed == render(text)
    assert settled_html(text) or not text.strip()
    assert settled_markdown(text).strip()


@pytest.mark.parametrize("name", SECOND)
def test_it_ends_with_the_second_engine(name: str) -> None:
    text = TEXTS[name]
    document = IncrementalMarkdown("markdown")
    for at in range(0, len(text), 2_000):
        document.feed(text[at : at + 2_000])
        document.take()
    document.finish()
    assert document.committed == render(text, engine="markdown")


def grown(text: str, engine: str = "markdown-it") -> None:
    document = IncrementalMarkdown(engine)
    for at in range(0, len(text), 133):
        document.feed(text[at : at + 133])
        document.take()
    document.finish()


# What once took time that grew with the square of a text, and how much of it to begin with.
SCALED: dict[str, tuple[Callable[[str], object], str, int]] = {
    "brackets": (render, "[", 20_000),
    "one line": (grown, "word **bold** `code` ", 250),
    "brackets with the second engine": (partial(render, engine="markdown"), "[", 20_000),
    "one line with the second engine": (partial(grown, engine="markdown"), "word, ", 3_000),
    "destinations": (settled_markdown, "]:", 4_000),
    "open formulas": (settled_markdown, "\\(", 6_000),
    "labels": (lambda text: References().committed([text]), "\\[", 10_000),
}


@pytest.mark.parametrize("name", SCALED)
def test_four_times_the_text_takes_four_times_as_long(name: str) -> None:
    run, unit, count = SCALED[name]
    once, four = (min(seconds(run, unit * count * times) for _ in range(2)) for times in (1, 4))
    assert four < once * 9, f"{four / once:.1f} times as long"


def seconds(run: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    run(text)
    return time.thread_time() - began


def test_a_frame_of_a_long_line_holds_its_end_alone() -> None:
    document, largest = IncrementalMarkdown(), 0
    for _ in range(600):
        document.feed("word **bold** `code` and so on ")
        patch = document.take()
        largest = max(largest, len(patch.commit) + len(patch.live or ""))
    assert largest < 8_000
    assert len(document.committed) > 15_000


@pytest.mark.parametrize("name", ["stars around", "quotes", "bullets in one line", "nested lists"])
def test_nesting_is_capped(name: str) -> None:
    shown = render(TEXTS[name])
    depth = deepest = 0
    for piece in shown.split("<")[1:]:
        depth += -1 if piece.startswith("/") else 1
        deepest = max(deepest, depth)
    assert deepest <= 60


def test_brackets_end() -> None:
    assert render("[" * 10_000) == f'<p dir="auto">{"[" * 10_000}</p>'
