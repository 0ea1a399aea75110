"""Hostile answers: nothing but the allow-list reaches the page, live, committed or settled."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.hostile import HOSTILE
from zenmux_magic.markdown import IncrementalMarkdown, render, settled_html, settled_markdown

# Written down once more here, on purpose: a hole in the policy must fail these tests.
PROSE_TAGS = (
    "a p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote em strong del code pre div span sup "
    "table thead tbody tr th td dl dt dd"
)
MATHS_TAGS = (
    "math mrow mi mo mn ms mtext mspace msup msub msubsup mover munder munderover mfrac msqrt "
    "mroot mtable mtr mtd mstyle mpadded mphantom menclose"
)
PROSE, MATHS = frozenset(PROSE_TAGS.split()), frozenset(MATHS_TAGS.split())
VALUES = {
    "href": r"https?://[a-z0-9.\[\]:-]+([/?#][^\"'<>\s]*)?|mailto:[^\s@<>\"'/:]+@[a-z0-9.-]+(\?\S*)?",
    "class": r"(zenmux-(image|host|task|code|code-head|tex|math|table)|highlight|err|esc|[a-z]{1,2}[0-9]?)",
    "style": r"text-align:(left|right|center)|overflow:auto hidden|font-size:.85em;opacity:.7"
    r"|border:1px solid #8886;padding:4px 10px;margin:0 0 1em",
    "dir": r"auto|ltr",
    "tabindex": r"0",
    "target": r"_blank",
    "rel": r"noopener noreferrer",
    "start": r"[0-9]+",
}
MATHS_VALUE = r"[A-Za-z0-9. %-]*"
ENGINES = ["markdown-it", "markdown"]


class Checker(HTMLParser):
    """Fails on the first thing that is not on the list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in PROSE | MATHS, tag
        names = {name: value or "" for name, value in attrs}
        for name, value in names.items():
            if tag in MATHS:
                assert not name.startswith(("on", "href", "xlink", "src", "style", "class", "id"))
                assert re.fullmatch(MATHS_VALUE, value), (tag, name, value)
            else:
                assert name in VALUES, (tag, name)
                assert re.fullmatch(VALUES[name], value, re.IGNORECASE), (name, value)
        if tag == "a":
            self.links += 1
            assert names["rel"] == "noopener noreferrer"

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration {decl!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"declaration {data!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"instruction {data!r}")


def check(fragment: str) -> None:
    checker = Checker()
    checker.feed(fragment)
    checker.close()


def states(text: str, engine: str) -> Iterator[str]:
    """What a page shows at every character, and at the end."""
    document = IncrementalMarkdown(engine=engine)
    for character in text:
        document.feed(character)
        patch = document.take()
        yield patch.commit
        yield patch.live or ""
        yield html.escape(patch.append or "", quote=False)
    document.finish()
    yield document.committed


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= 300


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", HOSTILE)
def test_whole(name: str, engine: str) -> None:
    check(render(HOSTILE[name], engine=engine))
    check(settled_html(HOSTILE[name], engine=engine))


@pytest.mark.parametrize("name", HOSTILE)
def test_at_every_character(name: str) -> None:
    for shown in states(HOSTILE[name], "markdown-it"):
        check(shown)


def test_at_every_character_with_the_second_engine() -> None:
    for text in HOSTILE.values():
        for shown in states(text, "markdown"):
            check(shown)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_of_them_in_one_answer(engine: str) -> None:
    check(render("\n\n".join(HOSTILE.values()), engine=engine))
    check(settled_html("\n\n".join(HOSTILE.values()), engine=engine))


@pytest.mark.parametrize("name", HOSTILE)
def test_the_markdown_is_safe_without_us(name: str) -> None:
    """Read by the reference with raw HTML on, nothing comes out that we would not write."""
    cmarkgfm = pytest.importorskip("cmarkgfm")
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    shown = cmarkgfm.markdown_to_html_with_extensions(
        settled_markdown(HOSTILE[name]), options, ["table", "strikethrough"]
    )
    Reference().feed(shown)


class Reference(HTMLParser):
    """What the reference may make of Markdown that we changed."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in PROSE, tag
        for name, value in attrs:
            assert name in ("href", "title", "lang", "class", "start", "align"), name
            assert name != "href" or re.match("https?://|mailto:|$", value or "", re.IGNORECASE)


FORMULA = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_formula_is_left_with_a_dangerous_command(name: str) -> None:
    settled = re.sub(r"<(code|pre)\b.*?</\1>", "", settled_html(HOSTILE[name]), flags=re.DOTALL)
    assert "$" not in re.sub(r"<span>\$</span>", "", settled)
    for formula in FORMULA.finditer(settled):
        assert not re.search(
            r"\\(href|url|style|class|cssId|require|includegraphics|bbox|mmlToken|def|let|"
            r"newcommand|unicode|data|label|color)\b",
            formula[0],
        )
    assert not re.search(r"\\(begin|ref|eqref)", re.sub(FORMULA, "", settled))
