"""Texts made to be slow: they end, their nesting is capped, and the result is still exact.

Nothing here looks at a clock: a text whose cost grows with its square or worse would not end in
the time a test run has.
"""

from __future__ import annotations

import pytest

from zenmux_magic.markdown import IncrementalMarkdown, render, settled_html, settled_markdown

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
}


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
