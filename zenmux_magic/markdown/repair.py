"""What is shown of a construct whose end has not come yet.

In: the parser, which gets extra rules, and the last line of a growing text. Out: emphasis and
code closed at the end, half links without their target, half formulas as source; and lines that
could still become anything held back. All of it only in the text that the environment names under
"repair": the last inline text of a live part. What was committed is never repaired.
"""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from .maths import OPENERS, TEX_SIGN

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

_BULLETS = r"(?:(?:[-+*]|\d{1,9}[.)]|>)[ \t]+|>)"
_UNDECIDED_LINE = re.compile(
    rf"""[ \t]*{_BULLETS}*[ \t]*(?:
      [-+*>]? | \d{{1,9}}[.)]? | \#{{1,6}}[ \t]* | =+[ \t]* | (?:[-*_][ \t]*)+ | \[[ xX]?\]?[ \t]*
      | `{{1,2}} | `{{3,}}[^`]* | ~{{1,2}} | ~{{3,}}.* | \[[^\]]*\]:.* | (?:\\\[|\$\$)[ \t]*
    )""",
    re.VERBOSE,
)
_MARKERS = re.compile(rf"[ \t]*{_BULLETS}*")
_TABLE_LINE = re.compile(rf"[ \t]*{_BULLETS}*\|")
_DELIMITER_ROW = re.compile(rf"[ \t]*{_BULLETS}*[-|: \t]*")
_UNDECIDED_END = re.compile(
    r"(?:[*_~`$]|\\\(?|(?<!\S)!|!?\[|<[a-z]{0,6}[ \t]?/?|&\#?[a-z0-9]{0,10})+\Z",
    re.IGNORECASE | re.ASCII,
)
_HALF_TARGET = re.compile(
    r"(?:\((?:[^\s()<>\\]|\([^\s()]*\)|\\.)*(?:\s+[\"'(][^\n]*)?|\[[^\]\n]*)?\Z"
)
_HALF_AUTOLINK = re.compile(r"<(?=https?:|mailto:)([^\s<>]*)\Z", re.IGNORECASE)
_LINK_REACH = 300
_END_REACH = 60
_MARKERS_REACH = 80
_LINE_REACH = 1_000
_LINKS_TRIED = 20


class Live(NamedTuple):
    """What the parser is told of a text that still grows.

    Attributes:
        lines: How many lines the text has.
        partial: The last of them is still being typed.
    """

    lines: int
    partial: bool


def line_is_undecided(line: str) -> bool:
    """Whether a line that is still being typed holds nothing but markers."""
    return _UNDECIDED_LINE.fullmatch(line.strip(" \t")[:_MARKERS_REACH]) is not None


def shown_lines(lines: list[str], partial: str, in_table: bool) -> tuple[list[str], bool]:
    """The lines of a growing text that can be shown for what they are.

    Args:
        lines: The complete lines that are not committed.
        partial: The line being typed.
        in_table: The lines continue a table.

    Returns:
        The lines, and whether the last of them is the one being typed.
    """
    if len(partial) > _LINE_REACH:
        return [*lines, partial], True
    bars = [_TABLE_LINE.match(line) is not None for line in [*lines[-2:], partial]]
    if not in_table and bars[:-1] in ([True], [False, True]) and _DELIMITER_ROW.fullmatch(partial):
        # Perhaps a table's head and the row under it; until then it would be a paragraph.
        return lines[:-1], False
    opens_table = bars[-1] and not in_table and not any(bars[-2:-1])
    words = without_undecided_end(_MARKERS.sub("", partial)).strip(" \t|")
    if opens_table or line_is_undecided(partial) or not words:
        return lines, False
    return [*lines, partial], True


def without_undecided_end(text: str) -> str:
    """Text without the markers at its end that the next character decides on."""
    text = text.rstrip()
    # Only the end is searched: a long line is asked for again with every frame.
    return text[:-_END_REACH] + _UNDECIDED_END.sub("", text[-_END_REACH:]).rstrip()


def add_repairs(md: MarkdownIt) -> None:
    """Add the rules to a parser; they act only on the text named in its environment."""
    md.core.ruler.before("inline", "name_repair", _name_repair)
    md.inline.ruler.before("escape", "half_formula", _half_formula)
    md.inline.ruler.before("backticks", "half_code", _half_code)
    md.inline.ruler.after("image", "half_link", _half_link)
    md.inline.ruler.before("autolink", "half_autolink", _half_autolink)
    md.inline.ruler2.before("balance_pairs", "half_emphasis", _half_emphasis)


