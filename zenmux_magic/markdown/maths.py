"""TeX between delimiters: where it ends, whether it may be typeset, and its MathML.

In: Markdown source and positions, or the TeX of one formula. Out: the formula's extent, its
MathML, or None where the source has to be shown. It knows no Markdown parser. MathML from here
is escaped, but not filtered: it is sanitised with everything else, last.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import tostring

OPENERS = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
TEX_SIGN = re.compile(r"[\\^_{=]")
_TEXT = re.compile(r"\\(?:text\w*|mathrm|operatorname)\s*\{[^{}]*\}")
_PROSE = re.compile(r"(?<![\\\w])[^\W\d_]{3,} +[^\W\d_]{2,}(?![\w({])")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_ENVIRONMENT = re.compile(r"\\begin\s*\{([A-Za-z]+\*?)\}")
_SYMBOL = re.compile(r"&amp;(#x[0-9A-Fa-f]{1,6};)")
_NESTING = re.compile(r"\\[{}\\]|[{}]|\\(?:left|begin)")
_SINGLE_LIMIT = 500
_BRACE_DEPTH = 40
# What the page's MathJax would make of these: links, styles, files, ids, new commands.
_DENIED_WORDS = (
    "bbox class color colorbox cssId csname data def definecolor DeclareMathOperator "
    "DeclarePairedDelimiters eqref fcolorbox gdef global href htmlClass htmlData htmlId htmlStyle "
    "includegraphics input edef label let mmlToken newcommand newenvironment newtagform providecommand "
    "ref renewcommand renewenvironment renewtagform require style tag texttip textcolor toggle "
    "tooltip unicode url usepackage useshorthand write xdef xref mathtip enclose "
    "mathchoice char catcode futurelet newif expandafter noexpand the"
)
DENIED = frozenset(_DENIED_WORDS.split())


class Formula(NamedTuple):
    """One formula in its source: the TeX, display or inline, and where the delimiter ends."""

    tex: str
    display: bool
    end: int


def formula_at(text: str, start: int, stop: int) -> Formula | None:
    """Read the formula that opens at `start`, if one does and closes before `stop`.

    A single `$` needs pandoc's rule (no blank inside the delimiters, no digit after the closing
    one), a TeX character inside, no letter or digit before it and no plain words in it: a text
    with prices, or with shell variables, is full of dollars.

    Args:
        text: Inline Markdown source.
        start: Position of a `$` or of a backslash.
        stop: Position behind the last character that may belong to it.
    """
    two = text[start : start + 2]
    closer = OPENERS.get(two)
    if closer is not None:
        close = text.find(closer, start + 2, stop)
        tex = text[start + 2 : close]
        if close < 0 or not tex.strip():
            return None
        return Formula(tex.strip(), two != "\\(", close + 2)
    return _single_dollar(text, start, min(stop, start + _SINGLE_LIMIT)) if two[:1] == "$" else None


def _single_dollar(text: str, start: int, stop: int) -> Formula | None:
    before = text[start - 1 : start] if start else ""
    if not text[start + 1 : start + 2].strip() or before.isalnum():
        return None
    close = text.find("$", start + 1, stop)
    while close > 0 and text[close - 1] == "\\":
        close = text.find("$", close + 1, stop)
    tex = text[start + 1 : close]
    if close < 0 or tex[-1:].isspace() or text[close + 1 : close + 2].isdigit():
        return None
    is_prose = _PROSE.search(_TEXT.sub("", tex)) is not None
    return Formula(tex, False, close + 1) if TEX_SIGN.search(tex) and not is_prose else None


def is_harmless(tex: str, limit: int = 2_000) -> bool:
    """Whether a formula may be given to a typesetter: known commands only, of bounded size."""
    if len(tex) > limit or not 0 <= _depth(tex) <= _BRACE_DEPTH:
        return False
    names = {*_COMMAND.findall(tex), *_ENVIRONMENT.findall(tex)}
    return not names & DENIED and all(map(_is_known, names))


def _depth(tex: str) -> int:
    """The deepest nesting of braces and environments, or -1 where the braces do not pair."""
    braces = other = deepest = 0
    for mark in _NESTING.findall(tex):
        if mark in "{}":
            braces += 1 if mark == "{" else -1
            if braces < 0:
                return -1
        elif mark in ("\\left", "\\begin"):
            other += 1
        deepest = max(deepest, braces + other)
    return -1 if braces else deepest


@lru_cache(maxsize=512)
def _is_known(name: str) -> bool:
    from latex2mathml.symbols_parser import convert_symbol

    command = f"\\{name}"
    return command in _commands() or convert_symbol(command) is not None


@lru_cache(maxsize=1)
def _commands() -> frozenset[str]:
    from latex2mathml import commands

    values = list(vars(commands).values())
    listed = {value for value in values if isinstance(value, str)}
    for value in values:
        if isinstance(value, (tuple, list, set, frozenset, dict)):
            listed.update(item for item in value if isinstance(item, str))
    environments = ("equation", "gather", "gather*", "aligned", "gathered")
    return frozenset(listed | {rf"\{name}" for name in environments})


@lru_cache(maxsize=512)
def to_mathml(tex: str, display: bool, limit: int = 2_000) -> str | None:
    """Convert one formula, or return None where its source has to be shown instead."""
    if not is_harmless(tex, limit):
        return None
    from latex2mathml.converter import convert_to_element

    try:
        tree = convert_to_element(tex, display="block" if display else "inline")
    except Exception:  # noqa: BLE001 - it raises a dozen bare kinds, IndexError among them
        return None
    tree.attrib.pop("xmlns", None)
    # Its own serialiser unescapes everything, typed markup included. Symbols arrive as the text
    # "&#x0003C;": only those may stay entities.
    return _SYMBOL.sub(r"&\1", tostring(tree, encoding="unicode"))


def source_html(tex: str, display: bool) -> str:
    """A formula as TeX between delimiters that every front end's MathJax knows, escaped."""
    shown = html.escape(tex, quote=False)
    return f"\\[{shown}\\]" if display else f"\\({shown}\\)"
