"""The second engine: the `markdown` package, for people who rely on its extensions.

In: a whole text and a list of extensions. Out: HTML in the same dress as the first engine's, not
yet sanitised. Raw HTML is off here too, and whatever attributes an extension let the model set
(`attr_list`) are taken off the tree before ours are put on.

The package takes time that grows with the square of a block, and of its brackets: a block that is too
long for it, and a whole text that is, are shown as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, STX

from .highlight import language_name
from .maths import formula_at
from .policy import Policy
from .python_markdown_tree import Dresser
from .writer import code_html, escape, formula_html, isolate, table_open

DEFAULT_EXTENSIONS = ("abbr", "def_list", "footnotes", "tables", "sane_lists")
_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_LONGEST_TEXT = 200_000
_LONGEST_BLOCK = 20_000
_MOST_LOOKED_AT = 1_000_000  # by all the brackets of a block, each looking for its partner
_OFF = ("html_block", "markdown_block", "fenced_code_block")


def convert(text: str, extensions: Sequence[object], policy: Policy, settled: bool) -> str:
    """HTML of a whole text, not yet sanitised.

    Args:
        text: Markdown with LF line ends.
        extensions: Names or instances; empty for a good set.
        policy: What may reach the page.
        settled: Formulas as TeX instead of MathML.

    Raises:
        ValueError: An extension cannot be loaded.
    """
    if len(text) > _LONGEST_TEXT:
        return f"<pre>{escape(text)}</pre>"
    chosen: list[Any] = [*(extensions or DEFAULT_EXTENSIONS), _Ours(policy, settled)]
    try:
        # A fresh instance each time: the package keeps a text's state in itself, and two
        # threads may render at once.
        converter = Markdown(extensions=chosen, output_format="html")
    except (ImportError, TypeError, AttributeError) as error:
        raise ValueError(f"a Markdown extension cannot be used: {error}") from error
    try:
        shown = converter.convert(text)
    except RecursionError:
        return f"<pre>{escape(text)}</pre>"
    return shown.replace("<table>", table_open(settled)).replace("</table>", "</table></div>")


class _Ours(Extension):
    """Takes raw HTML away; adds our code frames, formulas and attributes."""

    def __init__(self, policy: Policy, settled: bool) -> None:
        super().__init__()
        self.policy = policy
        self.settled = settled

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the package's name
        for name in _OFF:
            md.preprocessors.deregister(name, strict=False)
        md.inlinePatterns.deregister("html", strict=False)
        md.preprocessors.register(_Fences(md, self), "zenmux_fences", 25)
        md.preprocessors.register(_LongBlocks(md, self), "zenmux_long_blocks", 24)
        md.inlinePatterns.register(_Formula(md, self), "zenmux_formula", 185)
        md.inlinePatterns.register(_Break(r"(?i)<br\s?/?>", md), "zenmux_break", 95)
        md.treeprocessors.register(_Dress(md, self), "zenmux_dress", -10)


class _Fences(Preprocessor):
    """Fenced code, also where its end has not come."""

    def __init__(self, md: Markdown, ours: _Ours) -> None:
        super().__init__(md)
        self.ours = ours

    def run(self, lines: list[str]) -> list[str]:
        out: list[str] = []
        at = 0
        while at < len(lines):
            opened = _FENCE.match(lines[at].rstrip())
            if opened is None:
                out.append(lines[at])
                at += 1
                continue
            stop = at + 1
            while stop < len(lines) and not _closes(lines[stop], opened["mark"]):
                stop += 1
            code = "\n".join(lines[at + 1 : stop]).rstrip("\n")
            out += ["", self._stash(code, opened["info"]), ""]
            at = stop + 1
        return out

    def _stash(self, code: str, info: str) -> str:
        framed = code_html(code, language_name(info), self.ours.policy, settled=self.ours.settled)
        return self.md.htmlStash.store(framed)


class _LongBlocks(Preprocessor):
    """Takes blocks away from the package that it would need too long for."""

    def __init__(self, md: Markdown, ours: _Ours) -> None:
        super().__init__(md)
        self.ours = ours

    def run(self, lines: list[str]) -> list[str]:
        out: list[str] = []
        for blank, block in groupby(lines, key=lambda line: not line.strip()):
            whole = list(block)
            text = "\n".join(whole)
            out += whole if blank or not _is_long(text) else [self._stash(text)]
        return out

    def _stash(self, text: str) -> str:
        shown = isolate(text) if self.ours.settled else escape(text)
        return self.md.htmlStash.store(f'<p dir="auto">{shown}</p>')


def _is_long(block: str) -> bool:
    size = len(block)
    return size > _LONGEST_BLOCK or size * block.count("[") > _MOST_LOOKED_AT


def _closes(line: str, mark: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(mark) and not bare.strip(mark[0]) and len(line) - len(line.lstrip()) < 4


class _Formula(InlineProcessor):
    def __init__(self, md: Markdown, ours: _Ours) -> None:
        super().__init__(r"\$|\\[(\[]", md)
        self.ours = ours

    def handleMatch(  # type: ignore[override]  # noqa: N802 - the package's name
        self, m: re.Match[str], data: str
    ) -> tuple[str | None, int | None, int | None]:
        found = formula_at(data, m.start(0), len(data))
        if found is None or STX in found.tex:
            return None, None, None
        source = data[m.start(0) : found.end]
        shown = formula_html(found.tex, source, found.display, self.ours.policy, self.ours.settled)
        return self.md.htmlStash.store(shown), m.start(0), found.end


class _Break(InlineProcessor):
    def handleMatch(  # type: ignore[override]  # noqa: N802 - the package's name
        self, m: re.Match[str], data: str
    ) -> tuple[Element, int, int]:
        return Element("br"), m.start(0), m.end(0)


class _Dress(Treeprocessor):
    def __init__(self, md: Markdown, ours: _Ours) -> None:
        super().__init__(md)
        self.ours = ours

    def run(self, root: Element) -> None:
        ours = self.ours
        Dresser(ours.policy, ours.settled, self.md.htmlStash.store, AMP_SUBSTITUTE).dress(root)
