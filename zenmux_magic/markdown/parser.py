"""Markdown source to tokens: GitHub's dialect, plus formulas, `<br>` and task lists.

In: text. Out: markdown-it's tokens. Raw HTML is off, so nothing a model writes becomes a tag
here; bare words such as `app.py` do not become links. It renders nothing.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .formula_rules import formula, formula_block, line_of
from .pieces import LONGEST, is_readable, pieces
from .repair import add_repairs

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

Env = dict[str, Any]
BlockRule = Callable[["StateBlock", int, int, bool], bool]
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\](?=\s|$)")
_MARKER = re.compile(r"[-+*>]|\d{1,9}[.)]")
_TABLE_ROW = re.compile(r"[-:| \t]*-[-:| \t]*")
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_MOST_COLUMNS = 64
_MOST_LINKS = 100
_instances = threading.local()


def parser(max_nesting: int = 20) -> MarkdownIt:
    """This thread's parser (linkify-it keeps the state of a search in itself)."""
    kept: dict[int, MarkdownIt] = _instances.__dict__.setdefault("kept", {})
    if max_nesting not in kept:
        kept[max_nesting] = _build(max_nesting)
    return kept[max_nesting]


def _build(max_nesting: int) -> MarkdownIt:
    from linkify_it import LinkifyIt
    from markdown_it import MarkdownIt

    class SchemesOnly(LinkifyIt):  # type: ignore[misc]
        def pretest(self, text: str) -> bool:
            # The library's own test costs more than all the rest of the parse, and its search
            # begins anew behind each link.
            return 0 < text.count("://") + text.count("@") <= _MOST_LINKS

    # The library drops what is nested deeper than its limit: ours is met before, and drops nothing.
    md = MarkdownIt("gfm-like", {"html": False, "maxNesting": max_nesting + 2})
    md.linkify = SchemesOnly(options={"fuzzy_link": False, "fuzzy_ip": False})
    md.validateLink = lambda url: True  # type: ignore[method-assign]
    md.inline.ruler.at("linkify", _linkify)
    md.inline.ruler.before("escape", "formula", formula)
    md.inline.ruler.before("autolink", "line_break", _line_break)
    md.block.ruler.before(
        "blockquote", "formula_block", formula_block, {"alt": ["paragraph", "reference"]}
    )
    md.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    for name, rule, ends in _containers():
        md.block.ruler.at(name, _up_to(max_nesting, rule), {"alt": ends})
    md.block.ruler.at("fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.block.ruler.at("lheading", _lheading)
    md.core.ruler.at("inline", _inline)
    md.core.ruler.disable("linkify")  # ours does it for each piece
    md.core.ruler.after("inline", "tasks", _tasks)
    add_repairs(md)
    return md


def _inline(state: StateCore) -> None:
    """Read what stands between block marks, piece by piece.

    With "continues" in the environment, the first text is the rest of one that has been cut, behind
    one character; with "pieces", a token stands between two pieces that says where the first ends.
    """
    from markdown_it.token import Token

    env, continues = state.env, bool(state.env.get("continues"))
    for token in state.tokens:
        if token.type != "inline":
            continue
        at = int(continues)
        children: list[Token] = []
        for piece in pieces(token.content[at:], continues=continues):
            if children and env.get("pieces"):
                children.append(Token("piece", "", 0, meta={"at": at}))
            at += len(piece)
            if at == len(token.content) and env.get("repair") is token.content:
                env["repair"] = piece
            children += _read(piece, state)
        token.children, continues = children, False


def _read(piece: str, state: StateCore) -> list[Token]:
    from markdown_it.rules_core import StateCore, linkify
    from markdown_it.token import Token

    if not is_readable(piece):
        return [Token("text", "", 0, content=piece)]
    children = state.md.inline.parse(piece, state.md, state.env, [])
    text = Token("inline", "", 0, content=piece, children=children)
    linkify(StateCore(piece, state.md, state.env, [text]))
    return text.children or []


def _linkify(state: StateInline, silent: bool) -> bool:
    from markdown_it.rules_inline.linkify import linkify

    text, known = state.env.get("closers", ("", {}))
    if text is not state.src or "://" not in known:
        known = known if text is state.src else {}
        state.env["closers"] = (state.src, known)
        known["://"] = state.src.count("://")
    # Each address makes the library copy the text behind it.
    return known["://"] <= _MOST_LINKS and linkify(state, silent)


def _line_break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos) if state.src[state.pos] == "<" else None
    if found is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _table(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
    """A table of a size that a reader could have a use for: short rows are filled up with cells."""
    from markdown_it.rules_block import table

    if start + 2 > stop or (start == 0 and state.env.get("continues")):
        return False
    head, row = line_of(state, start), line_of(state, start + 1)
    if max(len(head), len(row)) > LONGEST or row.count("|") > _MOST_COLUMNS:
        # Kept for whoever has to know what other parsers make of the same text.
        state.env["capped"] = state.env.get("capped") or _TABLE_ROW.fullmatch(row) is not None
        return False
    # A heading is one as soon as its line is complete, whatever follows.
    if _HEADING.match(head):
        return False
    return table(state, start, stop, silent)


def _lheading(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
    """A heading by the line under it, unless its text is so long that it has been cut."""
    from markdown_it.rules_block import lheading

    if start == 0 and state.env.get("continues"):
        return False
    if not lheading(state, start, stop, silent):
        return False
    if len(state.tokens[-2].content) <= LONGEST:
        return True
    del state.tokens[-3:]
    state.line = start
    return False


def _containers() -> list[tuple[str, BlockRule, list[str]]]:
    from markdown_it.rules_block import blockquote, list_block

    ends = ["paragraph", "reference"]
    return [
        ("blockquote", blockquote, [*ends, "blockquote", "list"]),
        ("list", list_block, [*ends, "blockquote"]),
    ]


def _up_to(depth: int, rule: BlockRule) -> BlockRule:
    """A rule for quotes or lists that leaves what is nested too deep to the paragraphs."""

    def limited(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
        if state.level < depth:
            return rule(state, start, stop, silent)
        state.env["capped"] = (
            state.env.get("capped") or _MARKER.match(line_of(state, start)) is not None
        )
        return False

    return limited


def _fence(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
    from markdown_it.rules_block import fence

    columns = {"container": state.blkIndent, "indent": state.sCount[start]}
    found = fence(state, start, stop, silent)
    if found and not silent:
        state.tokens[-1].meta = columns
    return found


def _tasks(state: Any) -> None:
    tokens: list[Token] = state.tokens
    for at in range(2, len(tokens)):
        inline = tokens[at]
        if inline.type != "inline" or tokens[at - 2].type != "list_item_open":
            continue
        found = _TASK.match(inline.content) if inline.children else None
        first = inline.children[0] if inline.children else None
        if found and first and first.type == "text" and first.content.startswith(found[0]):
            first.content = first.content[3:].lstrip()
            tokens[at - 2].meta = {"task": found[1] != " "}


def walk(tokens: list[Token]) -> Iterator[Token]:
    """Every token, the inline ones in their place."""
    for token in tokens:
        yield token
        yield from token.children or ()