def _name_repair(state: StateCore) -> None:
    """Find the text that is still growing: the last one, if it reaches the last line."""
    live: Live | None = state.env.get("live")
    if live is None:
        return
    for at in range(len(state.tokens) - 1, 0, -1):
        token = state.tokens[at]
        if token.type == "inline" and token.content and token.map:
            if token.map[1] < live.lines:
                return
            if live.partial:
                token.content = without_undecided_end(token.content)
            if live.partial or state.tokens[at - 1].type == "paragraph_open":
                state.env["repair"] = token.content
            return


def _repairs(state: StateInline) -> bool:
    return state.src is state.env.get("repair") and state.posMax == len(state.src)


def _half_formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$" or not _repairs(state):
        return False
    two = state.src[state.pos : state.pos + 2]
    rest = state.src[state.pos + 1 :]
    if two not in OPENERS and (
        two[0] == "\\" or not re.match(r"[^\s\d$]", rest) or not TEX_SIGN.search(rest)
    ):
        return False
    if not silent:
        state.push("formula_source", "code", 0).content = state.src[state.pos :]
    state.pos = state.posMax
    return True


def _half_code(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "`" or not _repairs(state):
        return False
    run = re.compile("`+").match(state.src, state.pos)
    if run is None or _last_runs(state).get(len(run[0]), -1) >= run.end():
        return False
    rest = state.src[run.end() :]
    if not rest.strip() or "\n" in rest:
        return False
    if not silent:
        state.push("code_inline", "code", 0).content = rest.lstrip()
    state.pos = state.posMax
    return True


def _last_runs(state: StateInline) -> dict[int, int]:
    """Where a run of each length begins last; looked for once a text."""
    if "last_runs" not in state.env:
        runs = re.finditer("`+", state.src)
        state.env["last_runs"] = {len(run[0]): run.start() for run in runs}
    found: dict[int, int] = state.env["last_runs"]
    return found


def _half_link(state: StateInline, silent: bool) -> bool:
    at = state.pos
    image = state.src.startswith("![", at)
    if silent or not (image or state.src[at] == "[") or not _repairs(state):
        return False
    if state.posMax - at > _LINK_REACH and state.src.find("](", at) < 0:
        return False
    state.env["half_links"] = tried = state.env.get("half_links", 0) + 1
    if tried > _LINKS_TRIED:
        return False
    end = state.md.helpers.parseLinkLabel(state, at + image, not image)
    if end >= 0 and not _HALF_TARGET.fullmatch(state.src, end + 1):
        return False
    if image:
        state.pos = state.posMax
        return True
    state.pos = at + 1
    if end >= 0:
        state.posMax = end
        state.md.inline.tokenize(state)
        state.pos = state.posMax = len(state.src)
    return True


def _half_autolink(state: StateInline, silent: bool) -> bool:
    found = _HALF_AUTOLINK.match(state.src, state.pos) if state.src[state.pos] == "<" else None
    if found is None or not _repairs(state):
        return False
    if not silent:
        state.push("text", "", 0).content = found[1]
    state.pos = state.posMax
    return True


def _half_emphasis(state: StateInline) -> None:
    if state.src is not state.env.get("repair") or not state.delimiters:
        return
    for opener in reversed(_openers(state)):
        marker = state.tokens[opener.token].content
        state.push("text", "", 0).content = marker
        closer = copy(opener)
        closer.token, closer.open, closer.close = len(state.tokens) - 1, False, True
        state.delimiters.append(closer)


def _openers(state: StateInline) -> list[Any]:
    """Openers without a partner that a reader would take for the start of emphasis."""
    from markdown_it.rules_inline.balance_pairs import processDelimiters

    tried = [copy(delimiter) for delimiter in state.delimiters]
    processDelimiters(state, tried)
    runs: dict[tuple[int, int], list[list[Any]]] = {}
    for was, now in zip(state.delimiters, tried, strict=True):
        if not now.open or now.end >= 0:
            continue
        same = runs.setdefault((was.marker, was.length), [])
        if same and same[-1][-1].token == was.token - 1:
            same[-1].append(was)
        else:
            same.append([was])
    # Two alike and both open: the second was meant to close, and the parser will not have it.
    found = [one for same in runs.values() if len(same) == 1 for one in same[0]]
    found.sort(key=lambda one: int(one.token))
    return [one for one in found if not _is_multiplication(state, one)]


def _is_multiplication(state: StateInline, opener: Any) -> bool:
    before = state.tokens[opener.token - 1].content[-1:] if opener.token else ""
    return opener.length == 1 and before.isascii() and before.isalnum()
