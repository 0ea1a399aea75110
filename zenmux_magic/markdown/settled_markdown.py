"""The answer as Markdown that is safe in any front end.

In: what the model wrote. Out: the same Markdown, with raw HTML escaped outside code, images turned
into links, links to anything but http, https and mailto broken, formulas between dollars (the one
notation every notebook reads) and every other dollar escaped. Code stays as it is.

The text is changed, not rendered, so the changes must hold under parsers other than ours: a
bracket pair is broken by what stands behind it, whoever may take it for a link or not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .engines import normalise
from .maths import DENIED, OPENERS, formula_at, is_harmless
from .parser import Env, parser
from .policy import DEFAULT_POLICY, Policy, link_target

if TYPE_CHECKING:
    from markdown_it.token import Token

_SPECIAL = re.compile(r"[\\`<$]|!\[|\](?=[(:])")
_KEPT_TAG = re.compile(
    r"<(?:https?://[^\s<>\"'`]+|[\w.+-]+@[A-Za-z0-9.-]+|br\s?/?)>", re.IGNORECASE
)
_IMAGE = re.compile(r"!\[(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*\](?=[(\[])")
_SHORTCUT = re.compile(r"!\[([^\[\]\\]+)\]")
_LONGEST_URL = 4_000
_DESTINATION = re.compile(
    rf"[\s>]*(?:<([^\s<>\"'`]{{1,{_LONGEST_URL}}})>|([^\s<>()]{{1,{_LONGEST_URL}}}))"
)
_MARKUP = re.compile(r"[\[\]\\`*_$|#~!]|:(?=//)")
# An item without a text, and blanks below it: whether what follows is in the item is read both ways.
_EMPTY_ITEM = re.compile(r"^[ \t>*+\-\d.)]*[-+*.)][ \t]*\n>*[ \t][ \t>]*$", re.MULTILINE)
_CODE = re.compile(r"`|~~~")
# In a formula, what others would take for a tag, a link, a definition or an image.
_IN_TEX = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(\[:])|!(?=\[)")
# Begins raw HTML in the middle of a paragraph, whatever code span it stands in.
_LINE_TAG = re.compile(r"(\n[ \t>]*)<(?=[A-Za-z/!?])")
_LINE_REACH = 200
_COMMAND = re.compile(r"\\([A-Za-z]+)")


def settled_markdown(text: str, policy: Policy = DEFAULT_POLICY) -> str:
    """Rewrite an answer for the `text/markdown` of a saved output.

    Args:
        text: The answer as the model wrote it.
        policy: Which links may stay links.
    """
    source = normalise(text)
    env: Env = {}
    tokens = parser(policy.max_nesting).parse(source, env)
    lines = source.split("\n")
    labels = frozenset(env.get("references", {}))
    stand = _definitions_stand(lines, env, labels, policy)
    if not stand or not _read_alike(source, tokens, env):
        source = re.sub("~{3,}", lambda found: "\\~" * len(found[0]), source)
        return _rewrite(source, labels, policy, code=False)
    parts = (
        "\n".join(lines[start:stop])
        if verbatim
        else _prose(lines[start:stop], table, labels, policy)
        for start, stop, verbatim, table in _segments(tokens, len(lines))
    )
    return "\n".join(parts) + _closing(tokens, lines)


def literal(text: str) -> str:
    r"""Text in Markdown, on one line, in which nothing is markup: a name, a setting, a message.

    Brackets become entities, not escapes: `\[` opens a formula in most notebooks.
    """
    text = html.escape(" ".join(text.split()), quote=False)
    return _MARKUP.sub(
        lambda found: f"&#{ord(found[0])};" if found[0] in "[]\\`:" else f"\\{found[0]}", text
    )


def _read_alike(source: str, tokens: list[Token], env: Env) -> bool:
    """Whether other parsers are sure to find code where ours does; else there must be none."""
    formulas = (token.markup for token in tokens if token.type == "formula_block")
    odd = env.get("capped") or _EMPTY_ITEM.search(source)
    return not odd and not any(map(_CODE.search, formulas))


def _definitions_stand(lines: list[str], env: Env, labels: frozenset[str], policy: Policy) -> bool:
    """Whether each link definition stays one, and has nothing below it that would go on with it."""
    found = [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]
    starts = {one["map"][0] for one in found}
    for start, end in (one["map"] for one in found):
        follows = end < len(lines) and lines[end].strip(" \t>") and end not in starts
        if follows or "]\\:" in _rewrite("\n".join(lines[start:end]), labels, policy):
            return False
    return True


def _closing(tokens: list[Token], lines: list[str]) -> str:
    """What ends a code block that the model left open: what stands below would become code."""
    last = tokens[-1] if tokens else None
    if last is None or last.type != "fence" or last.level or not last.map:
        return ""
    start, stop = last.map
    end = lines[min(stop, len(lines)) - 1].strip()
    closed = stop - start > 1 and len(end) >= len(last.markup) and not end.strip(last.markup[0])
    return "" if closed else f"\n{last.markup}"


def _segments(tokens: list[Token], count: int) -> Iterator[tuple[int, int, bool, bool]]:
    """Runs of lines (start, stop, is code, is a table row) that cover the source in order."""
    known: dict[int, tuple[int, bool, bool]] = {}
    for token in tokens:
        if token.map and token.type in (
            "fence",
            "code_block",
            "inline",
            "formula_block",
            "tr_open",
        ):
            code = token.type in ("fence", "code_block")
            known.setdefault(token.map[0], (token.map[1], code, token.type == "tr_open"))
    at = 0
    while at < count:
        stop, code, table = known.get(at, (at + 1, False, False))
        stop = max(at + 1, min(stop, count))
        yield at, stop, code, table
        at = stop


def _prose(lines: list[str], table: bool, labels: frozenset[str], policy: Policy) -> str:
    text = "\n".join(lines)
    if not _SPECIAL.search(text):
        return text
    # A code span cannot cross a cell's border, whatever stands between the backticks.
    cells = re.split(r"((?<!\\)\|)", text) if table else [text]
    return "".join(_rewrite(cell, labels, policy) for cell in cells)


def _rewrite(text: str, labels: frozenset[str], policy: Policy, *, code: bool = True) -> str:
    out: list[str] = []
    at = 0
    closing_runs = _last_runs(text)
    closers = {opener: text.rfind(closer) for opener, closer in OPENERS.items()}
    while found := _SPECIAL.search(text, at):
        out.append(text[at : found.start()])
        at = found.start()
        mark = text[at]
        if mark == "`":
            kept, at = _code_span(text, at, closing_runs) if code else ("\\`", at + 1)
        elif mark in "\\$":
            closed = closers.get(text[at : at + 2], len(text)) > at + 1
            kept, at = _dollar_or_backslash(text, at, closed, policy)
        elif mark == "<":
            kept, at = _tag(text, at)
        elif mark == "!":
            kept, at = _image(text, at, labels)
        else:
            kept, at = _destination(text, at, policy)
        out.append(kept)
    out.append(text[at:])
    return "".join(out)


def _last_runs(text: str) -> dict[int, int]:
    return {len(run[0]): run.start() for run in re.finditer("`+", text)}


def _code_span(text: str, at: int, closing_runs: dict[int, int]) -> tuple[str, int]:
    stop = at
    while text[stop : stop + 1] == "`":
        stop += 1
    if closing_runs.get(stop - at, -1) >= stop:
        for run in re.compile("`+").finditer(text, stop):
            if len(run[0]) == stop - at:
                return _LINE_TAG.sub(r"\1&lt;", text[at : run.end()]), run.end()
    return text[at:stop], stop


def _dollar_or_backslash(text: str, at: int, closed: bool, policy: Policy) -> tuple[str, int]:
    found = formula_at(text, at, len(text)) if closed else None
    if found and "`" not in found.tex and is_harmless(found.tex, policy.math_limit):
        fence = "$$" if found.display else "$"
        tex = _IN_TEX.sub(r"\g<0> ", found.tex)
        return f"{fence}{tex}{fence}", found.end
    if text[at] == "$":
        return "\\$", at + 1
    command = _COMMAND.match(text, at)
    if command and command[1] in DENIED:
        return f"`{command[0]}`", command.end()
    if text[at + 1 : at + 2] == "<":
        return "&lt;", at + 2
    return text[at : at + 2], at + 2


def _tag(text: str, at: int) -> tuple[str, int]:
    kept = _KEPT_TAG.match(text, at)
    if kept:
        before = text[max(0, at - _LINE_REACH) : at].rpartition("\n")[2]
        # A line of this tag alone would make raw HTML of the lines below it.
        room = "" if any(map(str.isalpha, before)) else "&nbsp;"
        return f"{room}{kept[0]}" if kept[0][:3].lower() == "<br" else kept[0], kept.end()
    opens = re.match(r"[A-Za-z/!?]", text[at + 1 : at + 2])
    return ("&lt;" if opens else "<"), at + 1


def _image(text: str, at: int, labels: frozenset[str]) -> tuple[str, int]:
    shortcut = _SHORTCUT.match(text, at)
    known = shortcut is not None and " ".join(shortcut[1].split()).upper() in labels
    return ("[" if known or _IMAGE.match(text, at) else "!\\["), at + 2


def _destination(text: str, at: int, policy: Policy) -> tuple[str, int]:
    target = _DESTINATION.match(text, at + 2)
    url = (target[1] or target[2]) if target else ""
    if len(url) < _LONGEST_URL and link_target(url, policy):
        return text[at : at + 2], at + 2
    return f"]\\{text[at + 1]}", at + 2
