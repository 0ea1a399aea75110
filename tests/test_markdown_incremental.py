"""A growing answer: what is final stays, what is live is only ever the rest, the end is exact."""

from __future__ import annotations

import random
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenmux_magic.markdown import IncrementalMarkdown, Patch, render

AWKWARD = {
    "nested emphasis": "a **b *c* d** and ***e*** _f_ ~~g~~ **h\n\ni** `j` ``k ` l`` hello_world_ 2 * 3",
    "half links": 'see [a b](https://x.io/y "t") and ![p](https://x.io/p.png) [q] [r][s] <https://x.io>',
    "table": "intro\n\n| a | b |\n|:--|--:|\n| 1 | `2` |\n| 3 |\n\nafter\n| c |\n|---|\n| d |\nlast",
    "loose list": "1. a\n\n   more\n2. b\n\n3. c\n   - d\n   - e\n\n     f\n\n10. g\n- h\n* i\n",
    "marker geometry": " - a\n  - b\n   - c\n    - d\n\n-\n  e\n-     f\n- \tg\n+ h",
    "setext": "a\n-\n\nb\n===\n\nc\n---\nd\n- - -\ne",
    "fences in lists": "1. a\n   ```py\n   x\n\n     y\n   ```\n2. b\n   ~~~\n   z\n\no\n````\n```\nin\n````",
    "open fence": "- a\n  - b\n    ```js\n    let a\n   back",
    "quotes": "> a\nb\n> > c\n\n> d\n> ```\n> e\n> - f\n\ng",
    "formulas": "\\(x^2\\) costs $5 and $6, $a_1$\n\n\\[\nx\n- y\n\\]\n\n$$\nz\n\n$$ w $$\n\\[ never",
    "late definitions": "[a] [b][c] ![d][e]\n\n- [a]\n\n[a]: https://a.io\n[c]: https://c.io 't'\n\n[A]: x",
    "definition in a list": "[z]\n\n- q\n\n  [z]: https://z.io\n- r",
    "indented code": "a\n\n    b\n\n    c\n\nd",
    "tasks": "- [ ] a\n- [x] b\n- [] c",
    "list after paragraph": "a\n- b\n2. c\n1. d\n# e\n- f\n# g #\n***\nh",
    "line ends": "a\r\nb\r\rc\n\r\n```\r\nd\r\n```\r",
    "table in list mode": "- x\n- a | b\n- | -\n- y",
    "heading before a delimiter row": "# a | b\n|-|-|\nx\n",
    "title over lines": '[a]: https://a.io\n"t\nt"\n\nx [a]\n',
    "title that is none": '[a]: https://a.io\n""x\n\n[a]\n\n- [b]: https://b.io\n  ""x\n\n[b]\n',
    "backticks in brackets": "**[a]b``` c\n```+d][`---\n\n-(`e\n",
    "blanks at the end": "```\n  ",
    "CJK": "**粗体**后面 `代码`，**注意：**请 [链接](https://x.io)。\n\n1. 一\n2. 二",
}


def chunks(text: str, seed: int, longest: int) -> Iterator[str]:
    dice = random.Random(seed)
    at = 0
    while at < len(text):
        step = dice.randint(1, longest)
        yield text[at : at + step]
        at += step


def grown(text: str, seed: int, longest: int, engine: str = "markdown-it") -> IncrementalMarkdown:
    document = IncrementalMarkdown(engine=engine)
    committed, revision = "", 0
    for chunk in chunks(text, seed, longest):
        document.feed(chunk)
        if document.revision == revision:
            assert document.committed.startswith(committed)
        committed, revision = document.committed, document.revision
        assert isinstance(document.live, str)
    document.finish()
    if document.revision == revision:
        assert document.committed.startswith(committed)
    return document


@pytest.mark.parametrize("engine", ["markdown-it", "markdown"])
@pytest.mark.parametrize("longest", [1, 3, 40])
@pytest.mark.parametrize("name", AWKWARD)
def test_the_end_is_the_whole(name: str, longest: int, engine: str) -> None:
    document = grown(AWKWARD[name], 1, longest, engine)
    assert document.committed == render(AWKWARD[name], engine=engine)
    assert document.live == ""


PIECES = [
    *'abc *_`~#>-+|[]()!\\$:"<&',
    *["\n", "\n", "\n\n", "  ", "    ", "\t", "- ", "1. ", "2) ", "> ", "```", "~~~", "|-|-|\n"],
    *["| a | b |\n", "**", "[a]", "[a]: https://a.io\n", "[b]: x\n", "\\[", "\\]", "$$", "---\n"],
    *[
        "\r",
        "\r\n",
        "![",
        "](https://b.io)",
        "<br>",
        "- [ ] ",
        "# ",
        "===\n",
        "&amp;",
        "\x0c",
        "é中",
    ],
]
documents = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(max_examples=300)
@given(documents, st.integers(0, 9), st.sampled_from([1, 2, 5, 30]))
def test_any_text_in_any_chunks(text: str, seed: int, longest: int) -> None:
    assert grown(text, seed, longest).committed == render(text)


