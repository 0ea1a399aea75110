"""The default engine beside the reference, `cmarkgfm`: the same blocks and the same inline tags.

Left out of the comparison, because they differ by design: what is inside formulas, raw HTML (off
here), code colours, strong text directly in strong text (which the reference makes one), and
whether a list item's text is wrapped in a paragraph (decided for each item here, for the whole list
there).
"""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from zenmux_magic.markdown import render

cmarkgfm = pytest.importorskip("cmarkgfm")
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "answers.jsonl.gz"
COUNTED = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr"}
    | {"table", "tr", "th", "td", "em", "strong", "del", "code", "a"}
)
FORMULA = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]|\$\$.*?\$\$", re.DOTALL)
TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?:)")
CODE = re.compile(r"(^[ >]*(`{3,}|~{3,}).*?(?:^[ >]*\2|\Z)|`[^`\n]*`)", re.DOTALL | re.MULTILINE)


class Outline(HTMLParser):
    """The tags that count, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        wrapped = (tag, self.open[-1:]) in (("p", ["li"]), ("strong", ["strong"]))
        if tag in COUNTED and not wrapped:
            start = names.get("start") if tag == "ol" else None
            self.tags.append(f"{tag} {start}" if start else tag)
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def outline(fragment: str) -> list[str]:
    parser = Outline()
    parser.feed(fragment)
    return parser.tags


def reference(text: str) -> str:
    extensions = ["table", "strikethrough", "autolink", "tasklist"]
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    shown: str = cmarkgfm.markdown_to_html_with_extensions(text, options, extensions)
    return shown


def comparable(text: str) -> str:
    """The text with a word for each formula and no raw HTML, code left alone."""
    pieces = CODE.split(text)
    for at in range(0, len(pieces), 3):
        pieces[at] = TAG.sub("(", FORMULA.sub("formula", pieces[at]))
    return "".join(piece for at, piece in enumerate(pieces) if at % 3 != 2)


SAMPLES = [
    "1. a\n2. b\n\ntext\n\n3. c",
    "a\n- b\n  - c\n    1. d",
    "| a | b |\n|---|:-:|\n| 1 | `x` |\n\n> q\n> - r\n\n***\n\n    code\n",
    "**a** *b* ***c*** ~~d~~ `e` [f](https://g.io) https://h.io\n===",
    "1. a\n   ```py\n   x\n   ```\n2. b\n\n   c\n- d\n\n\n- e",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_sample(text: str) -> None:
    assert outline(render(text)) == outline(reference(text))


def test_corpus() -> None:
    if not CORPUS.exists():
        pytest.skip("no corpus of real answers beside this checkout")
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        texts = [comparable(json.loads(line)["output"]) for line in lines]
    different = [text for text in texts if outline(render(text)) != outline(reference(text))]
    assert len(different) <= 0.005 * len(texts), [text[:80] for text in different]
