"""What a saved notebook holds of an answer: HTML with TeX, and Markdown."""

from __future__ import annotations

import html
import re

import pytest

from tests.hostile import HOSTILE
from zenmux_magic.markdown import literal, settled_html, settled_markdown

HTML = {
    "formula stays TeX": (r"\(x^2\) and $y_1$", r"<span>\(x^2\)</span> and <span>\(y_1\)</span>"),
    "display": (
        "$$\nx\n$$",
        r'<div class="zenmux-math" style="overflow:auto hidden"><span>\[x\]</span></div>',
    ),
    "prices": ("$5 and $6", "<span>$</span>5 and <span>$</span>6"),
    "lone environment": (r"\begin{x}", r"<span>\</span>begin{x}"),
    "dangerous command": (
        r"\(\href{javascript:x}{y}\)",
        r"<code>\(\href{javascript:x}{y}\)</code>",
    ),
    "macro": (r"$\def\a{\a}\a$", r"<code>$\def\a{\a}\a$</code>"),
    "dollars in code": ("`$x$`", "<code>$x$</code>"),
}
MARKDOWN = {
    "raw HTML": ("a <b>x</b>", "a &lt;b>x&lt;/b>"),
    "escaped HTML": (r"\<script>", "&lt;script>"),
    "HTML in code": ("`<b>`\n\n```\n<b>\n```", "`<b>`\n\n```\n<b>\n```"),
    "HTML behind a lone backtick": ("` <b>", "` &lt;b>"),
    "code cannot cross cells": (
        "|a|b|\n|-|-|\n|`x|<b>`|",
        "|a|b|\n|-|-|\n|`x|&lt;b>`|",
    ),
    "image": ("![a](https://x.io/y.png)", "[a](https://x.io/y.png)"),
    "image by reference": ("![a][r]\n\n[r]: https://x.io", "[a][r]\n\n[r]: https://x.io"),
    "unsafe link": ("[a](javascript:x)", r"[a]\(javascript:x)"),
    "unsafe definition": ("[a]: data:x", r"[a]\: data:x"),
    "safe link": ("[a](https://x.io)", "[a](https://x.io)"),
    "autolink": ("a <https://x.io> <br>", "a <https://x.io> <br>"),
    "prices": ("$5 and $6", r"\$5 and \$6"),
    "formula": (r"\(x^2\), \[y\], $z_1$", "$x^2$, $$y$$, $z_1$"),
    "dangerous command": (r"\(\href{x}{y}\)", r"\(`\href`{x}{y}\)"),
    "everything else": ("# a\n\n* b\n    1. c\n> d\\*", "# a\n\n* b\n    1. c\n> d\\*"),
}


@pytest.mark.parametrize("row", HTML)
def test_html(row: str) -> None:
    source, expected = HTML[row]
    assert expected in settled_html(source)


@pytest.mark.parametrize("row", MARKDOWN)
def test_markdown(row: str) -> None:
    source, expected = MARKDOWN[row]
    assert settled_markdown(source) == expected


def test_a_block_a_line() -> None:
    assert settled_html("a\n\nb") == '<p dir="auto">a</p>\n<p dir="auto">b</p>\n'


NAMES = [
    *HOSTILE.values(),
    r"stop=[\\[x\\]] \\(a\\)",
    "a_b *c* ~~d~~ `e` | $5 $6",
    "# x",
    "[a]: b",
    "&lt;",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_in_markdown(name: str) -> None:
    source = f"### {literal(name)}"
    cmarkgfm = pytest.importorskip("cmarkgfm")
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    shown = cmarkgfm.github_flavored_markdown_to_html(source, options)
    shown = re.sub(r'<a href="mailto:[^"]*">([^<]*)</a>', r"\1", shown)  # GFM finds bare addresses
    inside = shown.strip().removeprefix("<h3>").removesuffix("</h3>")
    assert "<" not in inside
    assert html.unescape(inside) == " ".join(name.replace("\0", "\ufffd").split())
    assert not re.search(r"\\[\[\](]|(?<!\\)\$", source)