@settings(max_examples=60)
@given(documents, st.integers(0, 9), st.sampled_from([1, 5, 30]))
def test_any_text_with_the_second_engine(text: str, seed: int, longest: int) -> None:
    assert grown(text, seed, longest, "markdown").committed == render(text, engine="markdown")


def test_a_late_definition_is_a_new_revision() -> None:
    document = IncrementalMarkdown()
    document.feed("[a]\n\nb\n\n")
    before = (document.revision, document.committed)
    document.feed("[a]: https://a.io\n\n")
    assert before[0] == 0
    assert "<a" not in before[1]
    assert document.revision == 1
    assert 'href="https://a.io"' in document.committed


def test_a_definition_nobody_used_is_none() -> None:
    document = IncrementalMarkdown()
    document.feed("a\n\n[a]: https://a.io\n\nb\n\n")
    document.finish()
    assert document.revision == 0


# -- what goes over the wire ----------------------------------------------------------------------


class Page:
    """A page that applies patches as the module's documentation says."""

    def __init__(self) -> None:
        self.body = ElementTree.Element("body")
        self.live: list[tuple[ElementTree.Element, ElementTree.Element]] = []

    def apply(self, patch: Patch) -> None:
        if patch.reset:
            self.body, self.live = ElementTree.Element("body"), []
        if patch.commit or patch.live is not None:
            for parent, node in self.live:
                parent.remove(node)
            self.live = []
        if patch.commit:
            self.add(patch.commit, patch.join)
        if patch.live is not None:
            self.live = self.add(patch.live, patch.live_join)
        if patch.append:
            node = self.body
            while len(node) and not node[-1].tail:
                node = node[-1]
            if len(node):
                node[-1].tail = (node[-1].tail or "") + patch.append
            else:
                node.text = (node.text or "") + patch.append

    def add(
        self, fragment: str, join: int
    ) -> list[tuple[ElementTree.Element, ElementTree.Element]]:
        root = parse(fragment)
        target, source = self.body, root
        for _ in range(join):
            target, source = target[-1], source[0]
            assert target.tag == source.tag
        added = [(target, node) for node in source]
        target.extend(list(source))
        if join:
            rest = list(root)[1:]
            self.body.extend(rest)
            added += [(self.body, node) for node in rest]
        return added

    @property
    def shown(self) -> str:
        return ElementTree.tostring(self.body, encoding="unicode")


def parse(fragment: str) -> ElementTree.Element:
    closed = fragment.replace("<br>", "<br/>").replace("<hr>", "<hr/>").replace("&nbsp;", "\xa0")
    return ElementTree.fromstring(f"<body>{closed}</body>")


@pytest.mark.parametrize("longest", [1, 7, 60])
@pytest.mark.parametrize("name", [name for name in AWKWARD if name != "line ends"])
def test_patches_make_the_page(name: str, longest: int) -> None:
    document, page = IncrementalMarkdown(), Page()
    for chunk in chunks(AWKWARD[name], 2, longest):
        document.feed(chunk)
        page.apply(document.take())
        fresh = Page()
        fresh.apply(document.snapshot())
        assert fresh.shown == page.shown
    document.finish()
    page.apply(document.take())
    assert page.shown == ElementTree.tostring(parse(document.committed), encoding="unicode")
    assert not document.take()


@settings(max_examples=100)
@given(documents.map(lambda text: text.replace("\x0c", "")), st.integers(0, 9))
def test_patches_make_any_page(text: str, seed: int) -> None:
    document, page = IncrementalMarkdown(), Page()
    for chunk in chunks(text, seed, 4):
        document.feed(chunk)
        page.apply(document.take())
    document.finish()
    page.apply(document.take())
    assert page.shown == ElementTree.tostring(parse(document.committed), encoding="unicode")


def test_code_grows_by_its_text_alone() -> None:
    document = IncrementalMarkdown()
    document.feed("1. a\n   ```python\n   x = '<'\n")
    document.take()
    document.feed("   y = 1 &\n")
    assert document.take() == Patch(0, append="\ny = 1 &")
    document.feed("   ``")
    assert not document.take()


def test_prose_grows_by_its_text_alone() -> None:
    document = IncrementalMarkdown()
    document.feed("a **b")
    document.take()
    document.feed(" c & d")
    assert document.take() == Patch(0, append=" c & d")


def test_items_and_rows_are_sent_once() -> None:
    document = IncrementalMarkdown()
    document.feed("3. a\n4. b\n5. c\n6. d")
    first = document.take()
    assert first.commit.startswith('<ol start="3"><li')
    assert first.commit.count("<li") == 2
    document.feed("\n7. e")
    patch = document.take()
    assert (patch.commit.count("<li"), patch.join, patch.live_join) == (1, 1, 1)


def test_nothing_after_the_end() -> None:
    document = IncrementalMarkdown()
    document.finish()
    with pytest.raises(ValueError, match="finished"):
        document.feed("x")
