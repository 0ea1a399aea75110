"""Any text as Markdown, with both engines: no exception, nothing unsafe, no word lost, one result.

The texts are made of fragments that hold numbered words where a reader would see them: in every kind
of block, link, image, cell and code, whole or broken off. Whatever surrounds them, every word must be
in what is shown, in order.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_markdown_hostile import Reference, check
from zenmux_magic.markdown import IncrementalMarkdown, render, settled_html, settled_markdown

ENGINES = ["markdown-it", "markdown"]

# `W` stands for a word that has to be seen.
PROSE = [
    *["W ", "**W** ", "*W ", "__W_", "~~W~~ ", "`W` ", "`W", "``W` ", "\\W ", "W\\", "_W*", "***W"],
    *[
        "[W](https://ok.test/p) ",
        "[W](javascript:x) ",
        "[W][d] ",
        "[W] ",
        "[W",
        "![W](https://b.test)",
    ],
    *[
        "![W",
        "<https://ok.test/W> ",
        "https://ok.test/W ",
        "<a@W.test> ",
        "<W",
        "<b onclick=W>",
        "</W>",
    ],
    *[
        "<!--W",
        "-->",
        "<![CDATA[W",
        "]]>",
        "<?W",
        "&W ",
        "&amp;",
        "&#x57;",
        "&#0;",
        "$W",
        "$x_1$ ",
        "$5 ",
    ],
    *[
        "\\(x^2\\) ",
        "\\(\\href{a}{b}\\)",
        "\\begin{W}",
        "W" * 1 + "\u202e",
        "\x01W",
        "\0W",
        "\ud800W",
    ],
    *[
        "\x1b[2JW",
        "\ufeffW",
        "e\u0301W",
        "🙂W",
        "\ufdd0W",
        "\u2028W",
        "\xa0W",
        "\x0cW",
        "\tW",
        "  \n",
    ],
]
BLOCKS = [
    *[
        "\nW\n",
        "\n\nW",
        "\n# W\n",
        "\n## W #\n",
        "\nW\n===\n",
        "\nW\n---\n",
        "\n- W",
        "\n  - W",
        "\n1. W",
    ],
    *[
        "\n10) W",
        "\n- [ ] W",
        "\n> W",
        "\n> > W",
        "\n>- W",
        "\n\n    W\n",
        "\n```\nW\n```\n",
        "\n```py\nW\n",
    ],
    *[
        "\n~~~\nW\n~~~\n",
        "\n\n| W | W |\n|---|:-:|\n| W | W |\n",
        "\n| W | W |\n",
        "\n* * *\n",
        "\n$$\nx\n$$\n",
    ],
    *[
        "\n\n[d]: https://ok.test\n\n",
        "\n\n[d]: javascript:x\n\n",
        "\r\nW\r",
        "\n\n\n",
        "\n\\[\nx\n\\]\n",
    ],
    *[
        "\n" + ">" * 30 + " W\n",
        "\n" + "- " * 15 + "W\n",
        "\n" + "*" * 40 + "W",
        "[" * 30 + "W",
        "W" + "]" * 9,
    ],
]
LONG = [
    "W " + "lorem ipsum " * 90,
    "W" + "x" * 900,
    "**W " + "dolor, " * 120,
    "\n- W " + "sit amet " * 300,
]


def numbered(text: str) -> str:
    """The text with each `W` a word of its own."""
    parts = text.split("W")
    return parts[0] + "".join(f"w{at}z{part}" for at, part in enumerate(parts[1:]))


fragments = st.one_of(st.sampled_from(PROSE), st.sampled_from(BLOCKS))
texts = st.lists(fragments, max_size=24).map("".join).map(numbered)
long_texts = st.lists(st.one_of(fragments, st.sampled_from(LONG)), max_size=12).map("".join)
# What readers may disagree on: where code ends, and what is a link.
SEAMS = [
    *[
        "`",
        "``",
        "```\n",
        "\n```\n",
        "\n~~~\n",
        "\n    ",
        "\n\t",
        "\n- ",
        "\n  ",
        "\n> ",
        "\n>",
        "\n1. ",
    ],
    *[
        "|",
        "\n| a | `b |\n|---|---|\n",
        "\n|-|-|\n",
        "\\|",
        "$",
        "$$",
        "\n$$\n",
        "\\(",
        "\\)",
        "\\[",
        "\n\\]",
    ],
    *[
        "<img src=x onerror=alert(1)>",
        "<script>",
        "<!--",
        "-->",
        "![a](https://evil.test)",
        "![a][d]",
    ],
    *[
        "[a](javascript:x)",
        "](javascript:x)",
        "[a",
        "![a",
        "[a]:",
        " javascript:x\n",
        "\n[d]: data:x\n",
    ],
    *[
        "\\",
        "\n",
        "\n\n",
        " ",
        "x",
        "*",
        "<https://ok.test/",
        ">",
        "<a@b.test>",
        "<br>",
        '"',
        "'",
        "(",
        ")",
    ],
]
seams = st.lists(st.sampled_from(SEAMS), max_size=20).map("".join)
chunkings = st.lists(st.integers(1, 400), min_size=1, max_size=6)


def words(text: str) -> list[str]:
    return re.findall(r"w\d+z", text)


def visible(fragment: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", fragment))


def grown(text: str, steps: list[int], engine: str) -> str:
    document, at, turn = IncrementalMarkdown(engine), 0, 0
    while at < len(text):
        step = steps[turn % len(steps)]
        document.feed(text[at : at + step])
        patch = document.take()
        check(patch.commit)
        check(patch.live or "")
        at, turn = at + step, turn + 1
    document.finish()
    assert document.live == ""
    return document.committed


def assert_sound(text: str, steps: list[int], engine: str) -> None:
    whole, settled = render(text, engine=engine), settled_html(text, engine=engine)
    check(whole)
    check(settled)
    assert grown(text, steps, engine) == whole
    assert lost(text, visible(whole)) == []
    assert lost(text, visible(settled)) == []
    assert lost(text, settled_markdown(text)) == []


def lost(text: str, shown: str) -> list[str]:
    """The words of a text that do not come, in order, in what is shown."""
    found = iter(words(shown))
    return [word for word in words(text) if word not in found]


@settings(max_examples=60)
@given(texts, chunkings)
def test_any_text(text: str, steps: list[int]) -> None:
    assert_sound(text, steps, "markdown-it")


@settings(max_examples=25)
@given(long_texts.map(numbered), chunkings)
def test_any_long_text(text: str, steps: list[int]) -> None:
    assert_sound(text, steps, "markdown-it")


@settings(max_examples=25)
@given(texts, chunkings)
def test_any_text_with_the_second_engine(text: str, steps: list[int]) -> None:
    assert_sound(text, steps, "markdown")


@pytest.mark.parametrize("engine", ENGINES)
@given(st.text(max_size=80), chunkings)
@settings(max_examples=30)
def test_any_characters(engine: str, text: str, steps: list[int]) -> None:
    whole = render(text, engine=engine)
    check(whole)
    check(settled_html(text, engine=engine))
    assert grown(text, steps, engine) == whole


@settings(max_examples=200)
@given(texts | seams)
def test_any_markdown_is_safe_without_us(text: str) -> None:
    """Read by the reference with raw HTML on, nothing comes out that we would not write."""
    cmarkgfm = pytest.importorskip("cmarkgfm")
    shown = cmarkgfm.markdown_to_html_with_extensions(
        settled_markdown(text), cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE, ["table", "strikethrough"]
    )
    Reference().feed(shown)


Shown = Callable[[str], str]


@pytest.mark.parametrize("depth", [5, 9, 10, 11, 19, 20, 21, 60])
@pytest.mark.parametrize("shown", [render, settled_html, settled_markdown])
def test_nothing_is_nested_too_deep_to_be_seen(depth: int, shown: Shown) -> None:
    for start in (">", "- ", "1. ", "> - ", "> 1. * "):
        assert lost("w1z", shown(start * depth + "w1z")) == []
    stairs = "".join("  " * at + f"- w{at}z\n" for at in range(depth))
    assert lost(stairs, shown(stairs)) == []


def test_the_oracle_sees_what_is_lost() -> None:
    assert lost("w0z w1z w2z", visible('<p>w0z</p><a href="w1z">w2z</a>')) == ["w1z", "w2z"]
    with pytest.raises(AssertionError):
        check("<p onclick=x>")
