"""JSON values as literals of a programming language, laid out to be read.

In: plain data. Out: source text. Strings are written as JSON writes them, which Python and
JavaScript read alike; text of several lines gets a line each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Invisible in an editor, and able to make a program read differently from what it does.
_INVISIBLE = re.compile(r"[\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_WIDTH = 88


def string(text: str) -> str:
    """A string literal, in one line."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


@dataclass(frozen=True)
class Style:
    """What differs between languages.

    Attributes:
        constants: How true, false and nothing are written.
        joined: Lines of one text, each a literal, as one expression; told the indentation of the
            line on which it begins and of the next.
        indent: One step of indentation.
    """

    constants: tuple[str, str, str]
    joined: Callable[[list[str], str, str], str]
    indent: str


def _side_by_side(lines: list[str], pad: str, inner: str) -> str:
    inside = "".join(f"{inner}{line}\n" for line in lines)
    return f"(\n{inside}{pad})"


def _added(lines: list[str], pad: str, inner: str) -> str:
    return f" +\n{inner}".join(lines)


PYTHON = Style(("True", "False", "None"), _side_by_side, "    ")
TYPESCRIPT = Style(("true", "false", "null"), _added, "  ")


def literal(value: Any, style: Style, pad: str = "") -> str:
    """A value as source.

    Args:
        value: What JSON can hold.
        style: The language.
        pad: The indentation of the line on which it begins.
    """
    inner = pad + style.indent
    if isinstance(value, str):
        lines = [string(line) for line in value.splitlines(keepends=True)]
        return style.joined(lines, pad, inner) if len(lines) > 1 else string(value)
    if value is None or isinstance(value, bool):
        yes, no, nothing = style.constants
        return nothing if value is None else yes if value else no
    if isinstance(value, dict):
        parts = [f"{string(str(k))}: {literal(v, style, inner)}" for k, v in value.items()]
        return _group(parts, "{}", pad, inner)
    if isinstance(value, list | tuple):
        return _group([literal(one, style, inner) for one in value], "[]", pad, inner)
    return json.dumps(value)


def _group(parts: list[str], brackets: str, pad: str, inner: str) -> str:
    """On one line where that is short, else a line each; the outermost always."""
    short = f"{brackets[0]}{', '.join(parts)}{brackets[1]}"
    if pad and len(pad) + len(short) <= _WIDTH and "\n" not in short:
        return short
    inside = "".join(f"{inner}{part},\n" for part in parts)
    return f"{brackets[0]}\n{inside}{pad}{brackets[1]}"
